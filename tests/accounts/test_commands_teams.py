"""Teams are made by process owners and run by their managers."""

from __future__ import annotations

import pytest

from accounts.commands import teams
from accounts.models import Membership, Team
from core.errors import Conflict, Forbidden, Invalid, Missing
from core.models import AuditEntry
from tests.world import World, acts, team


def test_the_process_owner_makes_a_team(world: World) -> None:
    made = teams.create(acts(world.pat), name="  Platform ", description="Runs the clusters")
    assert (made.name, made.description) == ("Platform", "Runs the clusters")
    assert AuditEntry.objects.filter(verb="team.create", thing=f"team:{made.pk}").exists()


def test_names_are_taken_whatever_their_case(world: World) -> None:
    with pytest.raises(Conflict):
        teams.create(acts(world.pat), name="PAYMENTS")
    with pytest.raises(Conflict):
        teams.edit(acts(world.pat), world.search, name="payments")


def test_ana_edits_her_team_and_no_other(world: World) -> None:
    """A58, A60: the manager of one team is nobody in another."""
    changed = teams.edit(acts(world.ana), world.payments, description="Money", version=world.payments.version)
    assert (changed.description, changed.version) == ("Money", world.payments.version + 1)
    with pytest.raises(Forbidden):
        teams.edit(acts(world.ana), world.search, name="Ours now")
    with pytest.raises(Conflict):
        teams.edit(acts(world.ana), world.payments, name="Late", version=world.payments.version)


def test_ana_takes_di_in_and_makes_her_manager(world: World) -> None:
    assert teams.join(acts(world.ana), world.payments, user=world.di).role == "member"
    assert teams.join(acts(world.ana), world.payments, user=world.di, role="manager").role == "manager"
    assert Membership.objects.filter(team=world.payments, user=world.di).count() == 1


def test_a_member_does_not_make_himself_manager(world: World) -> None:
    """A60: a team's member, or its manager in another team, moves nobody."""
    with pytest.raises(Forbidden):
        teams.join(acts(world.bo), world.payments, user=world.bo, role="manager")
    with pytest.raises(Forbidden):
        teams.join(acts(world.ana), world.search, user=world.ana, role="manager")


def test_who_cannot_be_in_a_team(world: World) -> None:
    with pytest.raises(Invalid):
        teams.join(acts(world.ana), world.payments, user=world.sam)
    world.di.is_active = False
    with pytest.raises(Invalid):
        teams.join(acts(world.ana), world.payments, user=world.di)
    with pytest.raises(Invalid):
        teams.join(acts(world.ana), world.payments, user=world.eve, role="emperor")


def test_leaving(world: World) -> None:
    teams.leave(acts(world.bo), world.payments, user=world.bo)
    teams.leave(acts(world.ana), world.payments, user=world.cy)
    assert list(world.payments.memberships.values_list("user__name", flat=True)) == ["Ana Lima"]
    with pytest.raises(Missing):
        teams.leave(acts(world.ana), world.payments, user=world.cy)


def test_eve_may_nothing(world: World) -> None:
    eve = acts(world.eve)
    with pytest.raises(Forbidden):
        teams.create(eve, name="Eve's")
    with pytest.raises(Forbidden):
        teams.edit(eve, world.payments, name="Eve's")
    with pytest.raises(Forbidden):
        teams.delete(eve, world.payments)
    with pytest.raises(Forbidden):
        teams.join(eve, world.payments, user=world.eve)
    with pytest.raises(Forbidden):
        teams.leave(eve, world.payments, user=world.bo)


def test_a_team_that_owns_something_stays(world: World) -> None:
    with pytest.raises(Conflict) as refusal:
        teams.delete(acts(world.pat), world.payments)
    assert refusal.value.code == "in_use"
    empty = team("Empty", members=[world.bo])
    teams.delete(acts(world.pat), empty)
    assert not Team.objects.filter(name="Empty").exists()
