"""A change of the field keys: everything that is sealed comes under the new one, whoever keeps it (A98)."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from accounts.actors import system
from accounts.models import Invitation
from core import clock, resealing, secrets
from core.models import StoredSecret
from integrations.commands import webhooks
from integrations.kinds import USUAL_KINDS
from integrations.models import OutboundWebhook
from notifications.models import ContactMethod, Delivery, ProviderConfig
from tests import world as w
from tests.world import World

pytestmark = pytest.mark.django_db
SEALED = re.compile(r"gAAAA[\w=-]{60,}")


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.FIELD_KEYS = ["old key"]


@pytest.fixture
def kept(world: World) -> World:
    """One of everything that is sealed, with the old key."""
    StoredSecret.objects.create(name="vapid", sealed=secrets.encrypt("own key"))
    soon, token = clock.now() + timedelta(days=1), secrets.encrypt("token")
    Invitation.objects.create(email="z@example.org", invited_by=world.ada, digest="d", sealed=token, expires_at=soon)
    Authenticator.objects.create(user=world.bo, type="totp", data={"secret": secrets.encrypt("seed"), "spent": 7})
    RecoveryCodes.activate(world.bo)
    method = w.method(world.bo, "sms", "+351210000000")
    ContactMethod.objects.filter(pk=method.pk).update(secrets={"key": "phone"})
    ProviderConfig.objects.create(provider="sms", settings={"auth_token": "carrier"}, callback_token="c")
    Delivery.objects.create(key="k", purpose="page", purpose_key="1", provider="sms", address="x", message={"a": "b"})
    hook, _ = webhooks.create(system(), world.search, name="Chat", url="https://x.example.org/", kinds=USUAL_KINDS[:1])
    webhooks.rotate(system(), hook)
    return world


def run() -> tuple[str, str]:
    """What is said on standard output, and beside it."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("reseal", stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), f"{err.getvalue()}{error}"
    return out.getvalue(), err.getvalue()


def sealed_texts() -> list[str]:
    """Everything in the whole database that looks sealed."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += SEALED.findall(json.dumps(cursor.fetchall(), default=str))
    return found


def test_the_old_key_can_go_and_nothing_is_missed(kept: World, settings: Settings) -> None:
    settings.FIELD_KEYS = ["new key", "old key"]
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes()
    before = sealed_texts()
    out, err = run()
    assert err == ""
    for place in resealing.places():
        assert f"{place.name}: " in out, "a place that this test does not fill"
        assert f"{place.name}: 0 resealed" not in out
    settings.FIELD_KEYS = ["new key"]
    after = sealed_texts()
    assert len(after) == len(before) >= 10
    for sealed in after:
        assert secrets.decrypt(sealed)
    assert Delivery.objects.get().message == {"a": "b"}
    assert ContactMethod.objects.get(provider="sms").secrets == {"key": "phone"}
    assert OutboundWebhook.objects.get().old_secret
    app = Authenticator.objects.get(type="totp").data
    assert (secrets.decrypt(app["secret"]), app["spent"]) == ("seed", 7)
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes() == codes
    assert "Nothing needs another key" in run()[0], "and again it changes nothing"
    assert sealed_texts() == after


def test_what_no_key_opens_is_named_and_the_rest_goes_on(
    kept: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    for number in range(5):
        StoredSecret.objects.create(name=f"own {number}", sealed=secrets.encrypt(f"text {number}"))
    settings.FIELD_KEYS = ["lost key"]
    StoredSecret.objects.filter(name="own 2").update(sealed=secrets.encrypt("gone"))
    settings.FIELD_KEYS = ["new key", "old key"]
    out, err = run()
    assert "core_storedsecret.sealed: 5 resealed, 0 stood already." in out
    assert "core_storedsecret.sealed: 1 cannot be opened with any key: own 2" in err
    assert "1 secrets stay closed" in err
    assert "gAAAA" not in out + err


def test_one_that_is_broken_off_goes_on_where_it_was(
    kept: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FIELD_KEYS = ["new key", "old key"]
    store, calls = resealing.Place.store, count()

    def breaks(place: resealing.Place, pk: Any, value: Any) -> None:
        if next(calls) == 3:
            raise KeyboardInterrupt
        store(place, pk, value)

    monkeypatch.setattr(resealing.Place, "store", breaks)
    with pytest.raises(KeyboardInterrupt):
        run()
    total = sum(each.resealed for each in resealing.reseal_all())
    again = sum(each.stood for each in resealing.reseal_all())
    assert 0 < total < again
    assert all(each.resealed == 0 for each in resealing.reseal_all())
