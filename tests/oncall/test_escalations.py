"""O15-O30 as stories: who is paged when, and what stops it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.actors import link_holder, system
from accounts.models import User
from core import clock
from core.clock import FrozenClock
from core.errors import Conflict
from core.models import DueRow
from notifications.models import Delivery
from oncall.commands import escalations, pages
from oncall.commands.purpose import still_wanted
from oncall.commands.steps import fire_step
from oncall.models import Escalation, EscalationPolicy, Level, Page, Schedule, Target
from tests import world as w
from tests.oncall.cases import KEY, Case, after, paged, queued, start, stop, work
from tests.world import World, acts


def page_of(user: User) -> Page:
    return Page.objects.filter(user=user).latest("pk")


def accept(user: User) -> str:
    return pages.accept(link_holder(user), page_of(user), via="mail link")


def decline(user: User, reason: str = "") -> str:
    return pages.decline(link_holder(user), page_of(user), via="mail link", reason=reason)


def test_level_one_is_paged_in_the_same_transaction(world: World, case: Case) -> None:
    start(world.policy)
    assert paged() == ["Bo"]
    [message] = queued()
    assert message.user == world.bo
    assert message.first
    assert message.message["incident"] == "CASE-7"
    assert message.message["title"] == "Checkout is down"
    assert "/answer/" in message.message["answer_link"]
    assert message.message["link"] == "http://localhost:8000/cases/7/"
    assert case.entries == [("page_sent", "Paged Bo Chen (level 1).")]


def test_o15_a_step_is_claimed_once(world: World, case: Case, at: FrozenClock) -> None:
    escalation = start(world.policy)
    at.move(minutes=5)
    for _ in range(3):  # five clocks, one step (F12)
        from_row = DueRow.objects.get(key=escalation.step_key)
        escalation_id, step = (int(part) for part in from_row.ref.split(":"))
        fire_step(escalation_id, step)
    assert paged() == ["Cy"]
    assert Page.objects.count() == 2


def test_o16_who_is_on_call_is_read_when_the_level_fires(world: World, case: Case, at: FrozenClock) -> None:
    primary = w.schedule("Primary", world.payments, world.bo, world.cy, anchor="2026-11-09T09:02")
    policy = w.policy("By turn", world.payments, [world.ana], [primary])
    start(policy)
    assert paged() == ["Ana"]
    after(at, minutes=5)  # the hand-off to Cy was at 09:02
    assert paged() == ["Cy"]


def test_o16_a_hand_off_during_a_wait_pages_nobody_by_itself_but_the_next_pass_does(
    world: World, case: Case, at: FrozenClock
) -> None:
    primary = w.schedule("Primary", world.payments, world.bo, world.cy, anchor="2026-11-09T09:02")
    start(w.policy("By turn", world.payments, [primary], repeats=1))
    assert paged() == ["Bo"]
    after(at, minutes=3)
    assert paged() == ["Bo"]
    after(at, minutes=2)
    assert paged() == ["Cy"]


def test_o17_a_level_without_anybody_is_passed_over_at_once_with_an_entry(
    world: World, case: Case, at: FrozenClock
) -> None:
    """F56: an empty schedule at the time of the page."""
    gap = w.schedule("Nights", world.payments, world.bo, anchor="2027-01-01T09:00")
    unreachable = w.person("Una Reach")
    start(w.policy("Holes", world.payments, [gap], [unreachable], [world.cy]))
    assert paged() == ["Cy"]
    assert case.texts("level_skipped") == [
        "Level 1 passed over at once: nobody is on call in Nights.",
        "Level 2 passed over at once: Una Reach has no working way to be reached.",
    ]
    assert paged(state="undeliverable") == ["Una"]


def test_o17_s50_when_all_are_empty_the_last_resort_is_paged(world: World, case: Case) -> None:
    gap = w.schedule("Nights", world.payments, world.bo, anchor="2027-01-01T09:00")
    start(w.policy("Nobody", world.payments, [gap], repeats=3))
    assert paged() == ["Ana"]  # no fallback: the team's manager
    assert case.exhausted == 1
    assert "Nobody on the policy can be reached" in case.texts("exhausted")[0]


def test_o18_an_acknowledgement_cancels_delayed_rules_and_queued_messages_of_all(
    world: World, case: Case, at: FrozenClock
) -> None:
    for user in (world.bo, world.cy):
        w.rule(user, w.method(user, "ntfy", f"topic-{user.pk}"), delay_minutes=2)
    start(w.policy("Both", world.payments, [world.bo, world.cy]))
    assert len(queued()) == 2
    stop()
    assert queued() == []
    assert set(Delivery.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert after(at, minutes=60) == 0
    assert Page.objects.filter(state="withdrawn").count() == 2
    assert not DueRow.objects.filter(state="waiting", kind__in=["escalation.step", "rule.fire"]).exists()


def test_o18_right_before_sending_the_page_is_asked_again(world: World, case: Case) -> None:
    start(world.policy)
    [message] = queued()
    assert still_wanted(message)
    case.wanted = False
    assert not still_wanted(message)
    case.wanted = True
    stop()
    assert not still_wanted(message)


def test_o19_an_acknowledgement_in_the_same_second_wins(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    at.move(minutes=5)
    stop()
    assert work() == 0
    assert paged(state="withdrawn") == ["Bo"]


def test_o20_after_a_time_out_the_acker_and_level_one_are_paged(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    accept(world.bo)
    at.move(minutes=30)
    with clock.frozen(at.at):
        escalations.restart(system(), KEY, also=[world.cy.pk], reason="acknowledge time-out")
    assert sorted(paged()) == ["Bo", "Cy"]
    again = page_of(world.cy)
    assert again.reason == "again"
    assert "still open" in Delivery.objects.get(purpose_key=str(again.pk)).message["text"]
    fresh = Escalation.objects.get(state="running")
    assert (fresh.run, fresh.pass_number, fresh.level) == (2, 1, 1)


def test_o21_repeats_are_further_passes_and_the_last_resort_follows(world: World, case: Case, at: FrozenClock) -> None:
    policy = w.policy("Twice", world.payments, [world.bo], [world.cy], repeats=1, fallback=world.ana)
    start(policy)
    seen = [paged()]
    for _ in range(4):
        after(at, minutes=5)
        seen.append(paged())
    assert seen == [["Bo"], ["Cy"], ["Bo"], ["Cy"], ["Ana"]]
    assert Escalation.objects.get().state == "exhausted"
    assert case.exhausted == 1
    assert [message.pressing for message in queued(world.ana)] == [True], "it does not wait for her minute"
    assert not any(message.pressing for message in Delivery.objects.exclude(user=world.ana))
    assert case.texts("exhausted") == ["Nobody has answered. Paged the last resort: Ana Lima."]
    assert after(at, minutes=600) == 0


def test_o21_process_owners_get_one_notice(world: World, case: Case, at: FrozenClock) -> None:
    w.method(world.pat)
    start(w.policy("Short", world.payments, [world.bo], fallback=world.ana))
    after(at, minutes=5)
    notice = Delivery.objects.get(purpose="page.notice")
    assert notice.user == world.pat
    assert list(Delivery.objects.visible_to(acts(world.ada)).filter(pk=notice.pk)) == [notice]
    case.unknown_to = [world.ada, world.pat]
    assert not Delivery.objects.visible_to(acts(world.ada)).filter(pk=notice.pk).exists()  # S34
    assert Delivery.objects.visible_to(acts(world.pat)).filter(pk=notice.pk).exists()
    assert not notice.message["answer_link"]


def test_o21_the_notice_goes_where_nothing_was_ever_refused(world: World, case: Case, at: FrozenClock) -> None:
    """F67: Pat's mailbox died two days ago and is her only rule for notices; her topic works."""
    dead = w.method(world.pat, broken_at=at.at - timedelta(days=2), broken_reason="550")
    w.rule(world.pat, dead, urgency="low")
    topic = w.method(world.pat, "ntfy", "pat-topic")
    start(w.policy("Short", world.payments, [world.bo], fallback=world.ana))
    after(at, minutes=5)
    assert Delivery.objects.get(purpose="page.notice").method == topic


