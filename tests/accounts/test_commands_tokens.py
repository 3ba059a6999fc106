"""Tokens are made once, shown once, hashed, narrowed, and gone at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import actors
from accounts.commands import tokens, users
from accounts.models import ApiToken
from accounts.queries import token_for
from core import clock
from core.clock import FrozenClock
from core.errors import Conflict, Forbidden, Invalid
from core.models import AuditEntry
from tests.world import World, acts


def test_a_token_is_shown_once_and_stored_as_a_hash(world: World) -> None:
    """A98."""
    made, raw = tokens.issue(acts(world.bo), world.bo, "laptop", ["write", "read"])
    assert raw.startswith("wb_")
    assert len(raw) >= 40
    assert (made.prefix, made.scopes) == (raw[:8], ["read", "write"])
    stored = ApiToken.objects.filter(pk=made.pk).values().get()
    assert raw not in str(stored)
    assert raw not in str(list(AuditEntry.objects.values()))
    found = token_for(raw)
    assert found is not None
    assert found.user == world.bo


def test_it_ends_when_its_time_is_over(world: World, at: FrozenClock) -> None:
    _, raw = tokens.issue(acts(world.bo), world.bo, "short", ["read"], clock.now() + timedelta(hours=1))
    assert token_for(raw) is not None
    at.move(hours=1)
    assert token_for(raw) is None


def test_it_ends_when_it_is_revoked(world: World) -> None:
    made, raw = tokens.issue(acts(world.bo), world.bo, "lost", ["read"])
    tokens.revoke(acts(world.bo), made)
    tokens.revoke(acts(world.ada), made)
    assert token_for(raw) is None
    assert AuditEntry.objects.filter(verb="token.revoke").count() == 1


def test_somebody_who_was_shut_out_meanwhile_gets_no_token(world: World) -> None:
    """S50: a token made by a page that was open would come alive with a later return."""
    actor = acts(world.bo)
    users.deactivate(acts(world.ada), world.bo)
    with pytest.raises(Forbidden):
        tokens.issue(actor, world.bo, "late", ["read"])
    assert not ApiToken.objects.filter(user=world.bo).exists()


def test_tokens_make_no_tokens(world: World) -> None:
    """Matrix 3.4, column AT."""
    holder = actors.token_holder(world.bo, ["read", "write", "admin"])
    with pytest.raises(Forbidden):
        tokens.issue(holder, world.bo, "more", ["read"])
    with pytest.raises(Forbidden):
        tokens.issue(actors.link_holder(world.bo), world.bo, "more", ["read"])


def test_eve_and_even_the_administrator_make_none_for_others(world: World) -> None:
    for name in ("eve", "ada"):
        with pytest.raises(Forbidden):
            tokens.issue(acts(getattr(world, name)), world.bo, "his", ["read"])
    made, _ = tokens.issue(acts(world.bo), world.bo, "laptop", ["read"])
    with pytest.raises(Forbidden):
        tokens.revoke(acts(world.eve), made)


@pytest.mark.parametrize("scopes", [[], ["read", "person"], ["root"]])
def test_unknown_scopes(world: World, scopes: list[str]) -> None:
    with pytest.raises(Invalid):
        tokens.issue(acts(world.bo), world.bo, "x", scopes)


def test_an_end_in_the_past_and_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid):
        tokens.issue(acts(world.bo), world.bo, "x", ["read"], clock.now())
    monkeypatch.setattr(tokens, "MOST", 1)
    tokens.issue(acts(world.bo), world.bo, "x", ["read"])
    with pytest.raises(Conflict):
        tokens.issue(acts(world.bo), world.bo, "y", ["read"])
