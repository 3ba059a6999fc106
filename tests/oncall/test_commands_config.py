"""Services, policies, schedules and rules: who may change them and what is refused at save."""

from __future__ import annotations

import pytest

from accounts.actors import token_holder
from core.clock import FrozenClock
from core.errors import Conflict, Forbidden, Invalid
from core.models import AuditEntry
from notifications.models import ContactMethod
from oncall.commands import policies, rules, schedules, services
from oncall.kinds import LevelDraft
from oncall.models import EscalationPolicy, NotificationRule, Service, Target
from oncall.queries.coverage import holes, unreachable_policies, warnings_of
from oncall.queries.on_call import next_hand_off, on_call_now
from oncall.queries.reach import last_resort, ways_to
from tests import world as w
from tests.world import World, acts


def test_a_manager_makes_a_policy_as_one_document(world: World) -> None:
    primary = w.schedule("Primary", world.payments, world.bo)
    draft = [LevelDraft(3, (world.cy.pk,), (primary.pk,)), LevelDraft(10, (world.ana.pk,))]
    policy = policies.create(acts(world.ana), world.payments, name="Nights", levels=draft, repeats=1)
    assert [level.timeout_minutes for level in policy.levels.all()] == [3, 10]
    assert Target.objects.filter(level__policy=policy).count() == 3
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.actor) == ("policy.create", f"user:{world.ana.pk}")
    assert entry.after["levels"][0] == {"timeout_minutes": 3, "users": [world.cy.pk], "schedules": [primary.pk]}


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ([], "needs from 1 to 20 levels"),
        ([LevelDraft(5)], "needs from 1 to 50 people"),
        ([LevelDraft(5, (999_999,))], "no such person"),
        ([LevelDraft(5, (), (999_999,))], "no such schedule"),
        ([LevelDraft(0, (1,))], "whole number from 1"),
    ],
)
def test_f55_empty_and_unknown_targets_are_refused_at_save(
    world: World, levels: list[LevelDraft], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        policies.create(acts(world.ana), world.payments, name="Bad", levels=levels)
    assert not EscalationPolicy.objects.filter(name="Bad").exists()


def test_f55_a_policy_that_reaches_nobody_is_refused_and_one_in_use_raises_the_alarm(world: World) -> None:
    una = w.person("Una Reach", teams=[world.payments])
    with pytest.raises(Invalid, match="Nobody on this policy can be reached: Una Reach"):
        policies.create(acts(world.ana), world.payments, name="Bad", levels=[LevelDraft(5, (una.pk,))])
    assert list(unreachable_policies()) == []
    ContactMethod.objects.filter(user__in=[world.bo, world.cy]).delete()
    assert [finding.thing for finding in unreachable_policies()] == [f"policy:{world.policy.pk}"]
    assert warnings_of(world.policy)[0] == "Level 1: Bo Chen has no working way to be reached."


def test_f55_deactivated_people_and_stakeholders_cannot_be_targets(world: World) -> None:
    world.di.is_active = False
    world.di.save()
    for user, why in ((world.di, "has been deactivated"), (world.sam, "is a stakeholder")):
        with pytest.raises(Invalid, match=why):
            policies.create(acts(world.pat), world.payments, name="Bad", levels=[LevelDraft(5, (user.pk,))])


def test_a58_managers_target_their_own_teams_and_process_owners_everybody(world: World) -> None:
    theirs = w.schedule("Search turn", world.search, world.di)
    for draft in (LevelDraft(5, (world.di.pk,)), LevelDraft(5, (world.bo.pk,), (theirs.pk,))):
        with pytest.raises(Invalid, match="process owner"):
            policies.create(acts(world.ana), world.payments, name="Cross", levels=[draft])
    drafts = [LevelDraft(5, (world.di.pk,), (theirs.pk,))]
    cross = policies.create(acts(world.pat), world.payments, name="Cross", levels=drafts)
    again = policies.edit(acts(world.ana), cross, levels=[*drafts, LevelDraft(5, (world.bo.pk,))])
    assert again.levels.count() == 2  # what a process owner put there stays savable


def test_a57_others_may_not_edit(world: World) -> None:
    for user in (world.bo, world.di, world.eve, world.sam):
        with pytest.raises(Forbidden):
            policies.edit(acts(user), world.policy, repeats=1)
        with pytest.raises(Forbidden):
            services.edit(acts(user), world.checkout, name="Mine")
        with pytest.raises(Forbidden):
            services.create(acts(user), world.payments, name="Mine")
    with pytest.raises(Forbidden):
        services.edit(acts(world.ana), world.checkout, team=world.search)


def test_s51_a_stale_form_is_refused(world: World) -> None:
    policies.edit(acts(world.ana), world.policy, version=1, repeats=3)
    with pytest.raises(Conflict) as refused:
        policies.edit(acts(world.ana), world.policy, version=1, repeats=4)
    assert refused.value.code == "stale"


def test_a_policy_in_use_is_not_deleted(world: World) -> None:
    with pytest.raises(Conflict, match="Still used by Checkout"):
        policies.delete(acts(world.ana), world.policy)
    services.edit(acts(world.ana), world.checkout, keep_policy=False)
    policies.delete(acts(world.ana), world.policy)
    assert not EscalationPolicy.objects.exists()


def test_names_are_unique_whatever_their_case(world: World) -> None:
    with pytest.raises(Invalid, match="taken"):
        services.create(acts(world.ana), world.payments, name="CHECKOUT")


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "line\nbreak", "\ud800", "x" * 121, 7])
def test_a21_hostile_names_are_refused(world: World, name: object) -> None:
    with pytest.raises(Invalid):
        services.create(acts(world.ana), world.payments, name=name)  # type: ignore[arg-type]