def test_o22_the_same_person_is_paged_once_per_pass(world: World, case: Case, at: FrozenClock) -> None:
    primary = w.schedule("Primary", world.payments, world.bo)
    policy = w.policy("Same", world.payments, [world.bo, primary], [primary], [world.cy])
    start(policy)
    assert Page.objects.count() == 1
    after(at, minutes=5)
    assert paged() == ["Cy"]
    assert "already been paged" in case.texts("level_skipped")[0]


def test_o23_a_decline_moves_on_only_when_everybody_on_the_level_declined(world: World, case: Case) -> None:
    start(w.policy("Both", world.payments, [world.bo, world.cy], [world.ana]))
    decline(world.bo, "at the dentist")
    assert paged() == ["Cy"]
    decline(world.cy)
    assert paged() == ["Ana"]
    assert case.texts("page_declined") == ["Bo Chen declined: at the dentist", "Cy Novak declined."]
    assert case.entries[-1] == ("escalated", "Everybody on this level declined. Paged Ana Lima (level 2).")


def test_o23_an_accept_after_the_escalation_moved_on_still_counts(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    after(at, minutes=5)
    assert paged(state="timed_out") == ["Bo"]
    accept(world.bo)
    assert Escalation.objects.get().state == "stopped"
    assert paged(state="accepted") == ["Bo"]
    assert paged(state="withdrawn") == ["Cy"]
    with pytest.raises(Conflict, match="Bo Chen acknowledged it"):
        accept(world.cy)


def test_o23_a_late_decline_of_a_former_level_moves_nothing(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    after(at, minutes=5)
    decline(world.bo)
    assert paged() == ["Cy"]


def test_o24_an_escalation_keeps_its_copy_of_the_policy(world: World, case: Case, at: FrozenClock) -> None:
    """F57: the policy is edited and deleted while it runs; schedules stay live."""
    primary = w.schedule("Primary", world.payments, world.cy)
    policy = w.policy("Copy", world.payments, [world.bo], [primary])
    start(policy)
    Target.objects.all().delete()
    Level.objects.all().delete()
    EscalationPolicy.objects.filter(pk=policy.pk).delete()
    primary.members.update(user=world.di)
    after(at, minutes=5)
    assert paged() == ["Di"]


def test_o24_a_deleted_schedule_is_passed_over(world: World, case: Case, at: FrozenClock) -> None:
    primary = w.schedule("Primary", world.payments, world.cy)
    start(w.policy("Copy", world.payments, [world.bo], [primary], [world.ana]))
    Target.objects.filter(schedule=primary).delete()
    Schedule.objects.filter(pk=primary.pk).delete()
    after(at, minutes=5)
    assert paged() == ["Ana"]
