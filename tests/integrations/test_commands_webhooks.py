"""Webhooks as they are defined: who may, what is refused, what is kept (matrix 3.4, A45, A58, A69, A76, A98)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from core import clock
from core.errors import Conflict, Forbidden, Invalid
from core.facts import readers
from core.models import AuditEntry, DueRow
from integrations.commands import webhook_log, webhooks
from integrations.kinds import WEBHOOK_KINDS
from integrations.models import OutboundWebhook
from integrations.queries.webhooks import webhooks_of
from tests import world as builders
from tests.world import World

pytestmark = pytest.mark.django_db
VALUES: dict[str, Any] = {
    "name": "Chat bridge",
    "url": "https://8.8.8.8/hook/s3cret-path",
    "kinds": ["incident.opened"],
}


def made(world: World, **more: Any) -> OutboundWebhook:
    return webhooks.create(builders.acts(world.ana), world.payments, **{**VALUES, **more})[0]


@pytest.mark.parametrize("who", ["eve", "bo", "di", "sam"])
def test_nobody_else_may(world: World, who: str) -> None:
    """Matrix 3.4: managers of the team and those who keep the process; not Eve, not even the team's own responders."""
    actor = builders.acts(getattr(world, who))
    row = made(world)
    asked: list[Callable[[], object]] = [
        lambda: webhooks.create(actor, world.payments, **{**VALUES, "name": "Mine"}),
        lambda: webhooks.edit(actor, row, name="Mine"),
        lambda: webhooks.rotate(actor, row),
        lambda: webhooks.pause(actor, row),
        lambda: webhooks.resume(actor, row),
        lambda: webhooks.delete(actor, row),
        lambda: webhook_log.ping(actor, row),
        lambda: webhook_log.replay_failed(actor, row, since=clock.now()),
        lambda: webhooks_of(actor),
    ]
    for ask in asked:
        with pytest.raises(Forbidden):
            ask()
    assert list(OutboundWebhook.objects.values_list("name", "state")) == [("Chat bridge", "active")]


def test_a_manager_makes_none_of_another_team_nor_of_all(world: World) -> None:
    """A58, A60: Ana manages Payments; the whole organisation's are the process owner's."""
    ana = builders.acts(world.ana)
    for team in (world.search, None):
        with pytest.raises(Forbidden):
            webhooks.create(ana, team, **VALUES)
    whole = webhooks.create(builders.acts(world.pat), None, **VALUES)[0]
    row = made(world, name="Ours")
    for team in (world.search, None):
        with pytest.raises(Forbidden):
            webhooks.edit(ana, row, team=team, keep_team=False)
    assert list(webhooks_of(ana)) == [row]
    assert set(webhooks_of(builders.acts(world.pat))) == {row, whole}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/hook",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://2130706433/",
        "https://metadata.google.internal/",
        "https://user:secret@example.org/",
        "ftp://example.org/",
        "https://example.org/#part",
        "https://example.org/a\r\nX: y",
    ],
)
def test_an_address_inside_is_refused_beside_its_field(world: World, url: str) -> None:
    """A69, A72, A73: at the making and at a change."""
    row = made(world)
    asked: list[Callable[[], object]] = [
        lambda: made(world, name="Inside", url=url),
        lambda: webhooks.edit(builders.acts(world.ana), row, url=url),
    ]
    for ask in asked:
        with pytest.raises(Invalid) as refused:
            ask()
        assert list(refused.value.fields) == ["url"]
    assert OutboundWebhook.objects.count() == 1


