"""Every page of the administration opens for those whom it is for, and shows no secret (A68, A94, A98)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts import actors
from accounts.models import User
from core import clock, worker
from core.models import Beat
from incidents.commands import config
from incidents.kinds import Normalised
from incidents.models import ChangeEvent, Signal
from integrations.commands import heartbeats, inbound, keys, webhooks
from integrations.models import OutboundWebhook
from notifications.commands import providers
from notifications.models import Delivery
from oncall.models import Escalation, Page
from tests import world as builders
from tests.conftest import MONDAY
from tests.flows.security_doors import ROUNDS
from tests.pages import text_of
from tests.standing import standing
from tests.world import World

Browser = Callable[..., Client]
MODELS = sorted((model for model in admin.site._registry), key=lambda model: model._meta.label)
SECRET = "carrier-secret-0123456789"


@dataclass
class House:
    """The world with a row of nearly every kind, and the texts that no page may show."""

    world: World
    hidden: list[str]


@pytest.fixture(scope="module")
def houses(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], House]]:
    """The house, built once for this file."""
    with standing(django_db_blocker, lambda: lived_in(builders.build()), MONDAY) as maker:
        yield maker


@pytest.fixture
def house(houses: Callable[[], House], db: None, at: clock.FrozenClock) -> House:
    """A row of nearly every kind."""
    return houses()


@pytest.fixture
def world(house: House) -> World:
    """The people of the house."""
    return house.world


def lived_in(world: World) -> House:
    """Fill the world."""
    system = actors.system()
    raw_key = keys.issue(system, world.checkout, kind="generic", name="prod")[1]
    raw_beat = heartbeats.create(system, world.checkout, name="Backup")[1]
    hook, raw_hook = webhooks.create(
        system, world.payments, name="Bridge", url="https://8.8.8.8/x", kinds=["incident.opened"]
    )
    webhooks.pause(system, hook)  # nothing is to leave
    raw_token = builders.token(world.ana)
    builders.schedule("Primary", world.payments, world.bo, world.cy)
    config.create_rule(system, service=None, name="Disks", field="summary", value="disk", informational=True)
    config.set_grouping(system, world.checkout, mode="fields", fields=["component"])
    values = {"account_sid": "AC" + "0" * 32, "auth_token": SECRET, "from_number": "+15005550006"}
    providers.configure(system, "sms_twilio", enabled=True, values=values)
    inbound.send_test(builders.acts(world.ana), world.checkout, summary="Disk full", severity="critical")
    Signal.objects.create(service=world.checkout, summary="A hint")
    ChangeEvent.objects.create(service=world.checkout, summary="Deploy 7")
    Beat.objects.update_or_create(name="auditor", defaults={"at": clock.now(), "ok": True, "detail": {}})
    worker.drain()
    hidden = [raw_key, raw_beat, raw_hook, raw_token, SECRET, "/answer/"]
    digests = [world.ana.password, *User.objects.values_list("password", flat=True)]
    return House(world, [*hidden, *digests])


def pages_of(model: type[Model], *, whole: bool) -> list[str]:
    """The list, a new one, and the page of the first row where there is one.

    `make test` opens of a new one, the history and the removal one for each model, another for the next.
    """
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    own = [reverse(f"{name}_{each}", args=[row.pk]) for each in ("change", "history", "delete")] if row else []
    rest = [reverse(f"{name}_add"), *own[1:]]
    return [reverse(f"{name}_changelist"), *own[:1], *(rest if whole else [rest[MODELS.index(model) % len(rest)]])]


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("whole", ROUNDS)
def test_every_page_opens_for_the_administrator(
    model: type[Model], house: House, world: World, browser: Browser, whole: bool
) -> None:
    for path in pages_of(model, whole=whole):
        answer = browser(world.ada).get(path)
        wanted = {200, 403} if re.search(r"/(add|delete)/$", path) else {200}
        assert answer.status_code in wanted, f"{path}: {answer.status_code}"
        text = answer.content.decode()
        assert not [secret for secret in house.hidden if secret in text], path
        assert not re.search(r"<input[^>]*type=\"password\"[^>]*value=\"[^\"]", text), path


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("whole", ROUNDS)
def test_the_process_owner_sees_his_part(
    model: type[Model], house: House, world: World, browser: Browser, whole: bool
) -> None:
    for path in pages_of(model, whole=whole):
        answer = browser(world.pat).get(path)
        assert answer.status_code in {200, 403}, f"{path}: {answer.status_code}"
        assert not [secret for secret in house.hidden if secret in answer.content.decode()], path


@pytest.mark.django_db
def test_people_tokens_and_providers_are_not_the_process_owners(world: World, browser: Browser) -> None:
    client = browser(world.pat)
    assert client.get("/admin/").status_code == 200
    for name in ("accounts_user", "accounts_apitoken", "notifications_providerconfig"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403, name
    for name in ("oncall_service", "oncall_escalationpolicy", "incidents_priority", "accounts_team"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200, name


@pytest.mark.django_db
def test_nobody_else_enters(world: World, browser: Browser) -> None:
    for user in (world.ana, world.bo, world.eve, world.sam):
        for path in ("/admin/", reverse("admin:oncall_service_changelist")):
            assert browser(user).get(path, follow=True).status_code == 403, user.name
    assert browser().get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


@pytest.mark.django_db
def test_the_admin_alone_may_evaluate(world: World, browser: Browser) -> None:
    """Unfold's scripts evaluate expressions; the rest of the portal may not (A30)."""
    assert "'unsafe-eval'" in browser(world.ada).get("/admin/")["Content-Security-Policy"]
    assert "'unsafe-eval'" not in browser(world.ada).get("/services/")["Content-Security-Policy"]


