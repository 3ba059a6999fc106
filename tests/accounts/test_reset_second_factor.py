"""`manage.py reset_second_factor`: the way back for the last administrator who has lost phone and codes (A42)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client

from core.models import AuditEntry
from tests.world import World


def test_the_last_administrator_comes_back(world: World, browser: Callable[..., Client]) -> None:
    """Her factors and sessions are gone, other people's stay, the audit names the operator."""
    for user in (world.ada, world.bo):
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    ada = browser(world.ada)
    call_command("reset_second_factor", world.ada.email.upper(), verbosity=0)
    assert list(Authenticator.objects.values_list("user", flat=True)) == [world.bo.pk]
    assert ada.get("/now/").status_code == 302
    entry = AuditEntry.objects.get(verb="factor.reset")
    assert (entry.actor, entry.label, entry.thing) == ("system", "Operator", f"user:{world.ada.pk}")


def test_an_unknown_address_is_said_and_nothing_is_done(world: World) -> None:
    world.bo.is_active = False
    world.bo.save()
    for address in ("nobody@example.org", world.bo.email):
        with pytest.raises(CommandError, match="Nobody active has this address"):
            call_command("reset_second_factor", address)
    assert not AuditEntry.objects.filter(verb="factor.reset").exists()
