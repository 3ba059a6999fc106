"""A query's words as conditions on incidents; only what the actor may list has a name for it (A13, A62, A91)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL

from accounts.actors import Actor
from accounts.permissions import can
from accounts.queries import people_seen_by, teams_seen_by
from core import clock
from core.errors import Invalid
from core.text import clean_line
from core.zones import zone_of
from incidents import permissions
from incidents.engine.search_words import LONGEST, Query, Word, parse, span_of
from incidents.models import Milestone, Participant, Priority
from incidents.models.incidents import IncidentQuerySet, IsOpen
from incidents.models.search import SHIFT, SOURCES, document
from incidents.queries.priorities import priorities
from oncall.models import Service
from oncall.queries.services import services_seen_by

NEWEST_HITS = 20_000  # texts that the quick look takes of each word; the thorough one takes all
_number = re.compile(r"(?:INC-|#)?([0-9]{1,9})", re.IGNORECASE)
_words = re.compile(r"[^\W_]+")


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
    ids): what is found is right and complete down to the oldest of these hits.
    """
    last = max((place for place, word in enumerate(query) if word.key == "text"), default=-1)
    for place, word in enumerate(query):
        if word.key == "text":
            found = _texts(names.actor, word, begins=place == last and not word.negated, newest=newest)
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
    return Q(service_id__in=[row.pk for row in names.services if row.team_id in ids])


def _service(names: Names, value: str) -> Q:
    ids = [row.pk for row in names.services if _same(row.name, value)]
    if not ids:
        raise _unknown("service", value, (row.name for row in names.services))
    return Q(service_id__in=ids)


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
    if value.casefold() == "nobody":
        return Q(~Exists(held))
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


# --- texts ----------------------------------------------------------------------------------------
def _texts(actor: Actor, word: Word, *, begins: bool, newest: int | None) -> Q:
    """Whoever may see summaries alone finds titles alone (S36)."""
    whole = can(actor, permissions.INCIDENT_SEE_ALL)
    return _either(_text(value, begins, whole, newest) for value in word.values)


def _text(value: str, begins: bool, whole: bool, newest: int | None) -> Q:
    number = _number.fullmatch(value)
    begins = begins and number is None
    if not _words.search(value):
        return Q(pk__in=[])
    found = _in_fts5(value, begins, whole, newest) if connection.vendor == "sqlite" else _in_gin(value, begins, whole)
    return found | Q(number=int(number[1])) if number else found


def _in_fts5(value: str, begins: bool, whole: bool, newest: int | None) -> Q:
    """FTS5 sees one quoted phrase: nothing in it is a word of its language (A13)."""
    phrase = '"' + value.replace('"', '""') + '"'
    params: list[str | int] = [f"{'' if whole else '{title} : '}{phrase}{'*' if begins else ''}"]
    sql = "SELECT rowid FROM incidents_text WHERE incidents_text MATCH %s"
    if newest is not None:
        sql += f" AND rowid < %s ORDER BY rowid DESC LIMIT {NEWEST_HITS}"
        params.append(newest << SHIFT if newest else 2**63 - 1)
    sql = f"SELECT rowid >> {SHIFT} FROM ({sql})"  # noqa: S608 (constants)
    if len(value) > 2:
        sql += f" UNION SELECT rowid >> {SHIFT} FROM incidents_part WHERE incidents_part MATCH %s"  # noqa: S608
        params.append(phrase)
    return Q(pk__in=RawSQL(sql, params))  # noqa: S611 (constants; the value is a parameter)


def _in_gin(value: str, begins: bool, whole: bool) -> Q:
    """Only letters and digits of the value reach tsquery, each word between quotation marks (A13)."""
    lexemes = " <-> ".join(f"'{each}'" for each in _words.findall(value)) + (":*" if begins else "")
    incident, *others = SOURCES
    texts = [(incident, "id", incident.title), *([(incident, "id", incident.body)] if whole else [])]
    texts += [(each, "incident_id", each.body) for each in others if whole]
    sql = " UNION ALL ".join(
        f"SELECT {column} FROM {each.table} r WHERE {each.when.format(r='r')}"  # noqa: S608 (constants)
        f" AND {document(text.format(r='r')).replace('%', '%%')} @@ to_tsquery('simple', %s)"
        for each, column, text in texts
    )
    found = Q(pk__in=RawSQL(sql, [lexemes] * len(texts)))  # noqa: S611 (constants; the value is a parameter)
    return found | Q(title__icontains=value) if len(value) > 2 else found
