"""The room's REST doors: addresses, delivery log, providers; each with those who may not (A43, A57, A98)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.actors import person
from core.models import AuditEntry
from notifications.commands import providers
from notifications.models import ContactMethod, Delivery, ProviderConfig, Verification
from tests.fakes import Carrier, Mailbox, Phones, drain
from tests.notifications.conftest import Desk, page
from tests.pages import text_of
from tests.world import World

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
Browser = Callable[..., Client]


def send(client: Client, verb: str, path: str, body: object = None, **headers: str) -> Any:
    call = getattr(client, verb)
    return call(f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", **headers)


def test_add_verify_test_and_remove_in_a_browser(world: World, browser: Browser, mailbox: Mailbox) -> None:
    bo = browser(world.bo)
    made = send(bo, "post", "contact-methods/", {"provider": "email", "address": "bo2@example.org", "label": "Home"})
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert (made.json()["verified_at"], made.json()["signing_secret"]) == (None, "")
    drain()
    code = re.search(r"\d{6}", str(mailbox.mails[0]["Subject"]))
    assert code
    wrong = send(bo, "post", f"contact-methods/{pk}/verify/", {"code": "000000" if code[0] != "000000" else "1"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "wrong_code")
    assert Verification.objects.get().tries == 1
    proven = send(bo, "post", f"contact-methods/{pk}/verify/", {"code": code[0]})
    assert proven.json()["verified_at"]
    assert send(bo, "post", f"contact-methods/{pk}/test/").status_code == 202
    assert send(bo, "patch", f"contact-methods/{pk}/", {"label": "Phone"}).json()["label"] == "Phone"
    assert {row["label"] for row in bo.get("/api/v1/contact-methods/").json()["results"]} == {"", "Phone"}
    assert send(bo, "delete", f"contact-methods/{pk}/").status_code == 204


def test_a_repeated_request_cannot_undo_a_counted_try(world: World, browser: Browser, mailbox: Mailbox) -> None:
    """A43: a kept answer lives in one transaction with its request, so a refusal would take the count back."""
    bo = browser(world.bo)
    pk = send(bo, "post", "contact-methods/", {"provider": "email", "address": "b@example.org"}).json()["id"]
    for path in (f"contact-methods/{pk}/verify/", f"contact-methods/{pk}/send-code/"):
        answer = send(bo, "post", path, {"code": "1"}, HTTP_IDEMPOTENCY_KEY="k")
        assert answer.status_code == 400


def test_a_webhooks_secret_is_shown_once(world: World, browser: Browser, carrier: Carrier) -> None:
    bo = browser(world.bo)
    made = send(bo, "post", "contact-methods/", {"provider": "webhook", "address": f"{carrier.url}/h"}).json()
    assert made["signing_secret"] == ContactMethod.objects.get(pk=made["id"]).secrets["secret"]
    assert "secret" not in bo.get(f"/api/v1/contact-methods/{made['id']}/").content.decode().replace("_", "")


def test_tokens_read_and_change_nothing(world: World, api: Api) -> None:
    bo = api(world.bo)
    pk = world.bo.contact_methods.get().pk
    assert len(bo.get("/api/v1/contact-methods/").json()["results"]) == 1
    for verb, path in (
        ("post", ""),
        ("patch", f"{pk}/"),
        ("delete", f"{pk}/"),
        ("post", f"{pk}/test/"),
        ("post", f"{pk}/send-code/"),
        ("post", f"{pk}/verify/"),
    ):
        body = {"provider": "email", "address": "x@example.org"} if not path else {}
        body = {"label": "x"} if verb == "patch" else {"code": "1"} if path.endswith("verify/") else body
        answer = getattr(bo, verb)(f"/api/v1/contact-methods/{path}", body, format="json")
        assert answer.status_code == 403, (verb, path)


def test_foreign_addresses_are_404(world: World, browser: Browser) -> None:
    """A43, A57."""
    pk = world.bo.contact_methods.get().pk
    for other in (world.eve, world.ana, world.ada):
        client = browser(other)
        assert client.get(f"/api/v1/contact-methods/{pk}/").status_code == 404
        assert send(client, "post", f"contact-methods/{pk}/verify/", {"code": "1"}).status_code == 404
        assert send(client, "post", f"contact-methods/{pk}/send-code/").status_code == 404
        assert send(client, "post", f"contact-methods/{pk}/test/").status_code == 404
        assert send(client, "delete", f"contact-methods/{pk}/").status_code == 404


def test_the_log_is_for_oneself_the_manager_and_administrators(
    world: World, api: Api, mailbox: Mailbox, desk: Desk
) -> None:
    """A57: another team's manager, an outsider and a process owner see nothing."""
    page(world.bo.contact_methods.get(), 1)
    page(world.di.contact_methods.get(), 2)
    drain()
    mine, hers = Delivery.objects.order_by("pk")
    seen = {
        world.bo: {mine.pk},
        world.ana: {mine.pk},
        world.di: {hers.pk},
        world.cy: set(),
        world.eve: set(),
        world.pat: set(),
        world.sam: set(),
        world.ada: {mine.pk, hers.pk},
    }
    for who, expected in seen.items():
        client = api(who)
        rows = client.get("/api/v1/deliveries/").json()["results"]
        assert {row["id"] for row in rows} == expected, who.name
        for pk in (mine.pk, hers.pk):
            status = client.get(f"/api/v1/deliveries/{pk}/").status_code
            assert status == (200 if pk in expected else 404)
    row = api(world.bo).get(f"/api/v1/deliveries/{mine.pk}/").json()
    assert row["title"] == "INC-1: Checkout is down"
    assert [attempt["outcome"] for attempt in row["tries"]] == ["sent"]
    assert row["address"] == "bo…@example.org"
    assert "token-of-1" not in json.dumps(row)
    assert APIClient().get("/api/v1/deliveries/").status_code == 401


