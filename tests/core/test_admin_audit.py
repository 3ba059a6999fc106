"""The audit in the administration: found, read in words, taken away; nobody writes or deletes it (A17, A93)."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from core import audit, audit_words
from core.models import AuditEntry
from integrations.models import OutboundWebhook
from tests.pages import text_of
from tests.world import World, acts

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
LIST = "/admin/core/auditentry/"


@pytest.fixture
def entries(world: World) -> list[AuditEntry]:
    """Ana edits a service, whose name would be a formula, and Bo a heartbeat."""
    service = f"service:{world.checkout.pk}"
    return [
        audit.write(acts(world.ana), "service.edit", service, before={"name": "Old"}, after={"name": "=1+2"}),
        audit.write(acts(world.bo), "edit", "heartbeat:1", after={"name": "Backup"}),
        audit.write(acts(world.bo), "user.deactivate", f"user:{world.cy.pk}", after={"active": False}),
    ]


def listed(answer: Any) -> list[int]:
    """The numbers of the entries in a list."""
    return [entry.pk for entry in answer.context["cl"].result_list]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [2, 1, 0]),
        ("what=service", [0]),
        ("what=heartbeat", [1]),
        ("verb=edit", [1, 0]),
        ("verb=deactivate", [2]),
        ("q=Bo", [2, 1]),
        ("q=user.dea", [2]),
        ("lately=day", [2, 1, 0]),
        ("what=heartbeat&verb=deactivate", []),
    ],
)
def test_entries_are_found(
    world: World, browser: Browser, entries: list[AuditEntry], query: str, found: list[int]
) -> None:
    assert listed(browser(world.pat).get(f"{LIST}?{query}")) == [entries[number].pk for number in found]


def test_an_entry_is_read_in_words(world: World, browser: Browser, entries: list[AuditEntry]) -> None:
    page = text_of(browser(world.pat).get(f"{LIST}{entries[2].pk}/change/"))
    for said in ("Bo Chen", "Person “Cy Novak” — deactivated", "active", "no"):
        assert said in page
    listed = text_of(browser(world.pat).get(LIST))
    for said in ("Service “Checkout” — changed", "Heartbeat “Backup” — changed"):  # the heartbeat is gone: as it was
        assert said in listed
    for raw in ("service.edit", f"service:{world.checkout.pk}", "heartbeat:1"):
        assert raw not in listed.partition('id="result_list"')[2].partition("</table>")[0]


@pytest.mark.parametrize(
    ("verb", "thing", "said"),
    [
        ("webhook.rotate", "webhook:7", "Webhook “Chat” — secret rotated"),
        ("rule.reset", "user:7", "Person “Chat” — notification rules reset"),
        ("factor.make_codes", "user:7", "Person “Chat” — recovery codes made"),
        ("provider.configure", "provider:sms_twilio", "Provider “SMS” — settings changed"),
        ("organisation.edit", "organisation:1", "The organisation — changed"),
        ("something.new_verb", "thing", "Thing — something new verb"),
    ],
)
def test_every_act_is_a_sentence(db: None, verb: str, thing: str, said: str) -> None:
    entry = AuditEntry(verb=verb, thing=thing, after={"name": "Chat"})
    assert audit_words.told([entry])[0].sentence == said


@pytest.mark.parametrize("path", [LIST, "/audit/"])
def test_a_lost_key_breaks_no_list(world: World, browser: Browser, settings: Any, path: str) -> None:
    """A98: what is sealed in a thing that an entry names is not opened for its name."""
    webhook = OutboundWebhook.objects.create(name="Chat", url="https://chat.example.org/", secret="whsec")
    audit.write(acts(world.ada), "webhook.rotate", f"webhook:{webhook.pk}")
    settings.FIELD_KEYS = ["another-key-of-thirty-two-characters-or-more"]
    assert "Webhook “Chat” — secret rotated" in text_of(browser(world.ada).get(path))


@pytest.mark.parametrize("act", ["change", "delete"])
def test_nobody_writes_or_deletes_it(world: World, browser: Browser, entries: list[AuditEntry], act: str) -> None:
    """A93: nor by the action of a list."""
    for user in (world.ada, world.pat):
        client = browser(user)
        path = f"{LIST}{entries[0].pk}/{act}/"
        assert client.post(path, {"post": "yes", "label": "Bo"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [entries[0].pk], "post": "yes"}
        client.post(LIST, chosen)
    assert audit.verify() == audit.Verdict(3, [])


def test_it_is_taken_away_as_a_file_without_formulas_and_that_is_audited(
    world: World, browser: Browser, entries: list[AuditEntry]
) -> None:
    """A17, A90."""
    chosen = {"action": "export", "_selected_action": [entry.pk for entry in entries]}
    answer = browser(world.pat).post(LIST, chosen)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:4] == ["number", "at", "actor", "name"]
    assert rows[3][-3:] == ["name", "Old", "'=1+2"]
    last = AuditEntry.objects.first()
    assert last is not None
    assert (last.verb, last.label, last.after) == ("audit.export", world.pat.name, {"entries": 3})
