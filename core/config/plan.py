"""The difference between a file and the portal: what is to be made, changed and removed, and what the file lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.config import nouns, writing
from core.config.nouns import NEEDED, Document, Field, Noun
from core.config.reading import Read, Refused

SCHEMA = 1
Key = tuple[str, ...]
TYPES: Mapping[str, tuple[type[Any], str]] = {
    "text": (str, "a text; put it in quotes"),
    "number": (int, "a whole number"),
    "flag": (bool, "true or false"),
    "texts": (list, "a list"),
    "documents": (list, "a list"),
    "mapping": (dict, "a mapping"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is made (`+`), changed (`~`) or removed (`-`); `path` is its place in the file.

    One that comes back from where it was put aside is a change that says so in `back`; like a new one it has no
    `before`.
    """

    sign: str
    noun: Noun
    path: str
    label: str
    before: Document | None
    wanted: Document
    names: tuple[str, ...] = ()
    back: str = ""

    def lines(self) -> list[str]:
        """How the plan says it."""
        said = [f"{self.sign} {self.noun.name}: {self.label}" + (f": {self.back}" if self.back else "")]
        for name in self.names:
            if self.before is None:
                said.append(f"    {name}: {writing.one_line(self.wanted.get(name))}")
            else:
                told = _difference(name, self.noun.fields[name], self.before.get(name), self.wanted.get(name))
                said += [f"    {line}" for line in told]
        return said


def _difference(path: str, said: Field, old: Any, new: Any) -> list[str]:
    """How one value differs; documents of a list that stays as long are taken apart."""
    if said.same(old, new):
        return []
    if said.kind == "documents" and len(old) == len(new):
        lines: list[str] = []
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            for name, part in said.parts.items():
                lines += _difference(f"{path}[{place}].{name}", part, one[name], other[name])
        return lines
    return [f"{path}: {writing.one_line(old)} -> {writing.one_line(new)}"]