def test_a83_services_cannot_need_each_other_in_a_circle(world: World) -> None:
    ana = acts(world.ana)
    cart = services.create(ana, world.payments, name="Cart", needs=[world.checkout.pk])
    shop = services.create(ana, world.payments, name="Shop", needs=[cart.pk])
    with pytest.raises(Invalid, match="Checkout → Shop → Cart → Checkout"):
        services.edit(ana, world.checkout, needs=[shop.pk])
    with pytest.raises(Invalid, match="circle"):
        services.edit(ana, world.checkout, needs=[world.checkout.pk])
    assert not Service.objects.get(name="Checkout").dependencies.exists()
    services.edit(ana, shop, needs=[])
    services.edit(ana, world.checkout, needs=[shop.pk])


def test_a_service_keeps_a_policy_with_levels(world: World) -> None:
    empty = EscalationPolicy.objects.create(name="Empty", team=world.payments)
    with pytest.raises(Invalid, match="nobody would be paged"):
        services.edit(acts(world.ana), world.checkout, policy=empty)
    foreign = w.policy("Search on call", world.search, [world.di])
    with pytest.raises(Invalid, match="belongs to another team"):
        services.edit(acts(world.ana), world.checkout, policy=foreign)


def test_a_service_is_archived_and_restored(world: World) -> None:
    services.archive(acts(world.ana), world.checkout)
    with pytest.raises(Conflict):
        services.archive(acts(world.ana), world.checkout)
    assert holes(acts(world.ana)) == []
    services.restore(acts(world.ana), world.checkout)
    with pytest.raises(Conflict):
        services.restore(acts(world.ana), world.checkout)


def test_a_schedule_takes_known_people_only(world: World, at: FrozenClock) -> None:
    """F56: an unknown person in a rotation would be a silent hole."""
    ana = acts(world.ana)
    made = schedules.create(
        ana, world.payments, name="Turn", anchor="2026-11-09T09:00", members=[world.bo.pk, world.cy.pk]
    )
    present = on_call_now(made)
    assert present is not None
    assert present.user == world.cy
    assert next_hand_off(made) == present.until
    for members in ([], [999_999], [world.sam.pk], [world.di.pk]):
        with pytest.raises(Invalid):
            schedules.edit(ana, made, members=members)
    for turns in ({"anchor": "2026-02-30T09:00"}, {"anchor": "soon"}, {"time_zone": "Mars"}, {"length": 0}):
        with pytest.raises(Invalid):
            schedules.edit(ana, made, **turns)
    schedules.edit(ana, made, length=2, unit="day", members=[world.cy.pk])
    assert [member.user for member in made.members.all()] == [world.cy]