def test_the_log_is_filtered_by_listed_fields_only(world: World, api: Api, mailbox: Mailbox, desk: Desk) -> None:
    """A13, A14."""
    page(world.bo.contact_methods.get())
    drain()
    client = api(world.ada)
    for query, count in (("state=sent", 1), ("state=failed", 0), ("purpose=page&purpose_key=42", 1), ("user=0", 0)):
        assert len(client.get(f"/api/v1/deliveries/?{query}").json()["results"]) == count
    for query in ("user__password=x", "code=123456", "ordering=code", "state=x", "user=999999999999999999999"):
        assert client.get(f"/api/v1/deliveries/?{query}").status_code == 400


def settings_of(carrier: Carrier, **more: str) -> dict[str, str]:
    base = {"account_sid": "AC1", "auth_token": "t0p-secret", "from_number": "+15005550006", "base_url": carrier.url}
    return {**base, **more}


def test_an_administrator_sets_a_provider_up_and_never_reads_the_secret(
    world: World, api: Api, carrier: Carrier
) -> None:
    """A98, A49: an empty secret is refused at first and keeps the stored one later."""
    ada = api(world.ada)
    path = "/api/v1/providers/sms_twilio/"
    empty = ada.put(path, {"enabled": True, "settings": settings_of(carrier, auth_token="")}, format="json")
    assert (empty.status_code, list(empty.json()["fields"])) == (400, ["settings.auth_token"])
    made = ada.put(path, {"enabled": True, "settings": settings_of(carrier)}, format="json")
    assert made.status_code == 200, made.content
    assert made.json()["settings"]["auth_token"] == "set"
    assert "t0p-secret" not in made.content.decode() + ada.get(path).content.decode()
    again = ada.put(path, {"enabled": True, "settings": settings_of(carrier, auth_token="")}, format="json")
    assert again.status_code == 200
    assert ProviderConfig.objects.get().settings["auth_token"] == "t0p-secret"
    assert "t0p-secret" not in str(list(AuditEntry.objects.values_list("before", "after")))
    stale = ada.put(path, {"enabled": False, "version": 1}, format="json")
    assert stale.status_code == 409
    row = next(row for row in ada.get("/api/v1/providers/").json() if row["id"] == "sms_twilio")
    assert row["usable"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "http://169.254.169.254"},
        {"base_url": "http://10.0.0.1/"},
        {"from_number": "12"},
        {"account_sid": "../../x"},
        {"auth_token": "a\r\nb"},
    ],
)
def test_wrong_settings_are_refused(world: World, api: Api, carrier: Carrier, wrong: dict[str, str]) -> None:
    """A69, A73."""
    body = {"enabled": True, "settings": settings_of(carrier, **wrong)}
    assert api(world.ada).put("/api/v1/providers/sms_twilio/", body, format="json").status_code == 400


