"""What this room says on the pages of services: trouble of late, past incidents, what new ones meet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.timezone import localtime

from accounts.actors import Actor
from accounts.permissions import can
from core import clock
from core.figures import kept
from incidents import permissions
from incidents.engine.days import TONES, Day, Span, days
from incidents.engine.rules import RANK_OF_SEVERITY
from incidents.engine.search_words import LONGEST, Word, write
from incidents.models import EventRule, GroupingRule, Incident, Milestone, Priority
from incidents.queries.access import incidents_seen_by
from oncall.kinds import Rule
from oncall.models import Service

SPAN, MOST = 90, 5000
PULSE, NEWEST = 14, 2000
LAST = 5
NOTHING = ("merged", "cancelled")
GROUPING = ("mode", "fields", "window_minutes")


@dataclass(frozen=True, slots=True)
class Trouble:
    """The last 90 days of a service, each with its worst incident of P3 or more."""

    days: Sequence[Day]

    @property
    def tones(self) -> list[str]:
        """How each day was, oldest first."""
        return [day.tone for day in self.days]

    @property
    def bad(self) -> list[Day]:
        """Days with trouble, newest first."""
        return [day for day in reversed(self.days) if day.tone != "ok"]

    @property
    def sentence(self) -> str:
        """The same in words."""
        good = len(self.days) - len(self.bad)
        return f"{good} of {len(self.days)} days without an incident of P3 or above"


def trouble_of(actor: Actor, service: Service) -> Trouble:
    """One query; days are those of the viewer's zone."""
    since = clock.now() - timedelta(days=SPAN)
    reached = Milestone.objects.filter(incident=OuterRef("pk")).order_by("-at").values("at")
    begun = Coalesce(Subquery(reached.filter(kind="started")[:1]), "created_at")  # as people have corrected it
    ended = Coalesce(Subquery(reached.filter(kind="resolved")[:1]), "status_since")
    over = Q(status__in=("resolved", "closed"))
    rows = incidents_seen_by(actor).filter(service=service, peak_priority__rank__lte=max(TONES))
    rows = rows.exclude(status__in=NOTHING).order_by("-number")
    rows = rows.filter(Q(created_at__gte=since) | ~over | Q(status_since__gte=since))
    found: Any = rows.values_list(begun, ended, "status", "peak_priority__rank", "number")
    spans = [
        Span(_day(began), _day(end if status in ("resolved", "closed") else clock.now()), rank, number)
        for began, end, status, rank, number in found[:MOST]
    ]
    return Trouble(days(spans, _day(clock.now()), SPAN))


def _day(at: datetime) -> date:
    return localtime(at).date()


def pulses(actor: Actor, ids: Collection[int]) -> Mapping[int, Sequence[int]]:
    """Service id -> incidents begun on each of the last 14 days: a hint, counted once in half a minute for a person."""
    person = actor.user.pk if actor.user is not None else 0
    found: dict[int, list[int]] = kept("pulses", person, 30, lambda: _counted(actor))
    return {pk: found[pk] for pk in ids if pk in found}


def _counted(actor: Actor) -> dict[int, list[int]]:
    """Over the newest 2,000 incidents; one query."""
    today = _day(clock.now())
    found: dict[int, list[int]] = {}
    newest = incidents_seen_by(actor).order_by("-number").values_list("service_id", "created_at", "status")
    for service_id, began, status in newest[:NEWEST]:
        age = (today - _day(began)).days
        if 0 <= age < PULSE and status not in NOTHING:
            found.setdefault(service_id, [0] * PULSE)[PULSE - 1 - age] += 1
    return found


@dataclass(frozen=True, slots=True)
class Past:
    """Incidents that are over, newest first, and the search that finds all of the service's.

    It is "" where the name is longer than a search may be.
    """

    rows: Sequence[Incident]
    search: str


def last_incidents(actor: Actor, service: Service) -> Past:
    """The newest incidents of a service that are over; one query."""
    rows = incidents_seen_by(actor).filter(service=service, status__in=("resolved", "closed"))
    words = (Word("state", ("all",)), Word("service", (service.name,)))
    search = write(words)
    return Past(list(rows.order_by("-number")[:LAST]), urlencode({"q": search}) if len(search) <= LONGEST else "")


def rules_of_service(actor: Actor, service: Service) -> list[Rule]:
    """What priority and which incident a new alert gets, in sentences; one query."""
    if not can(actor, permissions.RULE_SEE, service):
        return []
    rules = EventRule.objects.filter(enabled=True).order_by().values("enabled").annotate(many=Count("pk"))
    own, general = (Subquery(rules.filter(service=of).values("many")) for of in (service.pk, None))
    grouped = {name: Subquery(GroupingRule.objects.filter(service=service).values(name)) for name in GROUPING}
    # The counts and the way of grouping come with each of the five priorities: a look of their own would cost more.
    rows = list(Priority.objects.annotate(own=own, general=general).annotate(**grouped).values())
    names = {row["rank"]: row["name"] for row in rows}
    counted = rows[0] if rows else {"own": 0, "general": 0, "mode": None}
    by_word = [f"{word} makes {names.get(rank, f'P{rank}')}" for word, rank in RANK_OF_SEVERITY.items()]
    first = _many(counted["own"], "rule of its own", "rules of its own")
    then = _many(counted["general"], "general rule", "general rules")
    asked = " and ".join(filter(None, (first, then)))
    lead = f"{asked[0].upper()}{asked[1:]} are asked first; without a match " if asked else "Its severity decides: "
    path = f"/services/{service.pk}/rules/"
    stored = {name: counted[name] for name in GROUPING} if counted["mode"] else {}
    grouping = GroupingRule(service=service, **stored)
    return [
        Rule("flag", f"{lead}{', '.join(by_word)}.", path),
        Rule("layers", _grouped(grouping), path),
    ]


def _many(count: int | None, one: str, more: str) -> str:
    return "" if not count else f"{count} {one if count == 1 else more}"


def _grouped(rule: GroupingRule) -> str:
    minutes = f"{rule.window_minutes} min"
    if rule.mode == "none":
        return "Each alert becomes an incident of its own."
    if rule.mode == "window":
        return f"Whatever comes within {minutes} becomes one incident."
    if rule.mode == "fields":
        return f"Alerts with the same {', '.join(map(str, rule.fields))} within {minutes} become one incident."
    return "Alerts that the tool groups become one incident."
