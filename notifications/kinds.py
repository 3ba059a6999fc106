"""What a message is, what carries it (providers) and what it is for (purposes); pure vocabulary.

A provider is one file in `notifications/providers`. A purpose is registered by the room that wants something
sent: it knows whether a message is still wanted, and what an answer or a failure means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from core.errors import Invalid, Missing
from notifications.messages import Message as Message

if TYPE_CHECKING:
    from accounts.actors import Actor
    from notifications.models import Delivery

ANSWERS = ("accept", "decline", "escalate")
#: A message that was written into the data directory instead of being sent: it reached nobody.
FILED = "Written to a file: no mail server is set"
FILED_REF = "file:"  # what the reference of such a message begins with, so that the row says it for ever


@dataclass(frozen=True, slots=True)
class Field:
    """One value that a provider asks for: an address, a person's secret, or an operator's setting."""

    name: str
    label: str
    kind: str = "text"
    secret: bool = False
    required: bool = True
    default: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A provider took the message; `confirmed` where its answer already proves the arrival.

    `filed` where it only stands in a file: the state is the same, but the log says that nobody was reached.
    """

    ref: str = ""
    confirmed: bool = False
    filed: bool = False

    @property
    def stored_ref(self) -> str:
        """The reference as the delivery keeps it."""
        return f"{FILED_REF}{self.ref}"[:200] if self.filed else self.ref[:200]


class Temporary(Exception):
    """Try again later; `retry_after` in seconds where the carrier names a time.

    `operator` marks a fault that only the operator can mend (wrong credentials): an alarm, no broken address.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None, operator: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.operator = operator


class Permanent(Exception):
    """It will never work with this address (`broken`), or with this message (not `broken`)."""

    def __init__(self, reason: str, *, broken: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.broken = broken


class BadCallback(Exception):
    """A call-back without a valid signature (A49)."""


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """What a carrier posted: the address as the carrier knows it, raw body and decoded form."""

    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    form: Sequence[tuple[str, str]]
    body: bytes

    def value(self, name: str) -> str:
        """The first form value of that name, or an empty text."""
        return next((value for key, value in self.form if key == name), "")


@dataclass(frozen=True, slots=True)
class CallbackNews:
    """One thing that a carrier tells: a new state of a message, or somebody's answer to it.

    `id` is unique per piece of news, so that a repeat has no effect (A50). An answer is found by `delivery`
    and `code` (keypad), or by `sender` and `code` (reply).
    """

    kind: str
    id: str
    ref: str = ""
    state: str = ""
    detail: str = ""
    answer: str = ""
    code: str = ""
    delivery: str = ""
    sender: str = ""


class Provider:
    """A carrier: plain values in and out, no database. Subclasses fill the class variables.

    `proof` is "code" where an address must send back a code before it is used, or "none" where adding it proves
    possession. `limits` are (messages, seconds) per address. `own_key` names a secret that the portal makes
    itself with `make_secret()`; it arrives in the settings under "own_key".
    """

    id: ClassVar[str]
    label: ClassVar[str]
    address_field: ClassVar[Field]
    secret_fields: ClassVar[tuple[Field, ...]] = ()
    settings_fields: ClassVar[tuple[Field, ...]] = ()
    needs_set_up: ClassVar[bool] = False
    proof: ClassVar[str] = "code"
    limits: ClassVar[tuple[tuple[int, int], ...]] = ()
    own_key: ClassVar[str] = ""
    via: ClassVar[str] = ""

    def clean_address(self, value: str) -> str:
        """The address in its one spelling; raises Invalid."""
        raise NotImplementedError

    def clean_secrets(self, values: Mapping[str, str]) -> dict[str, str]:
        """A person's secrets for this address, completed where the portal makes them; raises Invalid."""
        return clean_values(self.secret_fields, values)

    def clean_settings(self, values: Mapping[str, str]) -> dict[str, str]:
        """An operator's settings; an empty secret is refused (A49). Raises Invalid."""
        return clean_values(self.settings_fields, values)

    def make_secret(self) -> str:
        """The portal's own secret with this carrier, made once."""
        raise NotImplementedError

    def public_key(self, own_key: str) -> str:
        """What a browser must know of the portal's own secret to subscribe; empty where there is nothing."""
        return ""

    def send(
        self, message: Message, address: str, secrets: Mapping[str, str], settings: Mapping[str, str], key: str
    ) -> Sent:
        """Hand the message over within 10 s; raises Temporary or Permanent.

        `key` is the same for the same words; a digest that gained or lost a message has another.
        """
        raise NotImplementedError

    def parse_callback(self, request: CallbackRequest, settings: Mapping[str, str]) -> list[CallbackNews]:
        """What the carrier tells, after its signature was checked; raises BadCallback."""
        raise BadCallback("this provider sends no call-backs")

    def callback_answer(self, sentence: str) -> tuple[str, str]:
        """Content type and body that the carrier gets back; `sentence` is what to tell the person."""
        return "text/plain", ""


