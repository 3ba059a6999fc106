"""The directory of services: what is unhealthy first, with whom a page would reach, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Cast

from accounts.actors import Actor
from accounts.models import User
from accounts.queries import teams_seen_by
from oncall.kinds import TONES, Standing, pulses, standings
from oncall.models import Service
from oncall.queries.directory import WELL
from oncall.queries.services import services_seen_by
from oncall.queries.standby import LADDER, Standby, rungs, standby

PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of the address; whatever cannot be read there is no filter."""

    text: str = ""
    team: int = 0
    mine: bool = False
    health: str = ""
    archived: bool = False
    after: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Wanted:
        """Read them from the values of an address."""
        team = given.get("team", "")
        return cls(
            text=given.get("text", "").replace("\0", "").strip()[:200],
            team=int(team) if team.isascii() and team.isdigit() and len(team) < 16 else 0,
            mine=given.get("mine") == "1",
            health="bad" if given.get("health") == "bad" else "",
            archived=given.get("archived") == "1",
            after=given.get("after", "").replace("\0", "")[:130],
        )

    def query(self, **other: object) -> str:
        """The same filters, or some of them changed, as they stand in an address."""
        values = {**asdict(self), **other}
        return urlencode({name: 1 if value is True else value for name, value in values.items() if value})

    @property
    def same(self) -> str:
        """The filters as a query with its question mark; "" where there are none."""
        return f"?{self.query()}" if self.query() else ""

    @property
    def from_start(self) -> str:
        """The same filters from the first page on, as `same`."""
        query = self.query(after="")
        return f"?{query}" if query else ""

    @property
    def is_any(self) -> bool:
        """Whether anything is left out."""
        return bool(self.query(after=""))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the directory; `people` are whom a page would reach now, `pulse` its incidents of each day."""

    service: Service
    standing: Standing
    people: Sequence[User]
    pulse: Sequence[int]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A page of the directory, and figures over the teams' services in use; `older` is the query of the next page.

    `standby` is what the policies of the page would do now, `troubled` how all services stand that are not well.
    """

    rows: list[Row]
    wanted: Wanted
    teams: Sequence[Any]
    older: str
    standby: Standby
    troubled: Mapping[int, Standing]

    @property
    def total(self) -> int:
        """How many services are in use."""
        return sum(team.total for team in self.teams)

    @property
    def unwell(self) -> int:
        """How many of them have an open incident."""
        return sum(team.unwell for team in self.teams)

    @property
    def finding(self) -> str:
        """The directory in a sentence."""
        if not self.total:
            return "A service is what can break. Nothing is watched yet."
        parts = [_many(self.total, "service"), _many(sum(1 for team in self.teams if team.total), "team")]
        found = f"{', '.join(parts)}. "
        found += f"{self.unwell} not healthy. " if self.unwell else "All of them healthy. "
        orphans = sum(team.orphans for team in self.teams)
        if orphans:
            return found + f"{_many(orphans, 'service')} without an escalation policy."
        return found + "Every service has an owner and a policy."


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def catalogue(actor: Actor, wanted: Wanted, *policies: int | None) -> Catalogue:
    """One page of the services that the filters leave: the worst first, then by name; five queries.

    `policies` are further ones whose people the caller wants to know of.
    """
    troubled = standings(actor)
    shown, levels = _page(actor, _found(actor, wanted, troubled), _place(troubled))
    last = shown[PAGE - 1] if len(shown) > PAGE else None
    after = f"{getattr(last, 'place', 0)}:{last.name}" if last else ""
    shown = shown[:PAGE]
    now = standby([*(row.policy_id for row in shown), *policies], None if policies else levels)
    beats = pulses(actor, [row.pk for row in shown])
    return Catalogue(
        rows=[
            Row(each, troubled.get(each.pk, WELL), now.first(each.policy_id), beats.get(each.pk, ())) for each in shown
        ],
        wanted=wanted,
        teams=_teams(actor, troubled),
        older=wanted.query(after=after) if after else "",
        standby=now,
        troubled=troubled,
    )


def _page(actor: Actor, found: QuerySet[Service], place: Cast) -> tuple[list[Service], list[Mapping[str, Any]]]:
    """At most one service more than a page shows, and for each of their policies the levels as rows; one query."""
    keys = found.select_related(None).prefetch_related(None).values("pk")[: PAGE + 1]
    rows = services_seen_by(actor, archived=True).select_related(None).select_related("team").prefetch_related(None)
    rows = rows.filter(pk__in=keys).annotate(place=place, **rungs("policy__levels__"))
    read = list(rows.order_by("place", "name", *LADDER))
    return list({row.pk: row for row in read}.values()), [vars(row) for row in read]


def _teams(actor: Actor, troubled: Mapping[int, Standing]) -> list[Any]:
    """The teams with figures over their services in use, in one query."""
    used = Q(services__archived_at__isnull=True)
    return list(
        teams_seen_by(actor).annotate(
            total=Count("services", filter=used),
            orphans=Count("services", filter=used & Q(services__policy=None)),
            unwell=Count("services", filter=used & Q(services__in=list(troubled))),
        )
    )


def _found(actor: Actor, wanted: Wanted, troubled: Mapping[int, Standing]) -> QuerySet[Service]:
    rows = services_seen_by(actor, archived=wanted.archived)
    if wanted.archived:
        rows = rows.filter(archived_at__isnull=False)
    if wanted.text:
        said = wanted.text
        rows = rows.filter(Q(name__icontains=said) | Q(description__icontains=said) | Q(team__name__icontains=said))
    if wanted.team:
        rows = rows.filter(team_id=wanted.team)
    if wanted.mine and actor.user is not None:
        rows = rows.filter(team_id__in=list(actor.user.team_roles()))
    if wanted.health:
        rows = rows.filter(pk__in=list(troubled))
    return _after(rows.annotate(place=_place(troubled)), wanted.after).order_by("place", "name")


def _place(troubled: Mapping[int, Standing]) -> Cast:
    """0 for an outage to 3 for well; cast, since PostgreSQL takes the bare number of a quiet day for a column's."""
    by_tone: dict[str, list[int]] = {}
    for pk, standing in troubled.items():
        by_tone.setdefault(standing.tone, []).append(pk)
    whens = [When(pk__in=ids, then=Value(TONES.index(tone))) for tone, ids in by_tone.items()]
    return Cast(Case(*whens, default=Value(len(TONES) - 1)), IntegerField())


def _after(rows: QuerySet[Service], mark: str) -> QuerySet[Service]:
    place, colon, name = mark.partition(":")
    if not colon or place not in {"0", "1", "2", "3"}:
        return rows
    return rows.filter(Q(place__gt=int(place)) | Q(place=int(place), name__gt=name))
