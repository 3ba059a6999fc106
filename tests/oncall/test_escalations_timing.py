"""O25-O29, F3, F33, F39, G12, G13: urgency, outages, failing providers."""

from __future__ import annotations

from datetime import timedelta

from accounts.actors import link_holder, system
from accounts.models import User
from core import clock
from core.clock import FrozenClock
from notifications.commands import contact_methods
from notifications.models import ContactMethod, Delivery
from oncall.commands import escalations, pages
from oncall.models import Escalation, NotificationRule, Page
from oncall.queries.escalations import unattended
from tests import world as w
from tests.oncall.cases import KEY, Case, after, fail, hand, paged, queued, start, work
from tests.world import World, acts


def page_of(user: User) -> Page:
    return Page.objects.filter(user=user).latest("pk")


def accept(user: User) -> str:
    return pages.accept(link_holder(user), page_of(user), via="mail link")


def decline(user: User, reason: str = "") -> str:
    return pages.decline(link_holder(user), page_of(user), via="mail link", reason=reason)


def test_o25_low_urgency_pages_level_one_by_the_low_rules_and_does_not_escalate(
    world: World, case: Case, at: FrozenClock
) -> None:
    quiet = w.method(world.bo, "ntfy", "bo-quiet")
    w.rule(world.bo, quiet, urgency="low")
    start(world.policy, urgency="low")
    [message] = queued()
    assert message.provider == "ntfy"
    assert after(at, minutes=600) == 0
    assert paged() == ["Bo"]
    assert not list(unattended())


def test_o26_after_an_outage_one_step_fires_and_the_next_counts_from_now(
    world: World, case: Case, at: FrozenClock
) -> None:
    """F3, F39: never three levels in one burst; the page says how late it is."""
    start(w.policy("Three", world.payments, [world.bo], [world.cy], [world.ana]))
    assert after(at, minutes=67) == 1
    assert paged() == ["Cy"]
    assert Escalation.objects.get().due_at == at.at + timedelta(minutes=5)
    assert "Late by 62 min." in queued(world.cy)[0].message["text"]
    assert case.data[-1]["late_minutes"] == 62
    after(at, minutes=5)
    assert paged() == ["Ana"]


