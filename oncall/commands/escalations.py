"""Start, stop, restart, resume and hurry an escalation; called down in the transaction of a higher room's command.

The caller has asked for permission and holds the subject's lock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from accounts.actors import Actor
from accounts.models import User
from core import clock
from core.db import locked
from core.errors import Conflict, Missing
from oncall.commands.paging import send_by_rules
from oncall.commands.steps import end, schedule, take_step
from oncall.models import Escalation, EscalationPolicy, Page
from oncall.queries.levels import copy_of, level_of
from oncall.states import ESCALATION, LIVE_ESCALATIONS, PAGE

PERSON_TIMEOUT = 5
KEPT = (
    "subject",
    "policy_id",
    "team_id",
    "levels",
    "repeats",
    "fallback_id",
    "urgency",
    "rank",
    "pass_number",
    "level",
)
NOT_LATE = timedelta(0)


def start(
    actor: Actor,
    *,
    policy: EscalationPolicy | None,
    subject: str,
    urgency: str,
    rank: int,
    team_id: int | None,
    first_due: datetime | None = None,
    user: User | None = None,
    late: timedelta = NOT_LATE,
) -> Escalation:
    """Called down: page level 1 at once, or at `first_due` where a gate holds the page; a copy of the policy is kept.

    `user` instead of a policy asks one person; without either the last resort is paged at once (S50). `late` is how
    late the page already is. Raises Conflict when one runs already (O15, O24, O25).
    """
    previous = _last(subject)
    if previous is not None and previous.state in LIVE_ESCALATIONS:
        raise Conflict("An escalation is running for this already.", code="running")
    escalation = Escalation(
        subject=subject,
        run=previous.run + 1 if previous else 1,
        policy=policy,
        team_id=team_id,
        levels=_levels(policy, user),
        repeats=policy.repeats if policy else 0,
        fallback_id=policy.fallback_id if policy else None,
        urgency=urgency,
        rank=rank,
        started_at=clock.now(),
    )
    return _begin(escalation, first_due=first_due, late=late)


def _levels(policy: EscalationPolicy | None, user: User | None) -> list[dict[str, object]]:
    if user is not None:
        return level_of(user, PERSON_TIMEOUT)
    return copy_of(policy) if policy is not None else []


def _begin(
    escalation: Escalation, *, first_due: datetime | None = None, late: timedelta = NOT_LATE, also: Collection[int] = ()
) -> Escalation:
    escalation.save()
    if first_due is not None and first_due > clock.now():
        schedule(escalation, first_due)
    else:
        take_step(escalation, late=late, also=also)
    return escalation


def _last(subject: str) -> Escalation | None:
    return locked(Escalation.objects.filter(subject=subject)).order_by("-run").first()


def stop(actor: Actor, subject: str, *, reason: str) -> None:
    """Called down by acknowledge, resolve, merge: nothing of it goes out any more (O18, O19); none running is no error.

    The former due time stays on the row, so that `resume` can restore it.
    """
    for escalation in locked(Escalation.objects.filter(subject=subject, state__in=LIVE_ESCALATIONS)):
        end(escalation, reason)


def restart(
    actor: Actor,
    subject: str,
    *,
    policy: EscalationPolicy | None = None,
    user: User | None = None,
    team_id: int | None = None,
    urgency: str | None = None,
    rank: int | None = None,
    also: Collection[int] = (),
    reason: str,
) -> Escalation:
    """Called down: a new run from level 1, pass 1; the former one's messages are taken back (O20, O27, O28).

    Without a new target the former copy of the levels is used again (O24). `also` are people to page beside level 1:
    whoever let an acknowledgement time out (O20).
    """
    previous = _last(subject)
    if previous is not None:
        end(previous, reason)
    fresh = Escalation(
        subject=subject,
        run=previous.run + 1 if previous else 1,
        policy=policy or (previous.policy if previous else None),
        team_id=team_id if team_id is not None else (previous.team_id if previous else None),
        urgency=urgency or (previous.urgency if previous else "high"),
        rank=rank or (previous.rank if previous else 3),
        started_at=clock.now(),
    )
    target = policy if policy is not None else previous
    fresh.repeats = 0 if target is None else target.repeats
    fresh.fallback_id = None if target is None else target.fallback_id
    if policy is not None or user is not None or previous is None:
        fresh.levels = _levels(policy, user)
    else:
        fresh.levels = previous.levels
    return _begin(fresh, also=also)


def resume(actor: Actor, subject: str, *, due_at: datetime | None = None) -> Escalation:
    """Called down by the undo of an acknowledgement within 10 s: as it was, with its former due time (domain.md).

    Raises Missing when there was none and Conflict when it was not stopped.
    """
    escalation = _last(subject)
    if escalation is None:
        raise Missing("Nobody was paged for this.")
    ESCALATION.next("resume", escalation.state)
    exhausted = escalation.pages.filter(reason="last_resort").exists()
    ended = escalation.ended_at
    escalation.state = "exhausted" if exhausted else "running"
    escalation.ended_at, escalation.end_reason = None, ""
    former = due_at or escalation.due_at
    if former is None and escalation.level == 0 and not exhausted:
        former = clock.now()
    schedule(escalation, former)
    for page in escalation.pages.filter(state__in=PAGE.moves["reopen"][0], ended_at__gte=ended):
        _reopen(page, escalation)
    return escalation


def _reopen(page: Page, escalation: Escalation) -> None:
    present = (page.pass_number, page.level) == (escalation.pass_number, escalation.level)
    page.state = "sent" if present else "timed_out"
    page.asked += 1
    page.answered_via, page.answered_at, page.ended_at = "", None, None
    page.save()
    page.escalation = escalation
    send_by_rules(page)


def escalate_now(actor: Actor, subject: str) -> Escalation:
    """Called down: page the next level once, without waiting (TRI-14); after an acknowledgement, from where it stood.

    Raises Missing when nobody was ever paged and Conflict when every level and the last resort have been asked.
    """
    escalation = _last(subject)
    if escalation is None:
        raise Missing("Nobody was paged for this.")
    if escalation.state == "exhausted":
        raise Conflict(
            "Everybody has been asked already.",
            code="exhausted",
            hint="Assign it to a person or to another policy.",
        )
    if escalation.state == "stopped":
        escalation = _continued(escalation)
    take_step(escalation, actor=actor, why=f"{actor.label} escalated.")
    return escalation


def _continued(stopped: Escalation) -> Escalation:
    """A new run that goes on from where a stopped one stood; from the start where that had been exhausted."""
    fresh = Escalation(run=stopped.run + 1, started_at=clock.now(), **{name: getattr(stopped, name) for name in KEPT})
    if stopped.level == 0:
        fresh.pass_number = 1
    fresh.save()
    return fresh
