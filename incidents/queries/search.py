"""A query's words as conditions on incidents; only what the actor may list has a name for it (A13, A62, A91)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import connection
from django.db.models import Exists, Func, IntegerField, OuterRef, Q
from django.db.models.lookups import In

from accounts.actors import Actor
from accounts.queries import people_seen_by, teams_seen_by
from core import clock
from core.errors import Invalid
from core.text import clean_line
from core.zones import zone_of
from incidents.engine.search_words import LONGEST, Query, parse, span_of
from incidents.models import Milestone, Participant, Priority
from incidents.models.incidents import IncidentQuerySet, IsOpen
from incidents.queries.answering import waits
from incidents.queries.priorities import priorities
from incidents.queries.texts import texts_of
from oncall.models import Service
from oncall.queries.services import services_seen_by


def query_of(text: str) -> Query:
    """The words that somebody typed; raises Invalid (field `q`) with one sentence."""
    return parse(clean_line(text, LONGEST, "q").strip())


@dataclass(frozen=True)
class Names:
    """What an actor may call by name, each read once and only when a page or a query needs it."""

    actor: Actor

    @cached_property
    def services(self) -> list[Service]:
        """Every service with its team, archived ones too: their incidents are still there."""
        rows = services_seen_by(self.actor, archived=True).select_related(None).prefetch_related(None)
        fields = ("name", "team_id", "team__name", "archived_at")
        return list(rows.select_related("team").only(*fields).order_by("name", "pk"))

    @cached_property
    def priorities(self) -> list[Priority]:
        """P1 to P5 as they are called here."""
        return priorities(self.actor)

    @cached_property
    def teams(self) -> dict[int, str]:
        """The teams that have services, by name."""
        found = {row.team_id: row.team.name for row in self.services}
        return dict(sorted(found.items(), key=lambda item: item[1].casefold()))


def narrowed(names: Names, rows: IncidentQuerySet, query: Query, *, newest: int | None = None) -> IncidentQuerySet:
    """The rows that fit every word; raises Invalid (field `q`) for a name that the actor knows nothing of.

    With `newest` the text words look at their newest hits below the incident of that id only (SQLite, 0 for all
    ids), and what lies below the oldest of these hits is left out: what is found is all there is down to there.
    """
    last = max((place for place, word in enumerate(query) if word.key == "text"), default=-1)
    for place, word in enumerate(query):
        if word.key == "text":
            found = _either(text.found() for text in texts_of(names.actor, word, place == last, newest))
        else:
            found = _either(READERS[word.key](names, value) for value in word.values)
        rows = rows.exclude(found) if word.negated else rows.filter(found)
    return rows


def asks_text(query: Query) -> bool:
    """Whether the full-text index is needed."""
    return any(word.key == "text" for word in query)


def _either(conditions: Iterable[Q]) -> Q:
    found = Q()
    for each in conditions:
        found |= each
    return found


# --- names ----------------------------------------------------------------------------------------
def _team(names: Names, value: str) -> Q:
    ids = [pk for pk, name in names.teams.items() if _same(name, value)]
    if not ids and not any(_same(row.name, value) for row in teams_seen_by(names.actor)):
        raise _unknown("team", value, names.teams.values())
    return _of_services([row.pk for row in names.services if row.team_id in ids])


def _service(names: Names, value: str) -> Q:
    ids = [row.pk for row in names.services if _same(row.name, value)]
    if not ids:
        raise _unknown("service", value, (row.name for row in names.services))
    return _of_services(ids)


class Unindexed(Func):
    """A column in whose own index SQLite must not look: walking the list's index by number ends after a page (P7)."""

    template = "+%(expressions)s"
    output_field = IntegerField()


def _of_services(ids: list[int]) -> Q:
    return Q(In(Unindexed("service_id"), ids)) if connection.vendor == "sqlite" and ids else Q(service_id__in=ids)


def _priority(names: Names, value: str) -> Q:
    """By name, or by rank as in P1 or 1."""
    named = [row.pk for row in names.priorities if _same(row.name, value)]
    rank = value[1:] if value[:1] in ("P", "p") else value
    ids = named or [row.pk for row in names.priorities if str(row.rank) == rank]
    if not ids:
        raise _unknown("priority", value, (row.name for row in names.priorities))
    return Q(priority_id__in=ids)


def _owner(names: Names, value: str) -> Q:
    held = Participant.objects.filter(incident=OuterRef("pk"), assignee=True)
    if value.casefold() == "nobody":  # who was shut out answers for nothing open; the record keeps the name (DET-09)
        return Q(~Exists(held)) | Q(IsOpen("status"), ~Exists(held.filter(user__is_active=True)))
    if value.casefold() == "me":
        ids = [names.actor.user.pk] if names.actor.user else []
    else:
        ids = [row.pk for row in people_seen_by(names.actor).only("name") if _same(row.name, value)]
        if not ids:
            raise _unknown("owner", value, ("me", "nobody"))
    return Q(pk__in=Participant.objects.filter(user_id__in=ids, assignee=True).values("incident_id"))


def _same(name: str, value: str) -> bool:
    return name.casefold() == value.casefold()


def _unknown(key: str, value: str, known: Iterable[str]) -> Invalid:
    shown = list(dict.fromkeys(known))
    words = f"Known are {', '.join(shown[:12])}{' and others' if len(shown) > 12 else ''}." if shown else ""
    sentence = f"There is no {key} called “{value}”. {words}".strip()
    return Invalid(sentence, fields={"q": [sentence]})


# --- what the incident itself says ----------------------------------------------------------------
def _state(names: Names, value: str) -> Q:
    if value == "all":
        return Q(number__gte=0)
    if value == "waiting":
        return Q(IsOpen("status")) & waits()
    if value == "snoozed":
        return Q(status="acknowledged", snoozed_until__isnull=False)
    return Q(IsOpen("status")) if value == "open" else Q(status=value)


def _major(names: Names, value: str) -> Q:
    return Q(is_major=value == "yes")


def _opened(names: Names, value: str) -> Q:
    return _between("created_at", *_span(names, value))


def _resolved(names: Names, value: str) -> Q:
    reached = Milestone.objects.filter(_between("at", *_span(names, value)), kind="resolved")
    return Q(status__in=("resolved", "closed"), pk__in=reached.values("incident_id"))


def _span(names: Names, value: str) -> tuple[datetime | None, datetime | None]:
    user = names.actor.user
    return span_of(value, clock.now(), zone_of(user.time_zone if user else "UTC"))


def _between(field: str, since: datetime | None, until: datetime | None) -> Q:
    found = Q(**{f"{field}__gte": since}) if since else Q()
    return found & Q(**{f"{field}__lt": until}) if until else found


READERS: dict[str, Callable[[Names, str], Q]] = {
    "team": _team,
    "service": _service,
    "priority": _priority,
    "owner": _owner,
    "state": _state,
    "major": _major,
    "opened": _opened,
    "resolved": _resolved,
}
