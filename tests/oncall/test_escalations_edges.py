"""S50, TRI-14, G14: last resort, undo, escalate now, what the auditor sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import link_holder, system
from accounts.models import User
from core.clock import FrozenClock
from core.errors import Conflict
from core.models import DueRow
from notifications.models import ContactMethod
from oncall.commands import escalations, pages, purpose
from oncall.models import Escalation, Page
from oncall.queries.escalations import unattended, waiting_for
from tests import world as w
from tests.oncall.cases import KEY, Case, after, hand, paged, queued, start, stop
from tests.world import World


def page_of(user: User) -> Page:
    return Page.objects.filter(user=user).latest("pk")


def accept(user: User) -> str:
    return pages.accept(link_holder(user), page_of(user), via="mail link")


def decline(user: User, reason: str = "") -> str:
    return pages.decline(link_holder(user), page_of(user), via="mail link", reason=reason)


def test_s50_f55_a_deactivated_persons_pages_go_to_the_next_level(world: World, case: Case) -> None:
    start(world.policy)
    User.objects.filter(pk=world.bo.pk).update(is_active=False)
    pages.release_person(world.bo.pk)
    assert paged() == ["Cy"]
    assert [message.user for message in queued()] == [world.cy]
    assert case.texts("page_failed") == ["Bo Chen has been deactivated and will not answer."]


def test_s50_the_last_resort_widens_when_it_declines(world: World, case: Case, at: FrozenClock) -> None:
    w.method(world.ada)
    start(w.policy("Short", world.payments, [world.bo], fallback=world.cy))
    after(at, minutes=5)
    assert paged() == ["Cy"]
    decline(world.cy)
    assert paged() == ["Ana"]
    decline(world.ana)
    assert paged() == ["Ada"]
    decline(world.ada)
    assert case.texts("exhausted")[-1] == "Nobody has answered. Nobody is left to be asked."


def test_s50_without_a_policy_the_managers_are_paged_at_once(world: World, case: Case) -> None:
    start(None, team_id=world.payments.pk)
    assert paged() == ["Ana"]
    start_again = Escalation.objects.get()
    assert start_again.state == "exhausted"
    with pytest.raises(Conflict):
        start(None, team_id=world.payments.pk)


def test_s50_never_fewer_than_one_person(world: World, case: Case) -> None:
    """Nobody of the last resort has an address: the administrators are asked all the same, and it is said."""
    ContactMethod.objects.all().delete()
    start(world.policy)
    assert paged(state="undeliverable") == ["Bo", "Cy", "Ada"]
    assert "Ada Admin could not be paged: there is no address." in case.texts("page_failed")


def test_every_word_about_a_message_that_does_not_arrive_is_heard(world: World, case: Case) -> None:
    """O29: the first failure, a long hold after it and the end are three pieces of news."""
    start(world.policy)
    [message] = queued()
    message.attempts = 1
    purpose.failed(message, final=False)
    message.held_until = message.created_at + timedelta(minutes=30)
    purpose.failed(message, final=False)
    purpose.failed(message, final=True)
    purpose.failed(message, final=True)
    assert DueRow.objects.filter(kind="page.failed").count() == 3


def test_messages_are_locked_before_pages_when_somebody_is_asked_again(
    world: World, case: Case, at: FrozenClock
) -> None:
    """Two orders would be a deadlock with a worker that is just sending (see kinds)."""
    start(w.policy("Alone", world.payments, [world.bo], repeats=2))
    with CaptureQueriesContext(connection) as queries:
        after(at, minutes=5)
    assert page_of(world.bo).pass_number == 2
    written = [query["sql"].split('"')[1] for query in queries if query["sql"].startswith("UPDATE")]
    assert written.index("notifications_delivery") < written.index("oncall_page")


def test_undo_restores_the_former_due_time_and_the_messages_that_had_not_left(
    world: World, case: Case, at: FrozenClock
) -> None:
    w.rule(world.bo, w.method(world.bo, "ntfy", "bo-topic"), delay_minutes=2)
    start(world.policy)
    before = Escalation.objects.get().due_at
    hand()
    at.move(seconds=60)
    accept(world.bo)
    at.move(seconds=8)
    escalations.resume(system(), KEY)
    restored = Escalation.objects.get()
    assert (restored.state, restored.due_at) == ("running", before)
    assert paged() == ["Bo"]
    assert queued() == []  # the mail had been handed over
    after(at, seconds=52)
    assert [message.provider for message in queued()] == ["ntfy"]
    after(at, minutes=3)
    assert paged() == ["Cy"]


def test_tri14_escalate_now_pages_the_next_level_once(world: World, case: Case, at: FrozenClock) -> None:
    start(w.policy("Three", world.payments, [world.bo], [world.cy], [world.ana]))
    escalations.escalate_now(link_holder(world.bo), KEY)
    assert paged() == ["Cy"]
    assert case.entries[-1] == ("escalated", "Bo Chen escalated. Paged Cy Novak (level 2).")
    after(at, minutes=4)
    assert paged() == ["Cy"]
    after(at, minutes=1)
    assert paged() == ["Ana"]


def test_tri14_escalate_now_after_an_acknowledgement_goes_on_from_there(world: World, case: Case) -> None:
    start(world.policy)
    accept(world.bo)
    escalations.escalate_now(link_holder(world.bo), KEY)
    assert paged() == ["Cy"]


def test_tri14_escalate_now_is_refused_when_everybody_was_asked(world: World, case: Case, at: FrozenClock) -> None:
    start(w.policy("Short", world.payments, [world.bo]))
    after(at, minutes=5)
    with pytest.raises(Conflict, match="Everybody has been asked"):
        escalations.escalate_now(system(), KEY)


def test_keypad_six_escalates(world: World, case: Case) -> None:
    start(world.policy)
    assert pages.escalate(link_holder(world.bo, via="keypad"), page_of(world.bo), via="keypad").startswith("escalate")
    assert paged() == ["Cy"]


def test_waiting_for_says_who_is_asked_and_who_is_next(world: World, case: Case, at: FrozenClock) -> None:
    assert waiting_for(KEY) is None
    start(world.policy)
    waiting = waiting_for(KEY)
    assert waiting is not None
    assert [user.name for user in waiting.people] == ["Bo Chen"]
    assert [user.name for user in waiting.next_people] == ["Cy Novak"]
    assert (waiting.next_due, waiting.level, waiting.levels) == (at.at + timedelta(minutes=5), 1, 2)
    after(at, minutes=5)
    waiting = waiting_for(KEY)
    assert waiting is not None
    assert waiting.next_is_last_resort
    assert [user.name for user in waiting.next_people] == ["Ana Lima"]
    stop()
    waiting = waiting_for(KEY)
    assert waiting is not None
    assert (waiting.people, waiting.next_people, waiting.next_due) == ([], [], None)


def test_g14_the_auditor_finds_an_escalation_without_a_step(world: World, case: Case, at: FrozenClock) -> None:
    escalation = start(world.policy)
    assert not list(unattended())
    DueRow.objects.filter(key=escalation.step_key).update(state="parked")
    assert [finding.thing for finding in unattended()] == [KEY]
    DueRow.objects.filter(key=escalation.step_key).update(state="waiting")
    at.move(minutes=8)
    assert "overdue" in next(finding.sentence for finding in unattended())