@dataclass(slots=True)
class Plan:
    """All changes in the order of the sections; `left` are things that the file does not name and that stay."""

    changes: list[Change] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The plan for a reader."""
        return [line for change in self.changes for line in change.lines()]


def export() -> bytes:
    """The whole set-up of the portal as a file."""
    values: dict[str, Any] = {"schema": SCHEMA}
    for noun in nouns.nouns():
        found = noun.documents()
        values[noun.name] = found[0] if noun.single else found
    return writing.write(values)


def compare(read: Read, *, prune: bool = False) -> Plan:
    """What applying the file would do; raises Refused with every place whose shape is wrong."""
    found, faults = Plan(), _strange(read)
    for noun in nouns.nouns():
        if noun.name in read.values:
            wanted = _documents(noun, read.values[noun.name], faults)
            if not faults:
                _compare(noun, wanted, found, prune=prune)
    if faults:
        raise Refused(*(located(path, sentence, read.lines) for path, sentence in faults))
    return found


def located(path: str, sentence: str, lines: Mapping[str, int]) -> str:
    """A sentence that begins with its place: the path, and the line of the nearest part that the file has."""
    near = path
    while near and near not in lines:
        near = near[: max(near.rfind("."), near.rfind("["), 0)]
    where = f"{path} (line {lines[near]})" if near else path
    return f"{where}: {sentence}"


def _strange(read: Read) -> list[tuple[str, str]]:
    if read.values.get("schema") != SCHEMA:
        return [("schema", f"must be {SCHEMA}: this release knows no other.")]
    known = ["schema", *(noun.name for noun in nouns.nouns())]
    said = f"is no section; there are {', '.join(known)}."
    return [(name, said) for name in read.values if name not in known]


def _documents(noun: Noun, value: Any, faults: list[tuple[str, str]]) -> list[tuple[str, Document]]:
    """Each document of a section with its path."""
    if noun.single:
        return [(noun.name, _checked(noun.fields, value, noun.name, faults))]
    if not isinstance(value, list):
        faults.append((noun.name, "must be a list."))
        return []
    paths = [f"{noun.name}[{place}]" for place in range(len(value))]
    return [(path, _checked(noun.fields, each, path, faults)) for path, each in zip(paths, value, strict=True)]


def _checked(fields: Mapping[str, Field], value: Any, path: str, faults: list[tuple[str, str]]) -> Document:
    if not isinstance(value, dict):
        faults.append((path, f"must be a mapping with {', '.join(fields)}."))
        return {}
    for name in value:
        if name not in fields:
            faults.append((f"{path}.{name}", f"is not known here; there are {', '.join(fields)}."))
    for name, said in fields.items():
        if name in value:
            _check(said, value[name], f"{path}.{name}", faults)
        elif said.default is NEEDED:
            faults.append((path, f"“{name}” is missing."))
    return value


def _check(said: Field, value: Any, path: str, faults: list[tuple[str, str]]) -> None:
    kind, words = TYPES[said.kind]
    if value is None and said.none:
        return
    if not isinstance(value, kind) or (said.kind == "number" and isinstance(value, bool)):
        faults.append((path, f"must be {words}."))
    elif said.kind == "number" and not said.low <= value <= said.high:
        faults.append((path, f"must be from {said.low} to {said.high}."))
    elif said.choices and value not in said.choices:
        faults.append((path, f"must be one of {', '.join(each or '“”' for each in said.choices)}."))
    elif said.kind == "texts":
        faults.extend((f"{path}[{n}]", "must be a text.") for n, each in enumerate(value) if not isinstance(each, str))
    elif said.kind == "documents":
        for place, each in enumerate(value):
            _checked(said.parts, each, f"{path}[{place}]", faults)


def _keyed(noun: Noun, documents: Iterable[Document]) -> list[Key]:
    """A key for each document; of equal ones the second and further carry a number."""
    seen: Counter[Key] = Counter()
    found = []
    for document in documents:
        said = [document.get(name, noun.fields[name].default) for name in noun.key]
        key = tuple(str(value or "").strip().casefold() for value in said)
        seen[key] += 1
        found.append((*key, str(seen[key])))
    return found


def _compare(noun: Noun, wanted: Sequence[tuple[str, Document]], found: Plan, *, prune: bool) -> None:
    standing = noun.documents()
    before = dict(zip(_keyed(noun, standing), standing, strict=True))
    keys = _keyed(noun, [document for _, document in wanted])
    for key, (path, document) in zip(keys, wanted, strict=True):
        old = before.pop(key, None)
        if old is None:
            found.changes.append(_made(noun, path, filled_in(noun.fields, document)))
            continue
        whole = {**old, **filled_in(noun.fields, document, old)}
        names = tuple(name for name, said in noun.fields.items() if not said.same(whole.get(name), old.get(name)))
        if names:
            found.changes.append(Change("~", noun, path, label_of(noun, whole), old, whole, names))
    for old in before.values() if noun.removed else ():
        if prune:
            found.changes.append(Change("-", noun, noun.name, label_of(noun, old), old, old))
        else:
            found.left.append(f"{noun.name}: {label_of(noun, old)}")


def _made(noun: Noun, path: str, filled: Document) -> Change:
    """Something that does not stand: new, or put aside and to come back."""
    names = tuple(name for name in noun.fields if name not in noun.key and filled[name] not in (None, "", [], {}))
    back = noun.back(filled)
    return Change("~" if back else "+", noun, path, label_of(noun, filled), None, filled, names, back)


def filled_in(fields: Mapping[str, Field], document: Document, old: Document | None = None) -> Document:
    """A document with what it does not say: as it is now, or the default of something new."""
    found: Document = {}
    for name, said in fields.items():
        if name not in document:
            found[name] = old.get(name) if old is not None else said.default
        elif said.kind == "documents":
            found[name] = [filled_in(said.parts, each) for each in document[name]]
        else:
            found[name] = document[name]
    return found


def label_of(noun: Noun, document: Document) -> str:
    """What a thing is called in the plan."""
    return " / ".join(str(document[name]) for name in noun.key if document.get(name)) or noun.name