def clean_values(wanted: Sequence[Field], values: Mapping[str, str]) -> dict[str, str]:
    """The wanted fields as trimmed texts; raises Invalid naming each that is missing or no plain text."""
    found: dict[str, str] = {}
    wrong: dict[str, list[str]] = {}
    for item in wanted:
        value = str(values.get(item.name, "") or item.default).strip()
        if item.required and not value:
            wrong[item.name] = [f"{item.label} is required."]
        elif len(value) > 2000 or any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in value):
            wrong[item.name] = [f"{item.label} holds characters that are not allowed, or is too long."]
        found[item.name] = value
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], fields=wrong)
    return found


def _always(_: Delivery) -> bool:
    return True


def _no_answer(_: Delivery, __: str, ___: str) -> str:
    return "There is nothing to answer."


def _nothing(_: Delivery) -> None:
    return None


def _no_matter(_: Delivery, final: bool) -> None:
    return None


def _none_hidden(_: Actor) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Purpose:
    """Why messages are sent; its functions run in the transaction of the one who calls.

    `still_wanted` is asked right before each attempt (O18). `answered(delivery, answer, via)` returns the sentence
    to tell the person. `failed(delivery, final)` is told at the first failure, so that the person's next method
    goes at once (O29), and at the final one. `handed` is told when a provider took it. Both are told after rows of
    this room were written, so they lock nothing that stands above: they put a due row for it. `tries` ends the
    attempts; None goes on for as long as it is wanted. `bundled` messages to one address become digests.
    `hidden(actor)` are the keys of what the actor may not know of (S34), best as a lazy query: their messages are
    absent from other people's delivery log.
    """

    id: str
    still_wanted: Callable[[Delivery], bool] = _always
    answered: Callable[[Delivery, str, str], str] = _no_answer
    failed: Callable[[Delivery, bool], None] = _no_matter
    handed: Callable[[Delivery], None] = _nothing
    tries: int | None = None
    bundled: bool = False
    hidden: Callable[[Actor], Iterable[str]] = _none_hidden

    @property
    def ends(self) -> bool:
        """Whether its messages are about something that goes on until `still_wanted` says otherwise."""
        return self.still_wanted is not _always


@dataclass
class _Registries:
    providers: dict[str, Provider] = field(default_factory=dict)
    purposes: dict[str, Purpose] = field(default_factory=dict)


_known = _Registries()


def register_provider(provider: Provider) -> Provider:
    """Add a carrier; ids are unique."""
    if provider.id in _known.providers:
        raise ValueError(f"provider {provider.id} is registered twice")
    _known.providers[provider.id] = provider
    return provider


def provider_of(provider_id: str) -> Provider:
    """The carrier of that id; raises Missing."""
    try:
        return _known.providers[provider_id]
    except KeyError:
        raise Missing(f"There is no provider “{provider_id[:40]}”.") from None


def label_of(provider_id: str) -> str:
    """The carrier's name for people; the id itself where it was taken away."""
    known = _known.providers.get(provider_id)
    return known.label if known else provider_id


def providers() -> list[Provider]:
    """Every carrier, by id."""
    return [_known.providers[key] for key in sorted(_known.providers)]


def register_purpose(purpose: Purpose) -> Purpose:
    """Add a purpose; ids are unique."""
    if purpose.id in _known.purposes:
        raise ValueError(f"purpose {purpose.id} is registered twice")
    _known.purposes[purpose.id] = purpose
    return purpose


def purpose_of(purpose_id: str) -> Purpose:
    """The purpose of that id; raises Missing."""
    try:
        return _known.purposes[purpose_id]
    except KeyError:
        raise Missing(f"Nobody has registered the purpose “{purpose_id[:40]}”.") from None


def purposes() -> list[Purpose]:
    """Every purpose, by id."""
    return [_known.purposes[key] for key in sorted(_known.purposes)]


purpose = purpose_of
