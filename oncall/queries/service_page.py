"""One service's page: who is paged now and until when, what stands around it, what happens on new incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.actors import Actor
from accounts.models import User
from accounts.permissions import require
from core import spans
from notifications.providers.email import mail_is_filed
from oncall import permissions
from oncall.engine.graph import Drawing, Point, across, worst_first
from oncall.kinds import Rule, Standing, further_rules, service_panels, standings
from oncall.models import EscalationPolicy, Schedule, Service
from oncall.queries.directory import Head, checks_of, end_of_line, head_of, paged, point_of
from oncall.queries.reach import Way, last_resort
from oncall.queries.services import neighbours
from oncall.queries.standby import Standby, standby

ROUNDS = ("", "It begins again once", "It begins again twice")


@dataclass(frozen=True, slots=True)
class Called:
    """A person whom a page reaches: on which level, so long after the trigger, on whose turn and until when."""

    person: User
    level: int
    after: timedelta
    ways: Sequence[Way]
    schedule: Schedule | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Who is paged if it triggered now; `last` are those who are asked when nobody answers."""

    policy: EscalationPolicy | None
    called: Sequence[Called]
    passed: Sequence[str]
    checks: Sequence[str]
    last: Sequence[User]

    @property
    def rounds(self) -> str:
        """How often the levels are gone through anew, as the beginning of a sentence."""
        count = self.policy.repeats if self.policy else 0
        return ROUNDS[count] if count < len(ROUNDS) else f"It begins again {count} times"

    @property
    def is_nobody(self) -> bool:
        """Whether a page would reach no one of the policy, so that only the last resort hears of it."""
        return not self.called


@dataclass(frozen=True, slots=True)
class ServicePage:
    """Everything that the card of a service shows."""

    head: Head
    reach: Reach
    before: Sequence[Point]
    after: Sequence[Point]
    drawing: Drawing
    rules: Sequence[Rule]
    tops: Sequence[tuple[str, Any]]
    panels: Sequence[tuple[str, Any]]


def service_page(
    actor: Actor, service: Service, health: Mapping[int, Standing] | None = None, now: Standby | None = None
) -> ServicePage:
    """The page of one service, in a fixed number of queries.

    `health` are the standings of all that are not well, `now` what its policy would do, where the caller has read them.
    """
    found = neighbours(service)
    health = standings(actor) if health is None else health
    now = standby([service.policy_id]) if now is None else now
    before = worst_first([point_of(each, health) for each in found.before])
    after = worst_first([point_of(each, health) for each in found.after])
    head = head_of(actor, service)
    read = [(panel, panel.read(actor, service)) for panel in service_panels()]
    return ServicePage(
        head=head,
        reach=reach_of(actor, service, now, may_edit=head.may_edit),
        before=before,
        after=after,
        drawing=across(point_of(service, health), before, after),
        rules=[*own_rules(service, may_edit=head.may_edit), *further_rules(actor, service)],
        tops=[(panel.template, value) for panel, value in read if panel.order < 50 and value is not None],
        panels=[(panel.template, value) for panel, value in read if panel.order >= 50 and value is not None],
    )


def reach_of(actor: Actor, service: Service, now: Standby, *, may_edit: bool = False) -> Reach:
    """Who is paged for a service at this moment; who may edit it is told of unset mail as well."""
    policy = service.policy
    if policy is None:
        return Reach(None, [], [], [], last_resort(fallback_id=None, team_id=service.team_id))
    require(actor, permissions.POLICY_SEE, policy)
    ladder = now.ladders[policy.pk]
    rungs = paged(ladder)
    called: list[Called] = []
    for each in rungs:
        turns = now.turns(policy.pk, each.rung.level)
        on_turn = {turn.user.pk: (schedule, turn.until) for schedule, turn in turns}
        for person, ways in each.people:
            schedule, until = on_turn.get(person.pk, (None, None))
            called.append(Called(person, each.rung.level, each.rung.after, ways, schedule, until))
    checks = checks_of(ladder, rungs, mail_is_filed=may_edit and mail_is_filed())
    return Reach(policy, called, ladder.warnings, checks, end_of_line(policy))


def own_rules(service: Service, *, may_edit: bool) -> list[Rule]:
    """What the service's own settings do on a new incident, in sentences."""
    path = f"/services/{service.pk}/edit/" if may_edit else ""
    urgency = {
        "priority": "It pages as urgently as the incident's priority asks.",
        "high": "It always pages with high urgency, whatever the hour.",
        "low": "It always pages with low urgency: level 1 only, and nobody else follows.",
    }
    again = (
        f"It pages again {spans.said(60 * service.ack_timeout_minutes)} after an acknowledgement without a resolution."
        if service.ack_timeout_minutes
        else "When an acknowledgement runs out is a matter of the priority."
    )
    back = (
        f"An alert within {spans.said(60 * service.reopen_window_minutes)} of the resolution reopens the incident."
        if service.reopen_window_minutes
        else "An alert after the resolution makes a new incident."
    )
    seconds = service.quiet_resolve_seconds
    then = f"{spans.said(seconds)} after" if seconds else "As soon as"
    quiet = f"{then} the last alert has ended it resolves, unless it is major."
    rules = (("bell", urgency[service.urgency]), ("clock", again), ("revert", back), ("check", quiet))
    return [Rule(icon, sentence, path) for icon, sentence in rules]