@pytest.mark.django_db
def test_hostile_names_are_inert_in_lists(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """A1 and A4 in the administration."""
    evil = '"><script>alert(1)</script>'
    builders.team(evil)
    builders.service(f"{evil} s", world.payments)
    event = Normalised(world.checkout.pk, "trigger", "k", summary=evil, severity="critical", tool="events")
    inbound.write_batch([inbound.Arrival(world.checkout.pk, "events", [event], clock.now(), body=evil)])
    worker.drain()
    assert Delivery.objects.exists()
    for model in MODELS:
        answer = browser(world.ada).get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        assert b"<script>alert(1)" not in answer.content, model._meta.label


@pytest.mark.django_db
def test_webhooks_are_paused_and_resumed_by_their_commands(world: World, browser: Browser) -> None:
    path = reverse("admin:integrations_outboundwebhook_changelist")
    [hook] = OutboundWebhook.objects.all()
    for action, state in (("resume", "active"), ("resume", "active"), ("pause", "paused")):
        browser(world.pat).post(path, {"action": action, "_selected_action": [hook.pk]})
        hook.refresh_from_db()
        assert hook.state == state
    assert hook.paused_reason == "paused by Pat Owens"


def test_an_empty_list_says_so_in_our_words(world: World, browser: Browser) -> None:
    client = browser(world.ada)
    empty = text_of(client.get("/admin/accounts/identity/"))
    assert "There are no identities." in empty
    assert "yielded" not in empty
    narrowed = text_of(client.get("/admin/oncall/service/?q=zzz"))
    assert "No service has all that you asked for." in narrowed


def test_the_menu_is_opened_by_buttons_with_names(world: World, browser: Browser) -> None:
    """F48 and design 11: by keyboard too, where the library has spans."""
    page = text_of(browser(world.ada).get("/admin/oncall/service/"))
    for at in ("sidebarMobileOpen = !", "sidebarDesktopOpen = !"):
        for before in page.split(f'x-on:click="{at}')[:-1]:
            opener = before[before.rindex("<") :]
            assert 'role="button" tabindex="0"' in opener, opener
            assert "aria-label" in opener


def test_columns_and_values_are_words(world: World, browser: Browser) -> None:
    """No name of a column and no word of the database: `timed_out` is for programs."""
    running = Escalation.objects.create(subject="incident:1", state="running")
    Page.objects.create(
        escalation=running, subject="incident:1", user=world.bo, level=1, pass_number=1, state="timed_out"
    )
    client = browser(world.ada)
    listed = text_of(client.get("/admin/oncall/page/"))
    rows = listed.partition('id="result_list"')[2].partition("</table>")[0]
    for said in ("Timed out", "Created"):
        assert said in rows, said
    for raw in ("timed_out", "Created at", "Handed at"):
        assert raw not in rows, raw
    shown = text_of(client.get(f"/admin/oncall/page/{Page.objects.get().pk}/change/"))
    assert "Timed out" in shown
    assert "Answered at" not in shown
