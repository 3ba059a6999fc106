"""The table of rights: who stands in which column, what tokens narrow, what is refused to everybody."""

from __future__ import annotations

import pytest

from accounts import actors, permissions
from accounts.models import User
from accounts.permissions import (
    ADMIN_ENTER,
    AUDIT_SEE,
    PASSWORD_EDIT,
    PROFILE_EDIT,
    PROVIDER_EDIT,
    SETTINGS_EDIT,
    TEAM_CREATE,
    TEAM_EDIT,
    TEAM_SEE,
    TOKEN_ISSUE,
    USER_EDIT,
    USER_SEE,
    can,
    columns_of,
)
from core.errors import Forbidden
from tests.world import World, acts


def test_columns_of_each_person_on_a_service(world: World) -> None:
    expected = {
        world.ana: {"RX", "RE", "MG"},
        world.bo: {"RX", "RE"},
        world.di: {"RX"},
        world.eve: {"RX"},
        world.pat: {"RX", "PO"},
        world.ada: {"RX", "PO", "AD"},
        world.sam: {"ST"},
    }
    for user, columns in expected.items():
        assert columns_of(acts(user), world.checkout) == columns, user.name
    assert columns_of(actors.ANONYMOUS, world.checkout) == {"AN"}
    assert columns_of(actors.integration("Prometheus", world.checkout.pk), world.payments) == set()


def test_own_rows_are_the_owners_also_for_stakeholders(world: World) -> None:
    assert "OW" in columns_of(acts(world.sam), world.sam)
    assert "OW" not in columns_of(acts(world.sam), world.eve)
    assert can(acts(world.sam), PROFILE_EDIT, world.sam)


def test_a_deactivated_person_has_the_rights_of_nobody(world: World) -> None:
    world.ada.is_active = False
    actor = actors.person(world.ada)
    assert columns_of(actor, world.ada) == {"AN"}
    assert not any(can(actor, row) for row in permissions.table() if "AN" not in row.columns)


def test_the_matrix_of_this_room(world: World) -> None:
    """Matrix 3.4: users, roles, teams, settings, audit, administration."""
    allowed = {
        USER_SEE: {"ana", "eve", "pat", "ada"},
        USER_EDIT: {"ada"},
        TEAM_SEE: {"ana", "eve", "pat", "ada"},
        TEAM_CREATE: {"pat", "ada"},
        TEAM_EDIT: {"ana", "pat", "ada"},
        SETTINGS_EDIT: {"ada"},
        PROVIDER_EDIT: {"ada"},
        AUDIT_SEE: {"pat", "ada"},
        ADMIN_ENTER: {"pat", "ada"},
    }
    for row, names in allowed.items():
        for name in ("ana", "bo", "eve", "pat", "ada", "sam"):
            wanted = name in names or (name == "bo" and "eve" in names)
            assert can(acts(getattr(world, name)), row, world.payments) is wanted, f"{name}: {row.name}"
        assert not can(actors.ANONYMOUS, row, world.payments)


def test_a_token_is_narrowed_by_its_scopes(world: World) -> None:
    """A44: a token is never wider than its scopes and never wider than its owner."""
    reading = actors.token_holder(world.ada, ["read"])
    assert can(reading, USER_SEE)
    assert not can(reading, TEAM_CREATE)
    assert not can(actors.token_holder(world.ada, ["read", "write"]), USER_EDIT)
    assert can(actors.token_holder(world.ada, ["admin"]), USER_EDIT)
    assert not can(actors.token_holder(world.eve, ["read", "write", "admin"]), USER_EDIT)


@pytest.mark.parametrize("row", [TOKEN_ISSUE, PASSWORD_EDIT])
def test_tokens_and_links_do_nothing_that_needs_a_person(world: World, row: permissions.Permission) -> None:
    assert can(acts(world.bo), row, world.bo)
    assert not can(actors.token_holder(world.bo, ["read", "write", "admin"]), row, world.bo)
    assert not can(actors.link_holder(world.bo), row, world.bo)


def test_rows_are_unique_and_their_columns_known() -> None:
    for columns, scope in ((["AD"], "write"), (["ZZ"], "write"), (["AD"], "everything")):
        with pytest.raises(ValueError, match="permission"):
            permissions.permission("user.edit" if scope == "write" else "new.row", columns, "x", scope=scope)


def test_refusals_say_what_was_refused(world: World) -> None:
    with pytest.raises(Forbidden, match="You may not change people"):
        permissions.require(acts(world.eve), USER_EDIT, User())


@pytest.mark.parametrize(
    ("row", "owned", "said"),
    [
        ("team.edit", True, "Ask a manager of the team or an administrator."),
        ("invitation.send", False, "Ask a manager of your team, or an administrator."),
        ("team.create", False, "Ask a process owner or an administrator."),
        ("settings.edit", False, "Ask an administrator."),
        ("profile.edit", True, "Only the person whose it is may."),
    ],
)
def test_a_refusal_sends_nobody_to_people_who_may_not_either(world: World, row: str, owned: bool, said: str) -> None:
    with pytest.raises(Forbidden) as refused:
        permissions.require(acts(world.bo), permissions.named(row), world.search if owned else None)
    assert refused.value.hint == said


def test_a_token_is_told_which_scope_it_lacks(world: World) -> None:
    """A manager would be of no help to it."""
    reading = actors.token_holder(world.ana, {"read"})
    with pytest.raises(Forbidden) as refused:
        permissions.require(reading, TEAM_EDIT, world.payments)
    assert refused.value.hint == "It takes a token with the scope “write”."
