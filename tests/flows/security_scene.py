"""One of everything: the rows whose ids the sweeps use, and a private incident of which nobody but Cy knows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.http import int_to_base36

from accounts import actors
from accounts.commands import invitations
from accounts.models import ApiToken, User
from accounts.queries import digest_of
from core import clock, worker
from core.links import sign
from incidents.commands import attachments
from incidents.commands.alerts import accept_batch
from incidents.commands.attachments import Upload
from incidents.kinds import Normalised
from incidents.models import Alert, ChangeEvent, EventRule, Incident, Participant, SavedView, TimelineEntry
from integrations.commands import heartbeats, inbound, keys, webhook_log, webhooks
from integrations.models import InboundEvent, WebhookDelivery
from notifications.models import Delivery
from oncall.models import NotificationRule, Page
from tests import world as builders
from tests.conftest import MONDAY
from tests.passkeys import SoftKey
from tests.standing import standing
from tests.world import World

CODENAME, SECRET_TITLE = "Blue Heron", "Payroll data stolen"
Ids = dict[str, str]


@dataclass
class Scene:
    """The world with its rows; `ids` fill the addresses of what belongs to Payments, `hidden` of what is private."""

    world: World
    key: str
    ids: Ids = field(default_factory=dict)
    hidden: Ids = field(default_factory=dict)

    @property
    def guest(self) -> User:
        """Fay, a responder of the team Search, who was added to the open incident."""
        return User.objects.get(email="fay@example.org")

    @property
    def demoted(self) -> User:
        """Max, who was the administrator of old, is a responder of no team now, and has kept his token."""
        return User.objects.get(email="max@example.org")

    @property
    def private(self) -> Incident:
        """The private incident as it is now."""
        return Incident.objects.get(number=int(self.hidden["incidents"]))

    @property
    def open(self) -> Incident:
        """The open incident as it is now."""
        return Incident.objects.get(number=int(self.ids["incidents"]))


@pytest.fixture(scope="module")
def scenes(django_db_setup: None, django_db_blocker: Any) -> Iterator[Callable[[], Scene]]:
    """The scene, built once for a file."""
    with standing(django_db_blocker, lambda: build(builders.build()), MONDAY) as maker:
        yield maker


@pytest.fixture
def scene(scenes: Callable[[], Scene], db: None, at: clock.FrozenClock) -> Scene:
    """One of everything."""
    return scenes()


@pytest.fixture
def world(scene: Scene) -> World:
    """The scene's own people."""
    return scene.world


def build(world: World) -> Scene:
    """Fill the world: an open incident that has paged Bo, a private one that has paged Cy, and one row of each kind."""
    system = actors.system()
    key, raw = keys.issue(system, world.checkout, kind="generic", name="prod")
    scene = Scene(world, raw)
    incident = _incident(world, "disk", "Disk full")
    Participant.objects.create(incident=incident, user=builders.person("Fay Ito", teams=[world.search]))
    builders.person("Max Former")
    page = Page.objects.get(subject=incident.subject, user=world.bo)
    own = builders.policy("Spare", world.payments, [world.bo])
    plan = builders.schedule("Primary", world.payments, world.bo, world.cy)
    unused = builders.service("Refunds", world.payments)
    token = ApiToken.objects.get(digest=digest_of(builders.token(world.bo, "read")))
    event = InboundEvent.objects.filter(service=world.checkout).order_by("pk").first()
    rule = EventRule.objects.create(service=world.checkout, name="Disks", field="summary", value="disk")
    ChangeEvent.objects.create(service=world.checkout, summary="Deploy 7")
    note = TimelineEntry.objects.filter(incident=incident).order_by("pk").first()
    file = _file(world.bo, incident)
    kept = SavedView.objects.create(name="Ours", query="state:open", user=world.bo)
    beat = heartbeats.create(system, world.checkout, name="Backup")[0]
    unverified = builders.method(world.bo, address="second@example.org", verified=False)
    asked = invitations.invite(
        builders.acts(world.ana), email="zoe.later@example.org", name="Zoe Later", team=world.payments
    )
    hook, _ = webhooks.create(
        system, world.payments, name="Chat bridge", url="https://8.8.8.8/hook", kinds=["incident.opened"]
    )
    webhooks.pause(system, hook)  # nothing is to leave
    webhook_log.tell("incident.opened", incident.number, {})
    assert event is not None
    assert note is not None
    scene.ids = {
        "incidents": str(incident.number), "entries": str(note.pk), "timeline": str(note.pk),
        "services": str(world.checkout.pk), "policies": str(own.pk), "schedules": str(plan.pk),
        "factors": str(_passkey(world.bo).pk), "sessions": str(session_of(world.bo).pk),
        "teams": str(world.payments.pk), "members": str(world.cy.pk),
        "users": str(world.cy.pk), "people": str(world.cy.pk),
        "tokens": str(token.pk), "contact-methods": str(world.bo.contact_methods.get(verified_at__isnull=False).pk),
        "notification-rules": str(NotificationRule.objects.get(user=world.bo).pk), "pages": str(page.pk),
        "deliveries": str(Delivery.objects.get(purpose="page", purpose_key=str(page.pk)).pk),
        "views": str(kept.pk), "incident-views": str(kept.pk), "keys": str(key.pk),
        "heartbeats": str(beat.pk), "inbound": str(event.pk), "rules": str(rule.pk),
        "panel": "related", "invitations": str(asked.invitation.pk),
        "webhooks": str(hook.pk), "event": str(hook.deliveries.get().event),
        "event-rules": str(rule.pk), "priorities": str(builders.priority(3).pk), "providers": "sms_twilio",
        "add": "email", "callbacks": "sms_twilio", "setup": "x" * 43, "answer": sign("answer", str(page.pk)),
        "token": "y" * 43, "wanted": "accept", "verb": "pause", "unused": str(unused.pk),
        "uidb36": int_to_base36(world.bo.pk), "alerts": str(incident.alerts.get().pk),
        "note": str(TimelineEntry.objects.filter(kind="note", incident=incident).get().pk),
        "top": str(builders.priority(1).pk), "low": str(builders.priority(5).pk),
        "theirs": str(world.cy.contact_methods.get().pk), "outsiders": str(world.eve.pk),
        "unverified": str(unverified.pk),
        "spare": str(builders.team("Spare").pk), "file": file, "key": default_token_generator.make_token(world.bo),
    }  # fmt: skip
    scene.ids["second"] = str(Alert.objects.create(service=world.checkout, incident=incident, key="second").pk)
    scene.hidden = _hidden(scene)
    return scene