def test_what_the_operator_allows_is_allowed(world: World, settings: Any) -> None:
    """A76: that host, not its neighbour."""
    settings.OUTBOUND_ALLOW = ["10.1.2.3"]
    assert made(world, url="http://10.1.2.3/hook").url == "http://10.1.2.3/hook"
    with pytest.raises(Invalid):
        made(world, name="Neighbour", url="http://10.1.2.4/hook")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["incident.opened", "user.created"]}, "kinds"),
        ({"url": ""}, "url"),
        ({"url": "https://example.org/" + "x" * 600}, "url"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_field(world: World, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        made(world, **wrong)
    assert list(refused.value.fields) == [field]
    assert not OutboundWebhook.objects.exists()


def test_services_of_another_team_are_refused(world: World) -> None:
    """A58; also when the webhook is given to another team and keeps its services."""
    found = builders.service("Index", world.search)
    with pytest.raises(Invalid) as refused:
        made(world, services=[found])
    assert list(refused.value.fields) == ["services"]
    row = made(world, services=[world.checkout])
    with pytest.raises(Invalid):
        webhooks.edit(builders.acts(world.pat), row, team=world.search, keep_team=False)
    row.refresh_from_db()
    assert row.team == world.payments


def test_a_name_stands_once(world: World) -> None:
    made(world)
    with pytest.raises(Conflict) as refused:
        made(world, name="CHAT BRIDGE")
    assert (refused.value.code, list(refused.value.fields)) == ("taken", ["name"])


def test_a_stale_form_changes_nothing(world: World) -> None:
    row = made(world)
    webhooks.edit(builders.acts(world.ana), row, name="Bridge", version=row.version)
    with pytest.raises(Conflict) as refused:
        webhooks.edit(builders.acts(world.ana), row, name="Other", version=row.version)
    assert refused.value.code == "stale"


def test_secrets_stand_nowhere_in_clear_text(world: World) -> None:
    """A95, A98: sealed in the database; the audit keeps neither secret nor the path of the address."""
    row, first = webhooks.create(builders.acts(world.ana), world.payments, **VALUES)
    _, second = webhooks.rotate(builders.acts(world.ana), row)
    assert first != second
    assert first.startswith("whsec_")
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, old_secret FROM integrations_outboundwebhook")
        sealed = cursor.fetchone()
    assert not {first, second} & set(sealed)
    kept = json.dumps(list(AuditEntry.objects.values("before", "after", "verb")))
    assert first not in kept
    assert second not in kept
    assert "s3cret-path" not in kept
    assert '"host": "8.8.8.8"' in kept
    assert [entry.verb for entry in AuditEntry.objects.order_by("pk")] == ["webhook.create", "webhook.rotate"]


def test_a_rotation_without_grace_forgets_the_old_secret(world: World) -> None:
    row, _ = webhooks.rotate(builders.acts(world.ana), made(world), grace=timedelta(0))
    assert (row.old_secret, row.old_secret_until) == (None, None)
    with pytest.raises(Invalid):
        webhooks.rotate(builders.acts(world.ana), row, grace=timedelta(days=31))


def test_only_what_is_paused_is_resumed(world: World) -> None:
    row, ana = made(world), builders.acts(world.ana)
    with pytest.raises(Conflict):
        webhooks.resume(ana, row)
    webhooks.pause(ana, row)
    with pytest.raises(Conflict):
        webhooks.pause(ana, row)
    with pytest.raises(Conflict) as refused:
        webhook_log.replay_failed(ana, row, since=clock.now())
    assert refused.value.code == "paused"


def test_one_test_at_a_time(world: World) -> None:
    row, ana = made(world), builders.acts(world.ana)
    webhook_log.ping(ana, row)
    with pytest.raises(Conflict) as refused:
        webhook_log.ping(ana, row)
    assert refused.value.code == "busy"


def test_a_removed_webhook_leaves_nothing_to_be_sent(world: World) -> None:
    row, ana = made(world), builders.acts(world.ana)
    webhook_log.ping(ana, row)
    webhooks.delete(ana, row)
    assert not DueRow.objects.filter(kind=webhook_log.KIND, state=DueRow.WAITING).exists()
    assert not OutboundWebhook.objects.exists()


def test_whoever_made_it_may_leave(world: World) -> None:
    row = made(world)
    User.objects.filter(pk=world.ana.pk).update(is_active=False)
    row.refresh_from_db()
    assert row.created_by == world.ana


def test_every_kind_is_a_fact_of_an_incident() -> None:
    """The list that people choose from and the facts that reactions read are the same."""
    read = {name for name, found in readers().items() if "integrations.reactions.tell_webhooks" in found}
    assert read == set(WEBHOOK_KINDS)
