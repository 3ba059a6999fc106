"""What can be escalated: higher rooms register a `Subject` under the prefix of its keys (`incident:42`).

Locks are always taken in this order, so that an acknowledgement and a step never wait for each other:
subject, escalation, deliveries, pages. That is why every background step calls `Subject.lock` first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from accounts.actors import Actor
    from oncall.models import Page

#: Kinds that `Subject.noted` is given. `page_sent` and `escalated` carry in `data`: people (ids of the persons who
#: have just been paged), names, level, pass, late_minutes. `level_skipped`: level, pass, why (sentences).
#: `page_declined`, `page_failed`: people (one id), names. `exhausted`: people, names (the last resort).
#: `caught_up`: since, until (ISO 8601), dropped (messages that nobody needs any more).
NOTED_KINDS = ("page_sent", "escalated", "level_skipped", "page_declined", "page_failed", "exhausted", "caught_up")


@dataclass(frozen=True, slots=True)
class SubjectText:
    """What a page says. `title` is the codename where the subject is private; `url` is absolute.

    `asks` is the sentence that says what is wanted of the person; `standing` says in one sentence how the subject
    stands now ("Priya Raman acknowledged it at 09:04 CET."), for people whose answer comes too late. `alias` is what
    sentences that others read as well say of a private subject, instead of its number (S34). `status` is its state in
    a word, where that may be told.
    """

    number: str
    title: str
    url: str
    rank: int
    priority_name: str
    service: str
    asks: str = "Please accept or decline this page."
    standing: str = ""
    alias: str = ""
    status: str = ""


class Noted(Protocol):
    """Writes one timeline entry of the subject; `kind` is one of NOTED_KINDS."""

    def __call__(self, key: str, kind: str, text: str, data: Mapping[str, Any], *, actor: Actor | None = None) -> None:
        """Append the entry in the caller's transaction."""


class Answered(Protocol):
    """Does what an answer means for the subject and returns a sentence for the person who answered.

    `answer` is accept, decline or escalate. An accept must call `escalations.stop` in the same transaction (O18).
    """

    def __call__(self, key: str, actor: Actor, answer: str, page: Page, via: str) -> str:
        """Act on the answer in the caller's transaction."""


def _nothing_to_lock(key: str) -> None:
    return None


def _no_remark(key: str) -> str:
    return ""


def _none_hidden(actor: Actor) -> Iterable[str]:
    return ()


def _no_facts(key: str) -> Sequence[tuple[str, str]]:
    return ()


def _as_it_is(key: str) -> tuple[str, str]:
    return key, ""


def _nothing_yet(actor: Actor, key: str) -> Sequence[tuple[datetime, str]]:
    return ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of thing that people are paged for; all methods run in the caller's transaction.

    `hidden(actor)` are the keys of those that the actor may not know of (S34), best as a lazy query. `remark(key)` is
    what whoever is still paged ought to know before answering, in the present time zone, or nothing. `facts(key)` are
    pairs of label and text for whoever holds the page's link; `so_far(actor, key)` what has happened, local time and
    text, for the person who was paged and has signed in. `named(key)` is what people call it and the path of its page,
    of the key alone.
    """

    prefix: str
    describe: Callable[[str], SubjectText]
    noted: Noted
    answered: Answered
    exhausted: Callable[[str], None]
    still_wanted: Callable[[str], bool]
    lock: Callable[[str], None] = _nothing_to_lock
    hidden: Callable[[Actor], Iterable[str]] = _none_hidden
    remark: Callable[[str], str] = _no_remark
    facts: Callable[[str], Sequence[tuple[str, str]]] = _no_facts
    so_far: Callable[[Actor, str], Sequence[tuple[datetime, str]]] = _nothing_yet
    named: Callable[[str], tuple[str, str]] = _as_it_is


@dataclass(frozen=True, slots=True)
class LevelDraft:
    """A level of a policy as it is to be saved: minutes, ids of persons, ids of schedules."""

    timeout_minutes: int
    users: tuple[int, ...] = ()
    schedules: tuple[int, ...] = ()


_subjects: dict[str, Subject] = {}


def register_subject(subject: Subject) -> None:
    """Add or replace a kind of subject."""
    _subjects[subject.prefix] = subject


def subject_of(key: str) -> Subject:
    """The kind that a key such as `incident:42` belongs to; raises LookupError for an unknown prefix."""
    prefix = key.partition(":")[0]
    if prefix not in _subjects:
        raise LookupError(f"nobody has registered subjects of the kind “{prefix}”")
    return _subjects[prefix]


def subject_named(key: str) -> tuple[str, str]:
    """What people call a subject, and the path of its page; of a kind that is not there any more the key, and ""."""
    kind = _subjects.get(key.partition(":")[0])
    return kind.named(key) if kind else _as_it_is(key)


def subjects() -> list[Subject]:
    """Every kind of subject, by prefix."""
    return [_subjects[prefix] for prefix in sorted(_subjects)]


@dataclass(frozen=True, slots=True)
class OpenSubject:
    """One open thing of a service as its page lists it."""

    name: str
    title: str
    path: str
    rank: int
    priority_name: str
    status: str


#: How a service can stand, the worst first.
TONES = ("outage", "partial", "degraded", "ok")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a service stands as one viewer may know: `tone` is one of TONES.

    `open` counts what is open, `name` is that of the only one. `subjects` are read for services that were asked for by
    their ids, the worst first.
    """

    tone: str = "ok"
    words: str = "Operational"
    subjects: tuple[OpenSubject, ...] = ()
    open: int = 0
    name: str = ""

    @property
    def note(self) -> str:
        """What is open, in a word or two: the only one, or how many; "" where nothing is."""
        return self.name or (f"{self.open} open" if self.open else "")