def _file(user: User, incident: Incident) -> str:
    """A log that somebody on it has attached; gives the random name of the file."""
    upload = Upload("pods.log", b"pod 3 restarted")
    entry = attachments.attach(builders.acts(user), incident, uploads=[upload], text="The log")
    return entry.files.get().attachment.key


def _passkey(user: User) -> Authenticator:
    """A passkey that no browser holds."""
    options = {"publicKey": {"user": {"id": "eA"}, "challenge": "eA"}}
    data = {"name": "Laptop", "credential": json.loads(SoftKey().made(options))}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)


def session_of(user: User) -> UserSession:
    """A browser in which the person is signed in, and what is told of it."""
    key = str(builders.enter(Client(), user).session.session_key)
    return UserSession.objects.create(user=user, session_key=key, ip="192.0.2.7", user_agent="Firefox on Linux")


def _incident(world: World, key: str, title: str) -> Incident:
    """Opened by an alert that came through the test door, so that the inbound log knows it."""
    inbound.send_test(builders.acts(world.ana), world.checkout, summary=title, severity="critical")
    with transaction.atomic():
        accept_batch([Normalised(world.checkout.pk, "trigger", key, summary=title, severity="error", tool="events")])
    worker.drain()
    found = Incident.objects.order_by("-number").first()
    assert found is not None
    return found


def _hidden(scene: Scene) -> Ids:
    """Make a private incident whose page went to Cy, with all that hangs on it."""
    world = scene.world
    before = set(InboundEvent.objects.values_list("pk", flat=True))
    checkout = world.checkout
    ladder = builders.policy("Quiet", world.payments, [world.cy])
    type(checkout).objects.filter(pk=checkout.pk).update(policy=ladder)
    made = inbound.send_test(builders.acts(world.ana), checkout, summary=SECRET_TITLE, severity="critical")
    worker.drain()
    type(checkout).objects.filter(pk=checkout.pk).update(policy=world.policy)
    assert made.alert_id
    incident = Incident.objects.get(alerts__pk=made.alert_id)
    file = _file(world.cy, incident)
    Incident.objects.filter(pk=incident.pk).update(visibility="private", codename=CODENAME)
    Participant.objects.filter(incident=incident).exclude(user=world.cy).delete()
    Incident.objects.filter(number=scene.ids["incidents"]).update(recurrence_of=incident)
    page = Page.objects.get(subject=incident.subject)
    entry = TimelineEntry.objects.filter(incident=incident).order_by("pk").first()
    assert entry is not None
    event = InboundEvent.objects.exclude(pk__in=before).get()
    return {
        **scene.ids, "incidents": str(incident.number), "file": file,
        "entries": str(entry.pk), "timeline": str(entry.pk),
        "alerts": str(made.alert_id), "pages": str(page.pk), "inbound": str(event.pk),
        "event": str(WebhookDelivery.objects.get(incident=incident).event),
        "deliveries": str(Delivery.objects.get(purpose="page", purpose_key=str(page.pk)).pk),
    }  # fmt: skip


# --- addresses ------------------------------------------------------------------------------------
def routes() -> dict[str, Any]:
    """Every route of the portal with its view, read from the resolver; Django's admin is a world of its own."""
    found: dict[str, Any] = {}

    def walk(patterns: list[Any], prefix: str) -> None:
        for each in patterns:
            route = prefix + str(each.pattern)
            if isinstance(each, URLResolver):
                if route != "admin/":
                    walk(each.url_patterns, route)
            elif isinstance(each, URLPattern):
                found[route] = each.callback

    walk(get_resolver().url_patterns, "")
    return found


PART = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


def address(route: str, ids: Ids) -> str:
    """The route with ids put in: a number is that of the noun before it, anything else is found by its own name."""
    route = route.removeprefix("^").removesuffix("$")
    kind = "notification-rules" if route.startswith("profile/rules/") else ""

    def fill(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(2)
        noun = route[: found.start()].rstrip("/").rpartition("/")[2]
        return ids[noun] if name == "token" and noun in ids else ids.get(name) or ids[kind or noun]

    return "/" + PART.sub(fill, route)
