"""`manage.py reset_second_factor` and `changepassword`: the ways back where no page helps (A28, A42)."""

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


def test_a_password_set_by_the_operator_is_audited_and_ends_sessions(
    world: World, browser: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A28: as on the page; a weak one, or two that differ, change nothing."""
    bo = browser(world.bo)
    for typed, said in ((["harbour", "dawn"], "not the same"), (["short", "short"], "at least")):
        monkeypatch.setattr("accounts.management.commands.changepassword.getpass", lambda _, left=typed: left.pop())
        with pytest.raises(CommandError, match=said):
            call_command("changepassword", world.bo.email)
    assert bo.get("/now/").status_code == 200
    monkeypatch.setattr("accounts.management.commands.changepassword.getpass", lambda _: "a quiet harbour at dawn")
    call_command("changepassword", world.bo.email.upper(), verbosity=0)
    assert bo.get("/now/").status_code == 302
    entry = AuditEntry.objects.get(verb="user.set_password")
    assert (entry.actor, entry.label, entry.thing) == ("system", "Operator", f"user:{world.bo.pk}")
    given = {"login": world.bo.email, "password": "a quiet harbour at dawn"}
    assert Client().post("/accounts/login/", given).status_code == 302
    with pytest.raises(CommandError, match="Nobody active"):
        call_command("changepassword", "nobody@example.org")
