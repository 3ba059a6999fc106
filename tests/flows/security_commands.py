"""Every command with the arguments that make it succeed, and the kinds of caller who try it."""

from __future__ import annotations

import ast
import base64
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.db.models import Model

from accounts import actors
from accounts.actors import Actor
from accounts.models import ApiToken, Identity, Invitation, User
from core import clock
from core.errors import Forbidden, Missing, PortalError
from incidents.commands import lifecycle
from incidents.commands.attachments import Upload
from incidents.models import Alert, EventRule, Incident, SavedView, TimelineEntry
from incidents.queries.routing import decision_for
from integrations.commands import heartbeats, webhooks
from integrations.models import Heartbeat, IntegrationKey, OutboundWebhook, WebhookDelivery
from notifications.commands.contact_methods import digest
from notifications.models import ContactMethod, Verification
from oncall.commands import pages, services
from oncall.kinds import LevelDraft
from oncall.models import EscalationPolicy, NotificationRule, Page, Schedule, Service
from tests import world as builders
from tests.architecture.source import ROOMS, ROOT, functions
from tests.flows.security_doors import PEOPLE, filled
from tests.flows.security_scene import Scene
from tools.enrolment import code_of

M = TypeVar("M", bound=Model)
TABLE = Path(__file__).with_name("commands.txt")
WORDS = {"-": (), "PEOPLE": PEOPLE, "STAFF": PEOPLE[1:]}
# LK followed the link of a page to RE; TF is RE's own token with every scope, the other tokens are as at the doors.
CALLERS = ("AN", "IK", *PEOPLE, "LK", "TF", "TR", "TW", "TA")

# Commands that look for what they are about themselves, and find nothing with a token that cannot read.
BLIND = {"incidents.commands.bulk.act_on_all"}


@dataclass(frozen=True, slots=True)
class Row:
    """One command: the right it asks for with the scope a token needs for it, and who may."""

    right: str
    scope: str
    may: tuple[str, ...]
    command: str

    def verdict(self, who: str) -> bool:
        """Whether this table lets somebody."""
        if who in ("TF", "LK"):
            return "RE" in self.may and self.scope != "person"
        if who in ("TR", "TW"):
            sees = who == "TR" or self.command not in BLIND
            return "MG" in self.may and sees and self.scope == {"TR": "read", "TW": "write"}[who]
        if who == "TA":
            return "RX" in self.may and self.scope != "person"
        return who in self.may


def table() -> list[Row]:
    """The rows of commands that ask for a right."""
    return [
        Row(right, scope, tuple(who for part in may.split(",") for who in WORDS.get(part, (part,))), command)
        for right, scope, may, command in (
            line.split() for line in _lines() if not line.startswith(("down ", "reads "))
        )
    ]


def called_down(word: str = "down") -> list[str]:
    """The commands that ask nobody: only other commands call them, or (`reads`) they read what the actor may see."""
    return [line.split()[1] for line in _lines() if line.startswith(f"{word} ")]


def _lines() -> list[str]:
    return [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]


@cache
def commands() -> dict[str, ast.FunctionDef]:
    """Every public function of a room's commands whose first argument is the actor, by its full name."""
    return {name: found for name, found in _public("commands") if _first_argument(found) == "actor"}


def _public(floor: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if floor in parts and "management" not in parts and "migrations" not in parts:
                for found in functions(path):
                    if not found.name.startswith("_"):
                        yield ".".join((*parts, found.name)), found


def _first_argument(function: ast.FunctionDef) -> str:
    return function.args.args[0].arg if function.args.args else ""


def function_of(name: str) -> Callable[..., Any]:
    """The function with this full name."""
    module, _, called = name.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(module), called)
    return inspect.unwrap(found) if not hasattr(found, "__wrapped__") else found


