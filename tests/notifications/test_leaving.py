"""Signing out takes the browser's own address away, and nobody else's (S34)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from core.models import AuditEntry
from notifications.models import ContactMethod
from notifications.views.device import COOKIE
from tests.fakes import Carrier
from tests.notifications.test_devices import subscribe, written
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


def pushed_to(world: World) -> set[str]:
    """The names of the endpoints that Bo's pages are pushed to."""
    rows = ContactMethod.objects.filter(user=world.bo, provider="webpush").values_list("address", flat=True)
    return {address.rpartition("/")[2] for address in rows}


def test_bo_signs_out_of_his_laptop_and_is_still_paged_on_his_phone(
    world: World, browser: Browser, carrier: Carrier
) -> None:
    """S34: pages hold details, and the next person at the laptop must not read them."""
    laptop, phone = browser(world.bo), browser(world.bo)
    subscribe(laptop, written(carrier, "laptop"))
    subscribe(phone, written(carrier, "phone"))
    mark = laptop.cookies[COOKIE]
    assert (mark["httponly"], mark["samesite"]) == (True, "Lax")
    assert laptop.get("/accounts/logout/").status_code == 200
    assert pushed_to(world) == {"laptop", "phone"}, "nothing changes on GET"
    laptop.post("/accounts/logout/")
    assert pushed_to(world) == {"phone"}
    assert AuditEntry.objects.filter(verb="contact_method.remove", actor__contains=str(world.bo.pk)).count() == 1


def test_the_mark_outlives_the_session(world: World, browser: Browser, carrier: Carrier) -> None:
    """The session ended by itself and he signed in again: it is still the same browser."""
    laptop = browser(world.bo)
    subscribe(laptop, written(carrier, "laptop"))
    laptop.session.flush()
    laptop.force_login(world.bo)
    laptop.post("/accounts/logout/")
    assert pushed_to(world) == set()


def test_eve_signs_out_of_a_browser_that_bo_was_paged_on(world: World, browser: Browser, carrier: Carrier) -> None:
    """A43, A57: a mark of somebody else's, or a made-up one, takes nothing away."""
    bo, eve = browser(world.bo), browser(world.eve)
    subscribe(bo, written(carrier, "laptop"))
    for mark in (bo.cookies[COOKIE].value, str(ContactMethod.objects.get(provider="webpush").pk), "x"):
        eve.force_login(world.eve)
        eve.cookies[COOKIE] = mark
        assert eve.post("/accounts/logout/").status_code == 302
    assert pushed_to(world) == {"laptop"}


def test_a_browser_that_does_not_say_what_it_had_is_known_by_its_mark(
    world: World, browser: Browser, carrier: Carrier
) -> None:
    """F67: a renewed subscription takes the place of the former one, its rules and its name with it."""
    laptop = browser(world.bo)
    subscribe(laptop, written(carrier, "one"))
    before = ContactMethod.objects.get(provider="webpush")
    subscribe(laptop, written(carrier, "two"))
    assert pushed_to(world) == {"two"}
    assert ContactMethod.objects.get(provider="webpush").pk == before.pk
