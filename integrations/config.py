"""The room's sections of the configuration file: integration keys without their texts, heartbeats, the own service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.config import team_named
from core.config.nouns import Document, Field, Noun, Standing, row_of, wrong
from integrations.commands import heartbeats, keys, own_alarms, webhooks
from integrations.models import Heartbeat, IntegrationKey, OutboundWebhook
from integrations.models.webhooks import SECRETS
from integrations.queries.own import own_service
from oncall.config import service_named
from oncall.models import Service


def _sorted(documents: Iterable[Document]) -> list[Document]:
    return sorted(documents, key=lambda document: (document["service"].casefold(), document["name"].casefold()))


class KeysNoun(Noun):
    """Keys in use: for which service and kind of tool, and where a generic tool keeps its values; never their texts."""

    name, order, key = "integration_keys", 100, ("service", "kind", "name")
    fields: ClassVar = {
        "service": Field("text", fold=True),
        "kind": Field("text", "events"),
        "name": Field("text", ""),
        "paths": Field("mapping", {}),
    }

    def documents(self) -> list[Document]:
        """By service and name; revoked ones and those that have a successor are left out."""
        return _sorted(_key_document(each) for each in _keys())

    def create(self, actor: Actor, wanted: Document) -> str:
        """Make a new key, whose text nobody has yet."""
        values = {name: wanted[name] for name in ("kind", "name", "paths")}
        return keys.issue(actor, service_named(wanted["service"]), **values)[1]

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Another spelling of the name, or other paths; the text of the key stays."""
        values: dict[str, Any] = {name: wanted[name] for name in names & {"name", "paths"}}
        keys.edit(actor, _key(before), **values)

    def remove(self, actor: Actor, before: Document) -> None:
        """Revoke it: senders that use it are refused from now on."""
        keys.revoke(actor, _key(before))


def _keys() -> QuerySet[IntegrationKey]:
    live = IntegrationKey.objects.filter(revoked_at=None, valid_until=None, service__archived_at=None)
    return live.select_related("service").order_by("pk")


def _key_document(key: IntegrationKey) -> Document:
    said = {"service": key.service.name, "kind": key.kind, "name": key.name, "paths": key.paths}
    return Standing(key.pk, said)


def _key(before: Document) -> IntegrationKey:
    found = _keys().filter(pk=row_of(before)).first()
    if found is None:
        raise wrong("name", "there is no such key any more.")
    return found


class HeartbeatsNoun(Noun):
    """What must give a sign of life, and how often."""

    name, order, key = "heartbeats", 110, ("service", "name")
    fields: ClassVar = {
        "service": Field("text", fold=True),
        "name": Field("text"),
        "interval_seconds": Field("number", 300),
        "grace_seconds": Field("number", 60),
        "paused": Field("flag", False),
    }
    PLAIN = ("name", "interval_seconds", "grace_seconds")

    def documents(self) -> list[Document]:
        """By service and name."""
        rows = Heartbeat.objects.filter(service__archived_at=None).select_related("service")
        return _sorted(
            {
                "service": each.service.name,
                **{name: getattr(each, name) for name in self.PLAIN},
                "paused": each.state == "paused",
            }
            for each in rows
        )

    def create(self, actor: Actor, wanted: Document) -> str:
        """Make it, silent until its first ping."""
        service = service_named(wanted["service"])
        made, text = heartbeats.create(actor, service, **{name: wanted[name] for name in self.PLAIN})
        if wanted["paused"]:
            heartbeats.pause(actor, made)
        return text

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Only what differs."""
        row = _heartbeat(before)
        if names & set(self.PLAIN):
            row = heartbeats.edit(actor, row, **{name: wanted[name] for name in names & set(self.PLAIN)})
        if "paused" in names:
            (heartbeats.pause if wanted["paused"] else heartbeats.resume)(actor, row)

    def remove(self, actor: Actor, before: Document) -> None:
        """Remove it: its address answers no more."""
        heartbeats.delete(actor, _heartbeat(before))


def _heartbeat(before: Document) -> Heartbeat:
    found = Heartbeat.objects.filter(service=service_named(before["service"]), name=before["name"]).first()
    if found is None:
        raise wrong("name", "there is no such heartbeat any more.")
    return found


class WebhooksNoun(Noun):
    """Outgoing webhooks without their secrets; one without a team is the whole organisation's."""

    name, order, key = "webhooks", 115, ("name",)
    fields: ClassVar = {
        "name": Field("text"),
        "team": Field("text", None, none=True, fold=True),
        "url": Field("text"),
        "kinds": Field("texts", loose=True),
        "services": Field("texts", [], fold=True, loose=True),
        "paused": Field("flag", False),
    }

    def documents(self) -> list[Document]:
        """By name; one that has paused by itself is not meant to be paused."""
        rows = OutboundWebhook.objects.select_related("team").prefetch_related("services").defer(*SECRETS)
        found = []
        for each in rows:
            named = [service.name for service in each.services.all() if service.archived_at is None]
            found.append(
                {
                    "name": each.name,
                    "team": each.team.name if each.team else None,
                    "url": each.url,
                    "kinds": sorted(each.kinds),
                    "services": sorted(named, key=str.casefold),
                    "paused": each.state == OutboundWebhook.PAUSED and not each.paused_by_itself,
                }
            )
        return sorted(found, key=lambda document: document["name"].casefold())

    def create(self, actor: Actor, wanted: Document) -> str:
        """Make it, with a secret that nobody has yet."""
        made, text = webhooks.create(
            actor,
            team_named(wanted["team"]) if wanted["team"] else None,
            name=wanted["name"],
            url=wanted["url"],
            kinds=wanted["kinds"],
            services=_services(wanted),
        )
        if wanted["paused"]:
            webhooks.pause(actor, made)
        return text

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Only what differs; the secret stays."""
        row = _webhook(before)
        values: dict[str, Any] = {name: wanted[name] for name in names & {"name", "url", "kinds"}}
        if "team" in names:
            values |= {"team": team_named(wanted["team"]) if wanted["team"] else None, "keep_team": False}
        if "services" in names:
            values["services"] = _services(wanted)
        if values:
            row = webhooks.edit(actor, row, **values)
        if "paused" in names:
            (webhooks.pause if wanted["paused"] else webhooks.resume)(actor, row)

    def remove(self, actor: Actor, before: Document) -> None:
        """Remove it: nothing is sent there any more."""
        webhooks.delete(actor, _webhook(before))


def _services(wanted: Document) -> list[Service]:
    return [service_named(name, f"services[{place}]") for place, name in enumerate(wanted["services"])]


def _webhook(before: Document) -> OutboundWebhook:
    found = OutboundWebhook.objects.defer(*SECRETS).filter(name__iexact=before["name"]).first()
    if found is None:
        raise wrong("name", "there is no such webhook any more.")
    return found


class OwnServiceNoun(Noun):
    """Which service takes the portal's own alarms; none until there has been one."""

    name, order, key = "own_alarms", 120, ()
    single, made, removed = True, False, False
    fields: ClassVar = {"service": Field("text", None, fold=True)}

    def documents(self) -> list[Document]:
        """One document, empty where there was no alarm yet."""
        found = own_service()
        return [{"service": found.name} if found and found.archived_at is None else {}]

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Give the portal's own alarms to a service."""
        own_alarms.give_to(actor, service_named(wanted["service"]))
