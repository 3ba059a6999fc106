"""What can be set up by a file: each room registers its nouns, in the order in which they can be made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from core.errors import Invalid

Document = dict[str, Any]
NEEDED = object()


class Standing(Document):
    """The document of a thing that its words alone do not tell from others; `row` is the number of its row."""

    def __init__(self, row: int, document: Document) -> None:
        super().__init__(document)
        self.row = row


def row_of(before: Document) -> int:
    """The number of the row that a document of `documents` came from; 0 where it was not kept."""
    return before.row if isinstance(before, Standing) else 0


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a noun: `kind` is text, number, flag, texts, mapping or documents; `parts` are those of documents.

    A value that may be missing has a default; one that may be null has `none`. `fold`: names something, so that the
    case of letters tells nothing apart; `loose`: the order of a list says nothing. Rules beyond are the commands'.
    """

    kind: str
    default: Any = NEEDED
    none: bool = False
    low: int = 0
    high: int = 2_147_483_647
    choices: Sequence[str] = ()
    parts: Mapping[str, Field] = field(default_factory=dict)
    fold: bool = False
    loose: bool = False

    def same(self, one: Any, other: Any) -> bool:
        """Whether two values say the same."""
        return bool(self.plain(one) == self.plain(other))

    def plain(self, value: Any) -> Any:
        """A value as it is compared with others."""
        if isinstance(value, str):
            return value.strip().casefold() if self.fold else value.strip()
        if self.kind == "documents":
            return [{name: said.plain(each.get(name)) for name, said in self.parts.items()} for each in value]
        if self.kind == "texts":
            folded = [each.strip().casefold() if self.fold else each for each in value]
            return sorted(set(folded)) if self.loose else folded
        return value


class Noun:
    """One section of the file. Its documents name things by their names and addresses, never by numbers.

    `key` are the fields that tell one thing from another, whatever the case of letters; equal ones are told apart by
    their order. What is not `made` or `removed` by a file can only be changed. `single`: a mapping instead of a list.
    """

    name: ClassVar[str]
    order: ClassVar[int]
    key: ClassVar[tuple[str, ...]]
    fields: ClassVar[Mapping[str, Field]]
    single: ClassVar[bool] = False
    made: ClassVar[bool] = True
    removed: ClassVar[bool] = True

    def documents(self) -> list[Document]:
        """Everything of this noun as it stands, in one order, with all fields; read once for all changes."""
        raise NotImplementedError

    def back(self, wanted: Document) -> str:
        """What the plan says where making this one brings back what was put aside; empty where it is new."""
        return ""

    def create(self, actor: Any, wanted: Document) -> str | None:
        """Make one by the rooms' commands; returns the text of a new key. Raises PortalError."""
        raise Invalid("This cannot be made by a file.")

    def change(self, actor: Any, before: Document, wanted: Document, names: set[str]) -> None:
        """Bring the fields `names` of one to what is wanted. Raises PortalError."""
        raise NotImplementedError

    def remove(self, actor: Any, before: Document) -> None:
        """Take one away, or out of use. Raises PortalError."""
        raise Invalid("This cannot be removed by a file.")

    def links(self) -> Any:
        """What `disconnect` and `connect` share: read once for all changes, when all of this noun stand."""
        return None

    def disconnect(self, actor: Any, before: Document | None, wanted: Document, links: Any) -> None:
        """When all of this noun stand: end what they say of each other and should not. Raises PortalError."""

    def connect(self, actor: Any, before: Document | None, wanted: Document, links: Any) -> None:
        """Then say what they should say of each other. Raises PortalError."""


_nouns: dict[str, Noun] = {}
_follow_ups: dict[str, list[Callable[[Sequence[Document]], None]]] = {}


def register(noun: Noun) -> None:
    """Add or replace a section of the file."""
    _nouns[noun.name] = noun


def nouns() -> list[Noun]:
    """Every section in its order."""
    return sorted(_nouns.values(), key=lambda noun: (noun.order, noun.name))


def after(name: str, call: Callable[[Sequence[Document]], None]) -> None:
    """Do this in the same transaction when things of another room's noun were made."""
    calls = _follow_ups.setdefault(name, [])
    if call not in calls:
        calls.append(call)


def follow_up(name: str, made: Sequence[Document]) -> None:
    """What other rooms do for what was just made."""
    for call in _follow_ups.get(name, ()):
        call(made)


def wrong(path: str, sentence: str) -> Invalid:
    """A refusal that belongs to a place inside a document, such as `levels[0].people[1]`."""
    return Invalid(sentence, fields={path: [sentence]})
