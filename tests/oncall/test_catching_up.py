"""F52: after a long absence what is still open is paged for once and late; nobody is told twice what was told."""

from __future__ import annotations

from datetime import timedelta

from core import away, clock, passes
from core.clock import FrozenClock
from core.models import Beat
from incidents.commands import opening
from oncall.commands import catching_up
from oncall.models import Escalation, Page
from tests import world as w
from tests.oncall.cases import Case, after, hand, paged, queued, start, stop, work
from tests.world import World


def gone(at: FrozenClock, **by: float) -> away.Away:
    """The portal ends at this moment and comes back after a while."""
    Beat.objects.update_or_create(name=passes.ASKED, defaults={"at": at.at})
    at.move(**by)
    found = away.come_back()
    assert found is not None
    return found


def messages() -> list[str]:
    """Who is told something as soon as carriers are asked, one word for each message."""
    return [one.user.name.split()[0] for one in queued() if one.user]


def test_who_was_told_is_not_told_again_and_the_next_level_is_asked_once(
    world: World, case: Case, at: FrozenClock
) -> None:
    phone = w.method(world.bo, "ntfy", "bo-phone")
    w.rule(world.bo, phone, delay_minutes=3)
    start(w.policy("Three", world.payments, [world.bo], [world.cy], [world.ana]))
    hand(queued(world.bo)[0])
    gone(at, hours=5)
    work()
    assert messages() == ["Cy"]
    assert "Late by 295 min." in queued(world.cy)[0].message["text"]
    assert case.kinds() == ["page_sent", "caught_up", "escalated"]
    assert case.texts("caught_up") == [
        "Nobody was paged from 16 Nov 09:00 to 16 Nov 14:00 UTC: Watchbill was away. "
        "Reminders of that time that were dropped: 1."
    ]
    after(at, minutes=5)
    assert paged() == ["Ana"], "the next level has its whole time, then the escalation goes on as ever"


def test_a_page_that_never_left_leaves_late_and_its_level_has_its_whole_time(
    world: World, case: Case, at: FrozenClock
) -> None:
    phone = w.method(world.bo, "ntfy", "bo-phone")
    w.rule(world.bo, phone, delay_minutes=3)
    start(w.policy("Two", world.payments, [world.bo], [world.cy]))
    gone(at, hours=5)
    work()
    assert messages() == ["Bo"], "the mail of before; the phone three minutes after it"
    assert Escalation.objects.get().due_at == at.at + timedelta(minutes=5)
    after(at, minutes=3)
    assert messages() == ["Bo", "Bo"]
    after(at, minutes=2)
    assert Page.objects.filter(user=world.cy).exists()


def test_what_is_over_pages_nobody(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    case.wanted = False
    gone(at, hours=2)
    work()
    assert queued() == []
    assert Escalation.objects.get().state == "stopped"
    assert case.kinds() == ["page_sent"]


def test_what_was_answered_stays_quiet(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy)
    stop()
    gone(at, hours=2)
    assert work() == 0
    assert queued() == []


def test_doing_it_again_changes_nothing(world: World, case: Case, at: FrozenClock) -> None:
    """Another worker may come back at the same moment, and the first may be killed halfway."""
    escalation = start(w.policy("Two", world.payments, [world.bo], [world.cy]))
    hand(queued(world.bo)[0])
    found = gone(at, hours=5)
    before = (messages(), case.kinds())
    for key in catching_up.waiting(found):
        catching_up.catch_up(key, found)
    work()
    assert (messages(), case.kinds()) == before == (["Cy"], ["page_sent", "caught_up", "escalated"])
    assert Escalation.objects.get() == escalation


def test_low_urgency_that_never_left_still_leaves(world: World, case: Case, at: FrozenClock) -> None:
    start(world.policy, urgency="low")
    gone(at, hours=8)
    work()
    assert messages() == ["Bo"]


def test_a_second_pass_is_not_told_to_who_knows_but_the_next_is_asked(
    world: World, case: Case, at: FrozenClock
) -> None:
    """Bo was reached in the first pass; the second pass' page of him never left."""
    start(w.policy("Two", world.payments, [world.bo], [world.cy], repeats=1))
    hand(queued(world.bo)[0])
    after(at, minutes=5)
    hand(queued(world.cy)[0])
    after(at, minutes=5)
    assert messages() == ["Bo"]
    gone(at, hours=2)
    work()
    assert messages() == ["Cy"]


def test_an_incident_says_so_in_its_timeline(world: World, at: FrozenClock) -> None:
    incident = opening.declare(w.acts(world.di), service=world.checkout, title="Down", priority=w.priority(1))
    hand(queued(world.bo)[0])
    gone(at, hours=3)
    entries = list(incident.entries.order_by("pk").values_list("kind", flat=True))
    assert entries.count("caught_up") == 1
    assert entries.index("caught_up") < entries.index("escalated")
    assert clock.now() == at.at


def reminders(world: World, *minutes: int) -> None:
    """Bo's phone tells him again so many minutes after the mail."""
    phone = w.method(world.bo, "ntfy", "bo-phone")
    for each in minutes:
        w.rule(world.bo, phone, delay_minutes=each)


def test_where_nobody_else_is_asked_one_late_reminder_leaves(world: World, case: Case, at: FrozenClock) -> None:
    """Low urgency asks one level: the mail was handed over, the phone was to ring while the portal was away."""
    reminders(world, 3, 6)
    for rule in world.bo.notification_rules.all():
        w.rule(world.bo, rule.method, delay_minutes=rule.delay_minutes, urgency="low")
    start(world.policy, urgency="low")
    hand(queued(world.bo)[0])
    gone(at, hours=5)
    work()
    assert messages() == ["Bo"]
    assert "Reminders of that time that were dropped: 1." in case.texts("caught_up")[0]


def test_a_level_with_time_left_reminds_its_people_once(world: World, case: Case, at: FrozenClock) -> None:
    reminders(world, 3, 6)
    start(w.policy("Slow", world.payments, [world.bo], [world.cy], timeout_minutes=600))
    hand(queued(world.bo)[0])
    gone(at, hours=5)
    work()
    assert messages() == ["Bo"]
    assert paged() == ["Bo"]


def test_a_second_worker_takes_back_nothing_that_the_first_has_sent(world: World, case: Case, at: FrozenClock) -> None:
    """Both review the same absence; the first is done, has paged Cy by mail and phone, and the mail has left."""
    w.rule(world.cy, w.method(world.cy, "ntfy", "cy-phone"))
    start(w.policy("Two", world.payments, [world.bo], [world.cy]))
    hand(queued(world.bo)[0])
    found = gone(at, hours=5)
    work()
    at.move(seconds=2)
    hand(queued(world.cy)[0])
    for key in catching_up.waiting(found):
        catching_up.catch_up(key, found)
    assert messages() == ["Cy"], "the phone still waits for its carrier"
