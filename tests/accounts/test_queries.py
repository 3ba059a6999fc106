"""Who answers when nobody else does, and what each person may list."""

from __future__ import annotations

import pytest

from accounts import actors, queries
from core.errors import Missing
from tests.world import World, acts, person


def names(people: object) -> list[str]:
    return [user.name for user in people]  # type: ignore[attr-defined]


def test_the_last_resort_is_made_of_active_people(world: World) -> None:
    person("Old Admin", role="administrator", is_active=False)
    assert names(queries.administrators()) == ["Ada Admin"]
    assert names(queries.process_owners()) == ["Pat Owens"]
    assert names(queries.managers_of(world.payments.pk)) == ["Ana Lima"]
    assert names(queries.managers_of(None)) == []
    assert names(queries.members_of(world.payments.pk)) == ["Ana Lima", "Bo Chen", "Cy Novak"]
    world.ana.is_active = False
    world.ana.save()
    assert names(queries.managers_of(world.payments.pk)) == []
    assert [team.name for team in queries.teams_of(world.di)] == ["Search"]


def test_what_nobody_and_narrow_tokens_list(world: World) -> None:
    """A62: the list shows no more than the single row."""
    for actor in (actors.ANONYMOUS, actors.token_holder(world.ada, ["write"])):
        assert not queries.people_seen_by(actor)
        assert not queries.teams_seen_by(actor)
        assert not queries.tokens_seen_by(actor)
        with pytest.raises(Missing):
            queries.team_seen_by(actor, world.payments.pk)


def test_a_stakeholder_lists_only_herself(world: World) -> None:
    assert names(queries.people_seen_by(acts(world.sam))) == ["Sam Stake"]
    assert not queries.teams_seen_by(acts(world.sam))