# --- who calls ------------------------------------------------------------------------------------
def everybody(scene: Scene) -> dict[str, Actor]:
    """One actor of each kind, read afresh."""
    world = scene.world
    people = dict(
        zip(PEOPLE, (world.sam, world.bo, world.di, scene.guest, world.ana, world.pat, world.ada), strict=True)
    )
    afresh = {who: User.objects.get(pk=user.pk) for who, user in people.items()}
    return {
        "AN": actors.ANONYMOUS,
        "IK": actors.integration("prod", world.checkout.pk),
        **{who: actors.person(user) for who, user in afresh.items()},
        "LK": actors.link_holder(afresh["RE"]),
        "TF": actors.token_holder(afresh["RE"], ("read", "write", "admin")),
        "TR": actors.token_holder(afresh["MG"], ("read",)),
        "TW": actors.token_holder(afresh["MG"], ("write",)),
        "TA": actors.token_holder(scene.demoted, ("read", "write", "admin")),
    }


# --- what they call it with -----------------------------------------------------------------------
class Nouns:
    """The rows that commands are about, by the name of the argument; each is read afresh."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.world, self.ids = scene, scene.world, scene.ids

    def of(self, name: str, command: str) -> Any:
        """The row for an argument of a command."""
        return getattr(self, name)(command)

    def user(self, command: str) -> User:
        """Bo for what people do with their own rows, Cy for what others do with people."""
        return self.world.cy if command in ABOUT_OTHERS else self.own()

    def own(self) -> User:
        """Bo, who is RE."""
        return User.objects.get(pk=self.world.bo.pk)

    def team(self, command: str) -> Any:
        """Payments, or a team that owns nothing where it is to go."""
        return self._row(type(self.world.payments), "spare" if command.endswith("teams.delete") else "teams")

    def incident(self, command: str) -> Incident:
        """The open incident, moved on so far as the command needs."""
        found = self.scene.open
        for step in MOVED.get(command.rpartition(".")[2], ()):
            found = step(actors.system(), found)
        return found

    def alert(self, command: str) -> Alert:
        """A new alert that no incident holds yet."""
        return Alert.objects.create(service=self.world.checkout, key="third", severity="error", tool="events")

    def first(self, command: str) -> Alert:
        """The alert of the open incident."""
        return self._row(Alert, "alerts")

    def decision(self, command: str) -> Any:
        """What the rules say of an alert."""
        return decision_for(Alert.objects.get(key="third"))

    def service(self, command: str) -> Service:
        """The service that nothing uses where it is put away, else Checkout."""
        found = self._row(Service, "unused" if command.endswith(("archive", "restore")) else "services")
        return services.archive(actors.system(), found) if command.endswith("restore") else found

    def heartbeat(self, command: str) -> Heartbeat:
        """Checkout's heartbeat."""
        found = self._row(Heartbeat, "heartbeats")
        return heartbeats.pause(actors.system(), found) if command.endswith("resume") else found

    def page(self, command: str) -> Page:
        """Bo's page."""
        found = self._row(Page, "pages")
        if command.endswith("explain"):
            pages.decline(actors.system(), found, via="web")
        return found

    def method(self, command: str) -> ContactMethod:
        """Bo's address: the proven one, or that which waits for its code."""
        if not command.endswith(("send_code", "verify")):
            return self._row(ContactMethod, "contact-methods")
        found = self._row(ContactMethod, "unverified")
        later = clock.now() + timedelta(minutes=9)
        if command.endswith("verify"):
            Verification.objects.create(method=found, digest=digest(found.pk, "123456"), expires_at=later)
        return found

    def rule(self, command: str) -> Any:
        """An event rule of Checkout, or a notification rule of Bo."""
        if command.startswith("incidents"):
            return self._row(EventRule, "event-rules")
        return self._row(NotificationRule, "notification-rules")

    def entry(self, command: str) -> TimelineEntry:
        """A note of Bo's."""
        return self._row(TimelineEntry, "note")

    def priority(self, command: str) -> Any:
        """P3."""
        return builders.priority(3)

    def policy(self, command: str) -> EscalationPolicy:
        """A policy of Payments that nothing uses."""
        return self._row(EscalationPolicy, "policies")

    def schedule(self, command: str) -> Schedule:
        """A schedule of Payments."""
        return self._row(Schedule, "schedules")

    def view(self, command: str) -> SavedView:
        """Bo's saved view."""
        return self._row(SavedView, "views")

    def invitation(self, command: str) -> Invitation:
        """An invitation into Payments that waits."""
        return self._row(Invitation, "invitations")

    def identity(self, command: str) -> Identity:
        """Cy's account at an identity provider."""
        return Identity.objects.create(user=self.world.cy, issuer="https://id.example.org", subject="cy-7")

    def factor(self, command: str) -> Authenticator:
        """Bo's passkey."""
        return self._row(Authenticator, "factors")

    def session(self, command: str) -> UserSession:
        """A browser of Bo's."""
        return self._row(UserSession, "sessions")

    def token(self, command: str) -> ApiToken:
        """Bo's token."""
        return self._row(ApiToken, "tokens")

    def key(self, command: str) -> IntegrationKey:
        """Checkout's key."""
        return self._row(IntegrationKey, "keys")

    def webhook(self, command: str) -> OutboundWebhook:
        """Payments' webhook, which is paused; sent to again where it has to be."""
        found = self._row(OutboundWebhook, "webhooks")
        if command.endswith(("webhooks.pause", "replay", "replay_failed")):
            webhooks.resume(actors.system(), found)
        return found

    def delivery(self, command: str) -> WebhookDelivery:
        """What that webhook was told of the open incident."""
        self.webhook(command)
        return WebhookDelivery.objects.get(event=self.ids["event"])

    def _row(self, model: type[M], noun: str) -> M:
        return model._default_manager.get(pk=self.ids[noun])


