"""A name that leads inside is refused when it is saved, beside its field (A69)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from notifications.commands import providers
from notifications.models import ContactMethod, ProviderConfig
from tests.core.servers import names
from tests.world import World, acts

Browser = Callable[..., Client]
TOLD = (
    "This address is not allowed. It lies inside a private network. An operator can allow it with the setting"
    " WATCHBILL_OUTBOUND_ALLOW (docs/operations.md, “Addresses inside”)."
)
PATHS = {"webhook": "https://inside.example.org/hook", "ntfy": "https://inside.example.org/topic"}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return names(monkeypatch, inside_example_org=["10.0.0.7"], outside_example_org=["8.8.8.8"])


@pytest.mark.parametrize("provider", PATHS)
def test_bo_is_told_on_the_page_and_by_the_api(world: World, browser: Browser, provider: str) -> None:
    bo, inside = browser(world.bo), PATHS[provider]
    page = bo.post(f"/profile/contact-methods/add/{provider}/", {"address": inside, "label": ""})
    assert page.status_code == 400
    assert page.context["form"].errors == {"address": [TOLD]}
    given = {"provider": provider, "address": inside}
    answer = bo.post("/api/v1/contact-methods/", given, content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert answer.json()["fields"] == {"address": [TOLD]}
    assert not ContactMethod.objects.filter(provider=provider).exists()


def test_a_public_name_is_taken_and_an_unknown_one_may_come_up_later(
    world: World, browser: Browser, asked: list[str]
) -> None:
    for host in ("outside.example.org", "unknown.example.org"):
        given = {"address": f"https://{host}/hook", "label": ""}
        assert browser(world.bo).post("/profile/contact-methods/add/webhook/", given).status_code == 200
    assert asked == ["outside.example.org", "unknown.example.org"]


def test_ada_is_told_where_a_carrier_is_set_up(world: World, browser: Browser) -> None:
    config = providers.configure(acts(world.ada), "sms_twilio", enabled=False, values={})
    given = {"enabled": "on", "account_sid": "AC1", "auth_token": "t", "from_number": "+4512345678"}
    page = browser(world.ada).post(
        f"/admin/notifications/providerconfig/{config.pk}/change/", {**given, "base_url": "https://inside.example.org"}
    )
    assert page.context["adminform"].form.errors == {"base_url": [TOLD]}
    settings = {**given, "base_url": "https://inside.example.org"}
    del settings["enabled"]
    answer = browser(world.ada).put(
        "/api/v1/providers/sms_twilio/", {"enabled": True, "settings": settings}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["fields"]) == (400, {"settings.base_url": [TOLD]})
    assert not ProviderConfig.objects.get(pk=config.pk).enabled