def test_f39_a_clock_set_back_pages_nobody_twice(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    assert after(at, hours=-1) == 0
    assert after(at, hours=1) == 0
    assert after(at, minutes=5) == 1
    assert paged() == ["Cy"]


def test_f3_what_was_answered_meanwhile_is_not_replayed(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    case.wanted = False
    after(at, minutes=67)
    assert paged() == []
    assert Escalation.objects.get().state == "stopped"


def test_o27_a_hold_is_a_due_time_in_the_database(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy, first_due=at.at + timedelta(minutes=2))
    assert paged() == []
    assert not list(unattended())
    after(at, minutes=2)
    assert paged() == ["Bo"]
    assert case.kinds() == ["page_sent"]


def test_o28_reassigning_restarts_at_level_one_and_cancels_old_messages(world: World, case: Case) -> None:
    start(world.policy)
    other = w.policy("Search on call", world.search, [world.di], repeats=1)
    escalations.restart(system(), KEY, policy=other, team_id=world.search.pk, reason="reassigned")
    assert paged() == ["Di"]
    assert [message.user for message in queued()] == [world.di]
    escalations.restart(system(), KEY, user=world.cy, reason="reassigned")
    assert paged() == ["Cy"]
    assert Escalation.objects.filter(state="running").count() == 1
    assert Escalation.objects.get(state="running").run == 3


def test_o29_a_failed_answer_of_a_provider_fires_the_next_rule_at_once(
    world: World, case: Case, at: FrozenClock
) -> None:
    push = w.method(world.bo, "ntfy", "bo-topic")
    w.rule(world.bo, push, delay_minutes=10)
    start(world.policy)
    [mail] = queued()
    fail(mail, final=True)
    assert work() == 1
    assert [message.provider for message in queued()] == ["ntfy"]
    assert after(at, minutes=4) == 0
    assert paged() == ["Bo"]


def test_o29_when_the_rules_are_used_up_other_verified_addresses_are_tried(world: World, case: Case) -> None:
    w.method(world.bo, "sms_twilio", "+4915100000001")
    start(world.policy)
    fail(queued()[0], final=False)
    work()
    assert {message.provider for message in queued()} == {"email", "sms_twilio"}


def test_o29_nobody_without_a_working_address_counts_as_present(world: World, case: Case) -> None:
    ContactMethod.objects.filter(user=world.bo).update(broken_at=clock.now())
    start(world.policy)
    assert paged() == ["Cy"]
    assert paged(state="undeliverable") == ["Bo"]


def test_g13_when_every_address_has_failed_for_good_the_next_level_is_paged_at_once(
    world: World, case: Case, at: FrozenClock
) -> None:
    w.method(world.ada, "ntfy", "ada-topic")
    w.method(world.ada)
    start(world.policy)
    fail(queued()[0], final=True)
    work()
    assert paged() == ["Cy"]
    assert paged(state="undeliverable") == ["Bo"]
    assert case.texts("page_failed") == ["No message reaches Bo Chen: every address has failed."]
    told = Delivery.objects.get(purpose="page.notice")
    assert (told.user, told.provider) == (world.ada, "ntfy")  # by another way than the one that failed


def test_g13_the_administrator_is_told_where_nothing_was_ever_refused(
    world: World, case: Case, at: FrozenClock
) -> None:
    """F67: Ada's topic died two days ago; her mailbox works, though Bo's does not."""
    w.method(world.ada, "ntfy", "ada-topic", broken_at=at.at - timedelta(days=2), broken_reason="404")
    mail = w.method(world.ada)
    start(world.policy)
    fail(queued()[0], final=True)
    work()
    assert Delivery.objects.get(purpose="page.notice").method == mail


def test_g12_one_slow_answer_does_not_change_the_timing(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    fail(queued()[0], final=False)
    work()
    at.move(seconds=3)
    hand()
    assert after(at, minutes=4) <= 1
    assert paged() == ["Bo"]
    assert not case.texts("page_failed")
    after(at, minutes=1)
    assert paged() == ["Cy"]


def test_f33_with_all_providers_down_levels_follow_each_other_in_half_minutes(
    world: World, case: Case, at: FrozenClock
) -> None:
    start(world.policy)
    fail(queued(world.bo)[0], final=False)
    work()
    assert paged() == ["Bo"]
    after(at, seconds=30)
    assert paged() == ["Cy"]
    fail(queued(world.cy)[0], final=False)
    work()
    assert paged() == ["Cy"]
    after(at, seconds=30)
    assert paged() == ["Ana"]
    assert len(queued()) == 3  # all leave when the providers are back, marked late


def test_a_second_page_of_the_same_person_replaces_the_first_ones_messages(
    world: World, case: Case, at: FrozenClock
) -> None:
    start(w.policy("Alone", world.payments, [world.bo], repeats=1))
    after(at, minutes=5)
    assert len(queued(world.bo)) == 1


def test_delayed_rules_go_on_after_the_level_has_timed_out(world: World, case: Case, at: FrozenClock) -> None:
    w.rule(world.bo, w.method(world.bo, "ntfy", "bo-topic"), delay_minutes=10)
    start(world.policy)
    hand()
    after(at, minutes=5)
    hand()
    after(at, minutes=5)
    assert [message.provider for message in queued(world.bo)] == ["ntfy"]


def test_o29_what_waits_for_an_address_that_is_removed_goes_to_the_others(
    world: World, case: Case, at: FrozenClock
) -> None:
    """Bo's only rule was push after 15 minutes; he removes the push address while the page waits for it."""
    NotificationRule.objects.filter(user=world.bo).delete()
    push = w.method(world.bo, "ntfy", "bo-topic")
    w.rule(world.bo, push, delay_minutes=15)
    start(w.policy("Patient", world.payments, [world.bo], [world.cy], timeout_minutes=60))
    assert queued() == []
    contact_methods.remove(acts(world.bo), push)
    after(at, minutes=15)
    assert [(message.user, message.provider) for message in queued()] == [(world.bo, "email")]
    assert paged() == ["Bo"]


def test_o29_where_the_removed_address_was_the_only_one_the_next_level_is_asked(
    world: World, case: Case, at: FrozenClock
) -> None:
    ContactMethod.objects.filter(user=world.bo).delete()
    push = w.method(world.bo, "ntfy", "bo-topic")
    w.rule(world.bo, push, delay_minutes=15)
    start(w.policy("Patient", world.payments, [world.bo], [world.cy], timeout_minutes=60))
    contact_methods.remove(acts(world.bo), push)
    after(at, minutes=15)
    assert paged() == ["Cy"]
    assert paged(state="undeliverable") == ["Bo"]
    assert case.texts("page_failed") == ["No message reaches Bo Chen: every address has failed."]


def test_o29_an_address_removed_after_the_answer_causes_nothing(world: World, case: Case, at: FrozenClock) -> None:
    push = w.method(world.bo, "ntfy", "bo-topic")
    w.rule(world.bo, push, delay_minutes=15)
    start(world.policy)
    hand()
    contact_methods.remove(acts(world.bo), push)
    accept(world.bo)
    after(at, minutes=15)
    assert queued() == []
    assert case.texts("page_failed") == []


def test_a_raised_priority_counts_for_the_levels_that_follow(world: World, case: Case, at: FrozenClock) -> None:
    """From P3 to P1 nothing restarts; Cy's first page is a P1's, which is never held back (F65)."""
    case.rank = 3
    start(world.policy, rank=3)
    assert [message.rank for message in queued()] == [3]
    hand()
    case.rank = 1
    after(at, minutes=5)
    [message] = queued(world.cy)
    assert (message.rank, message.first) == (1, True)
