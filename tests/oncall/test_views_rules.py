"""One's own notification rules, with a plain sentence of what will happen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.models import AuditEntry
from oncall.models import NotificationRule
from oncall.queries.reach import ways_to
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


def test_the_first_rule_of_ones_own_takes_nothing_away(
    world: World, browser: Browser, api: Callable[..., APIClient]
) -> None:
    """O29: Bo adds a push after a minute; his mail at once stays, by the form as by the API, until he removes it."""
    NotificationRule.objects.filter(user__in=[world.bo, world.cy]).delete()
    push = builders.method(world.bo, "ntfy", "https://ntfy.example.org/bo")
    call = builders.method(world.bo, "webhook", "https://hooks.example.org/bo")
    bo = browser(world.bo)
    before = text_of(bo.get(PATH))
    assert before.count("Default: at once by E-mail, ") + before.count("Default: at once by E-mail<") == 2
    assert before.count("Default: at once by ntfy push") == 2
    assert "webhook" not in before.split("Add a rule")[0].lower(), "no part of the default"
    assert bo.post(PATH, {"urgency": "high", "delay_minutes": 1, "method": call.pk}).status_code == 303
    ways = [(way.delay_minutes, way.method.provider) for way in ways_to(world.bo, "high")]
    assert ways == [(0, "email"), (0, "ntfy"), (1, "webhook")]
    assert not NotificationRule.objects.filter(user=world.bo, urgency="low").exists()
    assert AuditEntry.objects.filter(verb="rule.add").count() == 3
    given = {"urgency": "high", "delay_minutes": 0, "method": world.cy.contact_methods.get().pk}
    client = api(None)
    client.force_login(world.cy)
    assert client.post("/api/v1/notification-rules/", given).status_code == 201
    assert world.cy.notification_rules.count() == 1, "his first rule is the default itself"
    given = {"urgency": "low", "delay_minutes": 9, "method": push.pk}
    client.force_login(world.bo)
    assert client.post("/api/v1/notification-rules/", given).json()["delay_minutes"] == 9
    assert world.bo.notification_rules.filter(urgency="low").count() == 3


def test_bo_is_told_what_remains_and_that_nothing_comes_at_once(world: World, browser: Browser) -> None:
    mail = world.bo.notification_rules.get()
    push = builders.rule(world.bo, builders.method(world.bo, "ntfy", "https://ntfy.example.org/bo"), delay_minutes=15)
    bo = browser(world.bo)
    assert "Nothing reaches you" not in text_of(bo.get(PATH))
    asked = text_of(bo.get(f"{PATH}{mail.pk}/remove/"))
    assert "What remains: after 15 min by ntfy push (https://ntfy.example.org/bo)." in asked
    assert "Nothing reaches you in the first 15 minutes." in asked
    assert "What remains: at once by E-mail" in text_of(bo.get(f"{PATH}{push.pk}/remove/"))
    bo.post(f"{PATH}{mail.pk}/remove/")
    assert "Nothing reaches you in the first 15 minutes." in text_of(bo.get(PATH))
    assert "the default applies" in text_of(bo.get(f"{PATH}{push.pk}/remove/"))


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