def test_a_schedule_in_use_is_not_deleted(world: World) -> None:
    primary = w.schedule("Primary", world.payments, world.bo)
    policy = w.policy("By turn", world.payments, [primary])
    with pytest.raises(Conflict, match="Still used by By turn"):
        schedules.delete(acts(world.ana), primary)
    policies.delete(acts(world.ana), policy)
    schedules.delete(acts(world.ana), primary)


def test_det10_rules_are_ones_own_and_of_verified_addresses(world: World) -> None:
    mine = w.method(world.bo, "ntfy", "bo-topic")
    unverified = w.method(world.bo, "ntfy", "bo-other", verified=False)
    theirs = w.method(world.cy, "ntfy", "cy-topic")
    rule = rules.add(acts(world.bo), world.bo, urgency="high", delay_minutes=5, method_id=mine.pk)
    assert [(way.delay_minutes, way.method.provider) for way in ways_to(world.bo, "high")] == [
        (0, "email"),
        (5, "ntfy"),
    ]
    for method in (unverified, theirs):
        with pytest.raises(Invalid):
            rules.add(acts(world.bo), world.bo, urgency="high", delay_minutes=0, method_id=method.pk)
    with pytest.raises(Conflict):
        rules.add(acts(world.bo), world.bo, urgency="high", delay_minutes=5, method_id=mine.pk)
    for actor in (acts(world.cy), acts(world.ada), token_holder(world.bo, None)):
        with pytest.raises(Forbidden):
            rules.remove(actor, rule)
    rules.remove(acts(world.bo), rule)
    rules.reset(acts(world.bo), world.bo)
    assert not NotificationRule.objects.filter(user=world.bo).exists()


def test_a_new_persons_default_is_mail_and_push_at_once(world: World) -> None:
    new = w.person("Nia New")
    assert ways_to(new, "high") == []
    w.method(new)
    w.method(new, "ntfy", "nia")
    w.method(new, "sms_twilio", "+4915100000002")
    assert [(way.delay_minutes, way.method.provider) for way in ways_to(new, "high")] == [(0, "email"), (0, "ntfy")]
    ContactMethod.objects.filter(user=new).exclude(provider="sms_twilio").delete()
    assert [way.method.provider for way in ways_to(new, "low")] == ["sms_twilio"]


def test_last_resort_is_the_first_group_that_can_be_reached(world: World) -> None:
    def names(fallback: int | None, team: int | None, *without: int) -> list[str]:
        return [user.name for user in last_resort(fallback_id=fallback, team_id=team, without=without)]

    payments = world.payments.pk
    assert names(world.cy.pk, payments) == ["Cy Novak"]
    assert names(None, payments) == ["Ana Lima"]
    assert names(world.eve.pk, payments) == ["Ana Lima"]  # the fallback has no address
    assert names(None, world.search.pk) == ["Ada Admin"]  # no managers; the administrator, though without address
    assert names(world.cy.pk, payments, world.cy.pk, world.ana.pk, world.ada.pk) == []


def test_mob25_holes_are_named(world: World, at: FrozenClock) -> None:
    w.service("Orphan", world.search)
    w.schedule("Gap", world.search, world.di, anchor="2027-01-01T00:00")
    assert [(hole.name, hole.sentence[:20]) for hole in holes(acts(world.eve))] == [
        ("Orphan", "It has no escalation"),
        ("Gap", "Nobody is on call no"),
    ]
    assert holes(acts(world.sam)) == []