class Standings(Protocol):
    """Finds the standing of services; those without any open thing may be left out.

    `ids` None means all of them, briefly: without their subjects.
    """

    def __call__(self, actor: Actor, ids: Collection[int] | None) -> Mapping[int, Standing]:
        """Service id -> standing, in a fixed number of queries."""


@dataclass(frozen=True, slots=True)
class ServiceTab:
    """A further part of a service's page, at `/services/<id>/<key>/`; `visible` asks whether the viewer may see it."""

    key: str
    label: str
    order: int
    visible: Callable[[Actor, Any], bool]


@dataclass(frozen=True, slots=True)
class ServicePanel:
    """A part of the service's first page: `template` is drawn with what `read` returns as `panel`, unless None.

    Those with an `order` below 50 stand above what the room itself says.
    """

    template: str
    read: Callable[[Actor, Any], Any]
    order: int = 50


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens on new incidents of a service, as a sentence with its icon and the page where it is changed."""

    icon: str
    sentence: str
    path: str = ""


Pulses = Callable[["Actor", Collection[int]], Mapping[int, Sequence[int]]]
_pulses: list[Pulses] = []
_rules: list[Callable[[Actor, Any], list[Rule]]] = []
_standings: list[Standings] = []
_tabs: dict[str, ServiceTab] = {}
_panels: dict[str, ServicePanel] = {}


def register_standings(found: Standings) -> None:
    """Say how services stand; the last one registered answers."""
    _standings[:] = [found]


def standings(actor: Actor, ids: Collection[int] | None = None) -> Mapping[int, Standing]:
    """How these services (default: all that are not well) stand; none where no room has said."""
    return _standings[0](actor, ids) if _standings else {}


def register_pulses(found: Pulses) -> None:
    """Say how often services were in trouble of late; the last one registered answers."""
    _pulses[:] = [found]


def pulses(actor: Actor, ids: Collection[int]) -> Mapping[int, Sequence[int]]:
    """Service id -> how many incidents began on each of the last days, oldest first; quiet ones may be left out."""
    return _pulses[0](actor, ids) if _pulses and ids else {}


def register_rules(found: Callable[[Actor, Any], list[Rule]]) -> None:
    """Say more of what happens on new incidents; each room registers once."""
    if found not in _rules:
        _rules.append(found)


def further_rules(actor: Actor, service: Any) -> list[Rule]:
    """What the rooms above say of new incidents of this service."""
    return [rule for found in _rules for rule in found(actor, service)]


def register_service_tab(tab: ServiceTab) -> None:
    """Add or replace a part of a service's page."""
    _tabs[tab.key] = tab


def service_tabs(actor: Actor, service: Any) -> list[ServiceTab]:
    """The parts that this viewer may see, in order."""
    return [tab for tab in sorted(_tabs.values(), key=lambda tab: tab.order) if tab.visible(actor, service)]


def register_service_panel(panel: ServicePanel) -> None:
    """Add or replace a card of a service's page."""
    _panels[panel.template] = panel


def service_panels() -> list[ServicePanel]:
    """The parts, in order."""
    return sorted(_panels.values(), key=lambda panel: (panel.order, panel.template))
