"""Single sign-on and invitations end where a password ends: before the second factor (A42, A51)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.commands import factors, invitations
from accounts.models import Organisation, User
from core import clock, http
from tests.issuer import CLIENT, HOME, SECRET, Liar, asked
from tests.world import World, acts
from tools.enrolment import code_of

STEP, ENROL = "/accounts/second-step/", "/profile/security/enrol/"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
JOINING = {"name": "Kim Yu", "password": "a quiet harbour at dawn", "time_zone": "Europe/Rome"}


@pytest.fixture
def liar(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Liar:
    """A configured provider that knows Bo."""
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = HOME, CLIENT, SECRET
    made = Liar()
    monkeypatch.setattr(http, "send", made.send)
    return made


def came(liar: Liar, client: Client, following: str = "/now/") -> Any:
    """There and back."""
    found = asked(client.get("/accounts/oidc/", {"next": following})["Location"])
    liar.nonce = found["nonce"]
    return client.get("/accounts/oidc/callback/", {"code": "c-1", "state": found["state"]})


def now() -> float:
    return clock.now().timestamp()


def test_after_single_sign_on_comes_the_code(world: World, liar: Liar) -> None:
    """A42: what the provider says of its own second factor is not relied on; then the page that was asked for."""
    factors.add_app(acts(world.bo), world.bo, secret=SEED, code=code_of(SEED, now() - 30))
    liar.claims |= {"amr": ["pwd", "mfa"], "acr": "urn:mace:incommon:iap:gold"}
    client = Client()
    assert came(liar, client, "/incidents/")["Location"] == STEP
    assert client.get("/api/v1/me/").status_code == 401
    done = client.post(STEP, {"code": code_of(SEED, now())})
    assert (done.status_code, done["Location"]) == (302, "/incidents/")
    assert client.get("/api/v1/me/").json()["email"] == world.bo.email


def test_staff_who_come_by_single_sign_on_set_up_a_second_factor(world: World, liar: Liar) -> None:
    """A42, A68: the rule holds whatever way somebody came."""
    Organisation.objects.update_or_create(id=1, defaults={"staff_factor": True})
    liar.claims |= {"sub": "s-9", "email": world.ada.email}
    client = Client()
    assert came(liar, client).status_code == 302
    assert client.get("/people/")["Location"].startswith(ENROL)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith(ENROL)
    assert client.get(ENROL).status_code == 200, "a moment after the sign-in, without a password"


def test_somebody_invited_as_administrator_sets_one_up_first(world: World, settings: Any) -> None:
    """A40, A68."""
    settings.EMAIL_URL = ""
    Organisation.objects.update_or_create(id=1, defaults={"staff_factor": True})
    sent = invitations.invite(acts(world.ada), email="kim@example.org", name="Kim Yu", role="administrator")
    client = Client()
    assert client.post(f"/invitation/{sent.raw}/", JOINING).status_code == 302
    assert User.objects.get(email="kim@example.org").role == "administrator"
    assert client.get("/people/")["Location"].startswith(ENROL)
