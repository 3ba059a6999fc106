"""One step of a running escalation: page the next level, or the last resort (O15-O17, O21, O22, O25, O26).

Everything here runs in the caller's transaction, after the subject's lock was taken (see kinds).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog
from django.db.models import F

from accounts.actors import Actor
from accounts.models import User
from core import clock, due
from core.due import Priority
from notifications.commands import deliveries
from oncall.commands.notices import tell_process_owners
from oncall.commands.paging import PURPOSE, drop_messages, move_pages, page_person, record_undeliverable
from oncall.commands.texts import minutes_late, why_exhausted
from oncall.engine.escalation import Exhausted, Position, Skip, Step, next_step
from oncall.kinds import subject_of
from oncall.models import Escalation, Page
from oncall.queries.levels import Resolved, levels_now
from oncall.queries.reach import last_resort
from oncall.states import ESCALATION, LIVE_ESCALATIONS

log = structlog.get_logger(__name__)
NOT_LATE = timedelta(0)


def fire_step(escalation_id: int, step: int) -> None:
    """Called down by the due queue: take the step if the escalation still runs and nobody else took it (O15, F12)."""
    found = Escalation.objects.filter(pk=escalation_id).first()
    if found is None:
        return
    subject = subject_of(found.subject)
    subject.lock(found.subject)
    mine = Escalation.objects.filter(pk=found.pk, state="running", step=step, due_at__isnull=False)
    if not mine.update(step=F("step") + 1):
        return
    found.refresh_from_db()
    if not subject.still_wanted(found.subject):
        end(found, "not wanted")
        return
    # One step only, however late; the next time-out counts from now (O26, F3, F39).
    take_step(found, late=max(NOT_LATE, clock.now() - (found.due_at or clock.now())))


def take_step(
    escalation: Escalation,
    *,
    late: timedelta = NOT_LATE,
    also: Collection[int] = (),
    actor: Actor | None = None,
    why: str = "",
) -> None:
    """Page what follows the present position; `also` are people to ask beside the level, `why` begins the entry."""
    now = clock.now()
    found = levels_now(escalation.levels, now)
    place = Position(escalation.pass_number, escalation.level)
    asked = escalation.pages.filter(pass_number=place.pass_number).exclude(state="undeliverable")
    outcome = next_step(found.levels, place, escalation.repeats, set(asked.values_list("user_id", flat=True)))
    resort = _resort_of(escalation) if isinstance(outcome, Exhausted) else []
    asked_next = {*also, *(user.pk for user in resort), *(() if isinstance(outcome, Exhausted) else outcome.people)}
    drop_messages(escalation.pages.filter(user_id__in=asked_next))  # deliveries are locked before pages (see kinds)
    move_pages(escalation.pages.filter(state="sent"), "time_out")
    _note_skips(escalation, outcome.skipped, found)
    if isinstance(outcome, Exhausted):
        _exhaust(escalation, resort, late=late, also=also)
        return
    _move_to(escalation, outcome, now)
    _record_missing(escalation, found, outcome.position)
    pages = [page_person(escalation, found.people[pk], late=late) for pk in outcome.people]
    pages += [page_person(escalation, user, reason="again", late=late) for user in _others(also, outcome.people)]
    _note_paged(escalation, pages, place, late=late, actor=actor, why=why)


def _others(also: Collection[int], paged: Sequence[int]) -> list[User]:
    wanted = [pk for pk in also if pk not in paged]
    return list(User.objects.filter(pk__in=wanted, is_active=True).exclude(role="stakeholder"))


def _move_to(escalation: Escalation, step: Step, now: datetime) -> None:
    escalation.pass_number, escalation.level = step.position.pass_number, step.position.level
    escalation.fired_at = now
    # Low urgency asks one level and waits for its people (O25).
    waits = escalation.urgency == "high"
    schedule(escalation, now + timedelta(minutes=step.timeout_minutes) if waits else None)


def schedule(escalation: Escalation, at: datetime | None) -> None:
    """Save the escalation with its next step due at `at` (UTC); None: nothing follows by itself."""
    if escalation.step:
        due.withdraw(f"escalation:{escalation.pk}:")
    escalation.step += 1
    escalation.due_at = at
    escalation.save()
    if at is not None:
        ref = f"{escalation.pk}:{escalation.step}"
        due.put(escalation.step_key, "escalation.step", ref, due=at, priority=Priority.STEP)


def _record_missing(escalation: Escalation, found: Resolved, place: Position) -> None:
    missing = found.unreachable[place.level - 1]
    record_undeliverable(escalation, missing, pass_number=place.pass_number, level=place.level)


def _note_skips(escalation: Escalation, skipped: Sequence[Skip], found: Resolved) -> None:
    for skip in skipped:
        place = skip.position
        _record_missing(escalation, found, place)
        text = f"Level {place.level} passed over at once: {', '.join(skip.why)}."
        data = {"level": place.level, "pass": place.pass_number, "why": list(skip.why)}
        subject_of(escalation.subject).noted(escalation.subject, "level_skipped", text, data)


def _note_paged(
    escalation: Escalation, pages: Sequence[Page], before: Position, *, late: timedelta, actor: Actor | None, why: str
) -> None:
    names = [page.user.name for page in pages]
    text = f"Paged {', '.join(names)} (level {escalation.level})."
    if escalation.pass_number > 1:
        text = f"Paged {', '.join(names)} (level {escalation.level}, pass {escalation.pass_number})."
    minutes = minutes_late(late)
    text = " ".join(part for part in (why, text, f"Late by {minutes} min." if minutes else "") if part)
    data = {
        "people": [page.user_id for page in pages],
        "names": names,
        "level": escalation.level,
        "pass": escalation.pass_number,
        "late_minutes": minutes,
    }
    kind = "page_sent" if before == Position(1, 0) else "escalated"
    subject_of(escalation.subject).noted(escalation.subject, kind, text, data, actor=actor)
    _note_failures(escalation, pages)


def _note_failures(escalation: Escalation, pages: Sequence[Page]) -> None:
    for page in pages:
        if page.state == "undeliverable":
            text = f"{page.user.name} could not be paged: there is no address."
            data = {"people": [page.user_id], "names": [page.user.name]}
            subject_of(escalation.subject).noted(escalation.subject, "page_failed", text, data)


def _resort_of(escalation: Escalation, without: Collection[int] = ()) -> list[User]:
    return last_resort(fallback_id=escalation.fallback_id, team_id=escalation.team_id, without=without)


def _exhaust(escalation: Escalation, people: Sequence[User], *, late: timedelta, also: Collection[int]) -> None:
    """All levels of all passes have been asked: page the last resort and say so loudly (O21, S50)."""
    escalation.state = ESCALATION.next("exhaust", escalation.state)
    escalation.pass_number, escalation.level = escalation.pass_number + 1, 0
    escalation.fired_at = clock.now()
    schedule(escalation, None)
    paged = page_last_resort(escalation, people, late=late)
    for user in _others(also, [user.pk for user in people]):
        page_person(escalation, user, reason="again", late=late)
    tell_process_owners(escalation, without={page.user_id for page in paged})
    subject_of(escalation.subject).exhausted(escalation.subject)


def page_last_resort(escalation: Escalation, people: Sequence[User], *, late: timedelta = NOT_LATE) -> list[Page]:
    """Page these people as the last resort and write it down; an empty list is written down too."""
    pages = [page_person(escalation, user, reason="last_resort", late=late) for user in people]
    names = [user.name for user in people]
    text = f"{why_exhausted(escalation)}."
    if people:
        text = f"{text} Paged the last resort: {', '.join(names)}."
    else:
        text = f"{text} Nobody is left to be asked."
        log.error("escalation.nobody_left", subject=escalation.subject)
    data = {"people": [page.user_id for page in pages], "names": names}
    subject_of(escalation.subject).noted(escalation.subject, "exhausted", text, data)
    _note_failures(escalation, pages)
    return pages


def nobody_left(escalation: Escalation) -> bool:
    """Whether everybody asked at the present position has declined, is gone or cannot be reached (O23, G13)."""
    here = escalation.pages.filter(pass_number=escalation.pass_number, level=escalation.level)
    return not here.filter(state__in=("sent", "accepted"), failed_at__isnull=True).exists()


def move_on(escalation: Escalation, *, why: str = "") -> None:
    """Go to the next level at once, or widen the last resort to the next group (O23, G13, S50)."""
    if escalation.state == "running":
        take_step(escalation, why=why)
        return
    asked = set(escalation.pages.filter(reason="last_resort").values_list("user_id", flat=True))
    page_last_resort(escalation, _resort_of(escalation, asked))


def end(escalation: Escalation, reason: str) -> None:
    """Stop it: no step, no delayed rule and no queued message of it goes out any more (O18)."""
    now = clock.now()
    live = Escalation.objects.filter(pk=escalation.pk, state__in=LIVE_ESCALATIONS)
    if not live.update(state=ESCALATION.moves["stop"][1], ended_at=now, end_reason=reason[:30]):
        return
    due.withdraw(f"escalation:{escalation.pk}:")
    due.withdraw(f"rule:{escalation.pk}:")
    deliveries.withdraw(PURPOSE, [str(pk) for pk in escalation.pages.values_list("pk", flat=True)])
    move_pages(escalation.pages.all(), "withdraw")
    escalation.refresh_from_db()
