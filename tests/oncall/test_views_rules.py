"""One's own notification rules, with a plain sentence of what will happen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from oncall.models import NotificationRule
from tests import world as builders
from tests.pages import count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
PATH = "/profile/rules/"


def test_bo_is_told_what_will_happen(world: World, browser: Browser) -> None:
    """O29."""
    phone = builders.method(world.bo, "ntfy", "https://ntfy.example.org/bo")
    bo = browser(world.bo)
    added = bo.post(PATH, {"urgency": "high", "delay_minutes": 5, "method": phone.pk})
    assert added.status_code == 303
    page = " ".join(text_of(bo.get(PATH)).split())
    assert 'at once by <b class="med">E-mail</b>' in page
    assert 'after 5 min by <b class="med">ntfy push</b>' in page
    again = bo.post(PATH, {"urgency": "high", "delay_minutes": 5, "method": phone.pk})
    assert again.status_code == 409
    assert "There is such a rule already" in text_of(again)


def test_without_any_address_the_page_says_so(world: World, browser: Browser) -> None:
    page = text_of(browser(world.eve).get(PATH))
    assert "No page can reach you." in page
    assert "/profile/contact-methods/" in page


def test_only_ones_own_proven_addresses_can_be_chosen(world: World, browser: Browser) -> None:
    """A43, A58."""
    foreign = world.cy.contact_methods.get()
    unproven = builders.method(world.bo, "email", "new@example.org", verified=False)
    for method in (foreign, unproven):
        given = {"urgency": "high", "delay_minutes": 1, "method": method.pk}
        assert browser(world.bo).post(PATH, given).status_code == 400
    assert browser(world.bo).post(PATH, {"urgency": "high", "delay_minutes": 999, "method": ""}).status_code == 400
    assert NotificationRule.objects.filter(user=world.bo).count() == 1


def test_rules_are_removed_by_their_owner_alone(world: World, browser: Browser) -> None:
    """A57, A23."""
    rule = world.bo.notification_rules.get()
    path = f"{PATH}{rule.pk}/remove/"
    assert browser(world.eve).post(path).status_code == 404
    assert browser(world.ada).post(path).status_code == 404, "not even an administrator"
    assert browser(world.bo, csrf=True).post(path).status_code == 403
    assert "Remove this rule?" in text_of(browser(world.bo).get(path))
    assert NotificationRule.objects.filter(pk=rule.pk).exists()
    assert browser(world.bo).post(path).status_code == 303
    assert not NotificationRule.objects.filter(pk=rule.pk).exists()


def test_back_to_the_default(world: World, browser: Browser) -> None:
    bo = browser(world.bo)
    assert bo.get(f"{PATH}reset/").status_code == 200
    assert world.bo.notification_rules.count() == 1
    assert bo.post(f"{PATH}reset/").status_code == 303
    assert "the default" in text_of(bo.get(PATH))


def test_the_page_costs_the_same_for_few_and_many(world: World, browser: Browser) -> None:
    bo = browser(world.bo)
    few = count(bo, PATH)
    for number in range(8):
        method = builders.method(world.bo, "email", f"bo{number}@example.org")
        builders.rule(world.bo, method, delay_minutes=number)
    assert count(bo, PATH) == few == recorded(__file__)["rules"]