ABOUT_OTHERS = {f"accounts.commands.users.{verb}" for verb in ("edit", "change_role", "deactivate", "reactivate")} | {
    "accounts.commands.factors.reset_factors"
}
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ACKED = (lifecycle.acknowledge,)
RESOLVED = (lifecycle.acknowledge, lifecycle.resolve)
# How far the incident has come before a verb can be tried.
MOVED: dict[str, tuple[Callable[..., Incident], ...]] = {
    "identify": ACKED,
    "mitigate": ACKED,
    "undo_acknowledge": ACKED,
    "relapse": (lifecycle.acknowledge, lifecycle.mitigate),
    "reopen": RESOLVED,
    "close": RESOLVED,
    "undo_resolve": RESOLVED,
}


def browser_keys() -> dict[str, str]:
    """What a browser sends when it subscribes."""
    shape = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*shape)
    named = {"p256dh": point, "auth": b"0123456789abcdef"}
    return {name: base64.urlsafe_b64encode(part).decode().rstrip("=") for name, part in named.items()}


KEYS = browser_keys()
# What a command is given beside its rows; "=users" is the id of that noun, what can be called is called.
VALUES: dict[str, dict[str, Any]] = {
    "accounts.commands.organisation.edit_organisation": {"name": "Fernhill"},
    "accounts.commands.factors.add_app": {
        "secret": SEED,
        "code": lambda scene: code_of(SEED, clock.now().timestamp()),
    },
    "accounts.commands.factors.add_passkey": {"name": "Phone", "credential": {}},
    "accounts.commands.factors.rename_passkey": {"name": "Phone"},
    "accounts.commands.sign_ins.end_others": {"key": "x"},
    "accounts.commands.invitations.invite": {
        "email": "zoe@example.org",
        "name": "Zoe",
        "team": lambda scene: scene.world.payments,
    },
    "accounts.commands.teams.create": {"name": "Fresh"},
    "accounts.commands.teams.edit": {"description": "x"},
    "accounts.commands.tokens.issue": {"name": "CI", "scopes": ["read"], "expires": None},
    "accounts.commands.users.create": {"email": "zoe@example.org", "name": "Zoe"},
    "accounts.commands.users.edit_profile": {"theme": "dark"},
    "accounts.commands.users.edit": {"name": "Cy X"},
    "accounts.commands.users.change_role": {"role": "stakeholder"},
    "accounts.commands.users.set_password": {"password": "another long one 77"},
    "notifications.commands.contact_methods.add": {"provider": "email", "address": "new@example.org"},
    "notifications.commands.contact_methods.verify": {"code": "123456"},
    "notifications.commands.contact_methods.rename": {"label": "Mine"},
    "notifications.commands.devices.subscribe": {"endpoint": "https://push.example.org/1", "keys": KEYS},
    "notifications.commands.providers.configure": {"provider_id": "sms_twilio", "enabled": False, "values": {}},
    "oncall.commands.pages.accept": {"via": "web"},
    "oncall.commands.pages.decline": {"via": "web"},
    "oncall.commands.pages.escalate": {"via": "web"},
    "oncall.commands.policies.create": {"name": "Fresh", "levels": lambda scene: [LevelDraft(5, (scene.world.cy.pk,))]},
    "oncall.commands.policies.edit": {"name": "New name"},
    "oncall.commands.reasons.explain": {"reason": "on a train"},
    "oncall.commands.rules.add": {"urgency": "high", "delay_minutes": 9, "method_id": "=contact-methods"},
    "oncall.commands.schedules.create": {"name": "Fresh", "anchor": "2026-01-05T09:00", "members": ["=users"]},
    "oncall.commands.schedules.edit": {"name": "New name"},
    "oncall.commands.services.create": {"name": "Fresh"},
    "oncall.commands.services.edit": {"description": "x"},
    "incidents.commands.assignment.reassign": {"user": lambda scene: scene.world.cy, "reason": "x"},
    "incidents.commands.attachments.attach": {"uploads": [Upload("a.log", b"pod 3")]},
    "incidents.commands.bulk.act_on_all": {"verb": "acknowledge", "numbers": ["=incidents"]},
    "incidents.commands.changes.record_change": {"summary": "Deploy 8"},
    "incidents.commands.composing.say": {"text": "A note"},
    "incidents.commands.config.create_rule": {"name": "x", "field": "summary", "value": "y", "urgency": "low"},
    "incidents.commands.config.edit_rule": {"name": "x", "urgency": "low"},
    "incidents.commands.config.set_grouping": {"mode": "none"},
    "incidents.commands.config.edit_priority": {"definition": "x"},
    "incidents.commands.describing.describe": {"customer_impact": "Nobody can pay"},
    "incidents.commands.exporting.begin_export": {"query": "state:open"},
    "incidents.commands.milestones.correct": {"kind": "started", "at": lambda scene: clock.now() - timedelta(hours=1)},
    "incidents.commands.opening.declare": {"title": "Fresh"},
    "incidents.commands.priority.set_priority": {"reason": "more than we thought"},
    "incidents.commands.returning.snooze": {"until": lambda scene: clock.now() + timedelta(hours=2)},
    "incidents.commands.splitting.split": {"alerts": ["=second"]},
    "incidents.commands.timeline.append": {"kind": "note", "text": "A mark"},
    "incidents.commands.timeline.note": {"text": "A note"},
    "incidents.commands.timeline.edit": {"text": "Another", "why": "more exact"},
    "incidents.commands.timeline.strike": {"reason": "wrong"},
    "incidents.commands.views.save_view": {"name": "Fresh", "query": "state:open"},
    "incidents.commands.views.edit_view": {"name": "Other"},
    "integrations.commands.heartbeats.create": {"name": "Fresh"},
    "integrations.commands.heartbeats.edit": {"name": "Other"},
    "integrations.commands.keys.edit": {"name": "Other"},
    "integrations.commands.webhooks.create": {
        "name": "Fresh",
        "url": "https://8.8.8.8/x",
        "kinds": ["incident.opened"],
    },
    "integrations.commands.webhooks.edit": {"name": "Other"},
    "integrations.commands.webhook_log.replay_failed": {"since": lambda scene: clock.now() - timedelta(days=1)},
}


def call(scene: Scene, command: str, actor: Actor) -> Any:
    """Call a command with its rows and values; whatever it raises comes through."""
    function, nouns = function_of(command), Nouns(scene)
    given = filled(VALUES.get(command, {}), scene.ids)
    given = {name: value(scene) if callable(value) else value for name, value in given.items()}
    rows = {
        name: nouns.of(name, command)
        for name, each in inspect.signature(function).parameters.items()
        if name not in given and name != "actor" and each.default is each.empty and each.kind is not each.VAR_KEYWORD
    }
    return function(actor, **rows, **given)


def tried(scene: Scene, command: str, actor: Actor) -> str:
    """What comes of it: done, refused, or what the command says against its arguments; all is taken back."""
    with transaction.atomic():
        try:
            call(scene, command, actor)
            found = "done"
        except (Forbidden, Missing):
            found = "refused"
        except PortalError as error:  # several at once: what is refused of one stands in the report
            found = "refused" if error.code == "bulk" else f"{type(error).__name__} {error.detail} {error.fields}"
        transaction.set_rollback(True)
    return found