def test_nobody_else_changes_or_sees_settings(world: World, api: Api, carrier: Carrier, phones: Phones) -> None:
    for other in (world.bo, world.ana, world.pat, world.sam, world.eve):
        client = api(other)
        path = "/api/v1/providers/sms_twilio/"
        body = {"enabled": False, "settings": settings_of(carrier)}
        assert client.put(path, body, format="json").status_code == 403
        seen = client.get(path).json()
        assert (seen["settings"], seen["callback_url"]) == ({}, "")
    assert api(world.ada, "read", "write").put(path, body, format="json").status_code == 403


def test_a_browser_learns_the_push_key(world: World, api: Api) -> None:
    key = api(world.bo).get("/api/v1/providers/webpush/").json()["public_key"]
    assert len(key) == 87
    assert api(world.eve).get("/api/v1/providers/webpush/").json()["public_key"] == key


def test_a_provider_that_is_switched_off_fails_at_once(world: World, mailbox: Mailbox, desk: Desk) -> None:
    providers.configure(person(world.ada), "email", enabled=False, values={})
    page(world.bo.contact_methods.get())
    drain()
    assert desk.failed == [("42", True)]
    assert mailbox.mails == []


def test_the_administration_shows_no_secret(world: World, browser: Browser, phones: Phones, desk: Desk) -> None:
    """A98: write-only there too; deliveries are for reading."""
    ada = browser(world.ada)
    config = ProviderConfig.objects.get(provider="sms_twilio")
    form = ada.get(f"/admin/notifications/providerconfig/{config.pk}/change/")
    assert form.status_code == 200
    assert phones.secret not in form.content.decode()
    assert phones.number in form.content.decode()
    posted = {"enabled": "on", "account_sid": "AC2", "auth_token": "", "from_number": "+4512345678"}
    answer = ada.post(
        f"/admin/notifications/providerconfig/{config.pk}/change/", {**posted, "base_url": phones.carrier.url}
    )
    assert answer.status_code == 302, answer.content.decode()
    config.refresh_from_db()
    assert (config.settings["account_sid"], config.settings["auth_token"]) == ("AC2", phones.secret)
    bad = ada.post(f"/admin/notifications/providerconfig/{config.pk}/change/", {**posted, "from_number": "x"})
    assert bad.status_code == 200
    page(world.bo.contact_methods.get())
    listed = ada.get("/admin/notifications/delivery/")
    assert listed.status_code == 200
    assert "bo…@example.org" in listed.content.decode()
    assert ada.get(f"/admin/notifications/delivery/{Delivery.objects.get().pk}/change/").status_code == 200
    assert ada.get("/admin/notifications/delivery/add/").status_code == 403
    assert browser(world.pat).get(f"/admin/notifications/providerconfig/{config.pk}/change/").status_code == 403


def test_a_provider_that_was_added_says_that_it_is_off(world: World, browser: Browser) -> None:
    """By its name for people: nobody has to know what the carrier is called inside."""
    client = browser(world.ada)
    path = "/admin/notifications/providerconfig/"
    answer = client.post(f"{path}add/", {"provider": "sms_twilio", "enabled": "on"}, follow=True)
    assert "SMS: Added, and off until you turn it on." in text_of(answer)
    assert not ProviderConfig.objects.get(provider="sms_twilio").enabled
    assert answer.request["PATH_INFO"].endswith("/change/"), "its own fields come next"
    for shown in (answer, client.get(path)):
        assert "sms_twilio" not in text_of(shown)
