"""How fast pages are answered, and how many came at night: figures of days, kept for a short while (LRN-17)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    Exists,
    FilteredRelation,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Substr

from accounts.actors import Actor
from accounts.models import Membership, User
from core import clock, figures
from core.zones import zone_of
from incidents.models import Incident, Milestone
from incidents.queries.boards import Scope
from oncall.models import Page

WEEK = timedelta(days=7)
SAMPLE = 1000  # acknowledgements of a week that are looked at, newest first
NEWEST = 5000  # pages that are looked at for the last night
NIGHT = (22, 7)
PREFIX = "incident:"
KEPT_WEEK, KEPT_NIGHT = 300, 60  # seconds


class _IsAcknowledged(Func):
    """Spelt out: SQLite uses the partial index `milestone_acked` for a literal alone."""

    template = "%(expressions)s = 'acknowledged'"
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class Pace:
    """The median time from detection to the acknowledgement in the last 7 days, and in the 7 days before."""

    now: timedelta | None
    before: timedelta | None

    @property
    def words(self) -> str:
        """As the figure is written: "1:48" under an hour, then in words; empty without any."""
        return "" if self.now is None else _clock(self.now)

    @property
    def distance(self) -> timedelta:
        """How far apart the two are, in whole seconds; nothing where there is nothing to compare."""
        now, before = self.now or timedelta(0), self.before or timedelta(0)
        return timedelta(seconds=abs(round(now.total_seconds()) - round(before.total_seconds())))

    @property
    def trend(self) -> str:
        """faster or slower than in the week before, same, or nothing where there is nothing to compare."""
        if self.now is None or self.before is None:
            return ""
        return "same" if not self.distance else "faster" if self.now < self.before else "slower"


@dataclass(frozen=True, slots=True)
class Night:
    """Pages of the last night: to the viewer, and to all in the viewer's teams; `is_cut` where there were more."""

    own: int = 0
    teams: int = 0
    is_cut: bool = False


def pace(scope: Scope) -> Pace:
    """Both medians: real incidents that everybody may know of (S34), of the scope's teams, at most 1,000 a week."""
    teams = None if scope.teams is None else sorted(scope.teams)
    return figures.kept(f"pace:{teams}", 0, KEPT_WEEK, lambda: _pace(teams))


def _pace(teams: Sequence[int] | None) -> Pace:
    """One query for both weeks."""
    now = clock.now()
    start = now - WEEK
    sampled = (Q(at__gt=_edge(start, now)) & Q(at__gt=start)) | Q(at__gt=_edge(start - WEEK, start), at__lte=start)
    rows = Milestone.objects.filter(_IsAcknowledged("kind"), sampled, at__gt=start - WEEK, at__lte=now)
    rows = rows.filter(incident__kind="real", incident__visibility="open")
    if teams is not None:
        rows = rows.filter(incident__service__team_id__in=teams)
    of_detection = Q(incident__milestones__kind="detected")
    rows = rows.annotate(detected=FilteredRelation("incident__milestones", condition=of_detection))
    times = list(rows.values_list("at", Coalesce("detected__at", "incident__created_at")))
    return Pace(_median(times, start, now), _median(times, start - WEEK, start))


def _edge(start: datetime, end: datetime) -> Coalesce:
    """The time after which SAMPLE acknowledgements came in a week; its beginning where there were fewer."""
    week = Milestone.objects.filter(_IsAcknowledged("kind"), at__gt=start, at__lte=end).order_by("-at")
    return Coalesce(Subquery(week.values("at")[SAMPLE : SAMPLE + 1]), Value(start, DateTimeField()))


def _median(times: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime) -> timedelta | None:
    """None without any; the middle of all, or the mean of the two in the middle."""
    within = [(answered, detected) for answered, detected in times if start < answered <= end]
    lengths = [max(0.0, (answered - detected).total_seconds()) for answered, detected in within]
    return timedelta(seconds=median(lengths)) if lengths else None


def _clock(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if seconds < 3600:
        return f"{minutes}:{seconds % 60:02d}"
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def last_night(actor: Actor) -> Night:
    """Pages between 22:00 and 07:00 of the night that ended last or goes on, in the person's own zone."""
    user = actor.user
    if user is None or user.role == "stakeholder":
        return Night()
    return figures.kept("night", user.pk, KEPT_NIGHT, lambda: _night(actor, user))


def _night(actor: Actor, user: User) -> Night:
    """Among the newest 5,000 pages of all, so that the table needs no index by time; private ones are absent (A62)."""
    start, end = night_before(user)
    oldest = Subquery(Page.objects.order_by("-pk").values("pk")[NEWEST : NEWEST + 1])
    rows = Page.objects.filter(pk__gt=Coalesce(oldest, 0), created_at__gte=start, subject__startswith=PREFIX)
    number = Cast(Substr(OuterRef("subject"), len(PREFIX) + 1), IntegerField())
    mates = Membership.objects.filter(team__memberships__user=user).values("user")
    known = Q(created_at__lt=end) & Q(Exists(Incident.objects.visible_to(actor).filter(number=number)))
    counts = rows.aggregate(
        own=Count("pk", filter=Q(user=user) & known),
        teams=Count("pk", filter=(Q(user=user) | Q(user__in=mates)) & known),
        since=Count("pk"),
    )
    return Night(counts["own"], counts["teams"], is_cut=counts["since"] >= NEWEST)


def night_before(user: User) -> tuple[datetime, datetime]:
    """The last night in the person's own zone, as aware times."""
    local = clock.now().astimezone(zone_of(user.time_zone))
    evening = local if local.hour >= NIGHT[0] else local - timedelta(days=1)
    start = evening.replace(hour=NIGHT[0], minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=1)).replace(hour=NIGHT[1])
    return start, end
