"""Every read with its arguments, and what its answer holds, to the last row that it carries along."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.db.models import Manager, Model, QuerySet

from accounts.models import Team, User
from incidents.engine.search_words import Word
from incidents.models import Alert, Incident, TimelineEntry
from incidents.queries.boards import Scope, board
from integrations.models import InboundEvent, OutboundWebhook
from notifications.models import Delivery
from oncall.models import Page, Service
from oncall.permissions import SERVICE_EDIT
from oncall.queries.catalogue import Wanted
from oncall.queries.standby import standby
from tests.architecture.source import ROOMS, ROOT, functions
from tests.flows.security_commands import WORDS, function_of
from tests.flows.security_doors import PEOPLE
from tests.flows.security_scene import CODENAME, SECRET_TITLE, Ids, Scene

TABLE = Path(__file__).with_name("reads.txt")
# What a `pk` is of, by the word before `_seen_by` or `_by_id`.
NOUNS = {
    "invitation": "invitations", "person": "users",
    "team": "teams", "token": "tokens", "factor": "factors", "session": "sessions",
    "delivery": "deliveries", "method": "contact-methods",
    "page": "pages", "service": "services", "policy": "policies", "schedule": "schedules", "priority": "priorities",
    "entry": "timeline", "view": "views", "key": "keys", "heartbeat": "heartbeats", "inbound_event": "inbound",
    "webhook": "webhooks",
}  # fmt: skip


def table() -> dict[str, tuple[str, ...]]:
    """Read by read, who is shown anything at all."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    words = {**WORDS, "ALL": ("AN", "IK", *PEOPLE, "TR", "TW")}
    return {read: tuple(who for part in may.split(",") for who in words.get(part, (part,))) for may, read in lines}


@cache
def reads() -> dict[str, ast.FunctionDef]:
    """Every public function of a room's queries whose first argument is the actor, by its full name."""
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "queries" in parts:
                for each in functions(path):
                    if each.args.args and each.args.args[0].arg == "actor" and not each.name.startswith("_"):
                        found[".".join((*parts, each.name))] = each
    return found


def parameters(read: str) -> set[str]:
    """The names of the arguments that a read asks for."""
    return {
        name
        for name, each in inspect.signature(function_of(read)).parameters.items()
        if name != "actor" and each.default is each.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
    }


class Reads:
    """What a read is asked for, by the name of the argument; ids are those of `ids`."""

    limit, newest, seq, text, wanted, word = 10, 10, 0, "disk", "", Word("text", ("disk",))
    worst: Mapping[int, int] = {}
    is_last, mark, kind, payload, verb, open_ones = True, "0123456789", "generic", "{}", "acknowledge", ()
    fields = {"summary": "disk"}
    right = SERVICE_EDIT

    def __init__(self, scene: Scene, ids: Ids) -> None:
        self.scene, self.ids = scene, ids
        self.scope, self.person = Scope(), User.objects.get(pk=scene.world.bo.pk)
        self.service = Service.objects.get(pk=ids["services"])
        self.team = Team.objects.get(pk=ids["teams"])
        self.teams, self.services, self.ids_ = [self.team], [self.service], [self.service.pk]
        self.incident = self.thing = Incident.objects.get(number=ids["incidents"])
        self.other, self.number, self.numbers = self.incident, self.incident.number, [self.incident.number]
        self.entry = TimelineEntry.objects.get(pk=ids["timeline"])
        self.delivery = Delivery.objects.get(pk=ids["deliveries"])
        self.webhook, self.event = OutboundWebhook.objects.get(pk=ids["webhooks"]), ids["event"]
        self.row = InboundEvent.objects.get(pk=ids["inbound"])
        self.key, self.now = ids["file"], standby([self.service.policy_id])
        self.path, self.body = {"number": self.number}, {"number": self.number}

    def call(self, read: str, actor: Any) -> list[Any]:
        """The answer, to the last row of it; whatever it raises comes through."""
        given = {name: self._of(name, read, actor) for name in parameters(read)}
        return list(touched(function_of(read)(actor, **given)))

    def _of(self, name: str, read: str, actor: Any) -> Any:
        asked = read.rpartition(".")[2]
        if name == "pk":
            noun = asked.partition("_seen")[0].partition("_by_id")[0]
            return int(self.ids["event-rules" if "routing" in read else NOUNS.get(noun, "notification-rules")])
        if name == "wanted" and asked == "catalogue":
            return Wanted()
        if name == "found":
            return board(actor, self.scope)
        return getattr(self, f"{name}_" if name == "ids" else name)


def touched(value: Any, depth: int = 0) -> Iterator[Any]:
    """Every row, text and number of an answer, with what the rows carry along."""
    if depth > 8 or callable(value):
        return
    if isinstance(value, Model):
        yield value
        for each in (*value._state.fields_cache.values(), *getattr(value, "_prefetched_objects_cache", {}).values()):
            yield from touched(each, depth + 1)
        for name, each in vars(value).items():
            if isinstance(each, str) and name != "_state":
                yield each
    elif isinstance(value, Mapping):
        for pair in value.items():
            yield from touched(pair, depth + 1)
    elif is_dataclass(value):
        for field in fields(value):
            yield from touched(getattr(value, field.name), depth + 1)
    elif isinstance(value, Iterable | Manager) and not isinstance(value, str | bytes):
        rows: Any = value.all() if isinstance(value, Manager | QuerySet) and not _sliced(value) else value
        for each in rows:
            yield from touched(each, depth + 1)
    elif value is not None and value is not False and value != "" and value != 0:
        yield value


def _sliced(value: Any) -> bool:
    return isinstance(value, QuerySet) and (value.query.is_sliced or value._result_cache is not None)


def traces(scene: Scene, found: Iterable[Any]) -> list[str]:
    """What of an answer tells of the private incident (S34, A62)."""
    number = scene.hidden["incidents"]
    said = re.compile(rf"{SECRET_TITLE}|{CODENAME}|INC-{number}\b|/incidents/{number}/|incident:{number}\b")
    hidden = {(Incident, scene.private.pk), (Alert, int(scene.hidden["alerts"])), (Page, int(scene.hidden["pages"]))}
    hidden |= {(Delivery, int(scene.hidden["deliveries"])), (InboundEvent, int(scene.hidden["inbound"]))}
    hidden |= {(TimelineEntry, entry.pk) for entry in scene.private.entries.all()}

    def tells(each: Any) -> bool:
        if isinstance(each, str):
            return bool(said.search(each))
        return isinstance(each, Model) and (type(each), each.pk) in hidden

    return [repr(each) for each in found if tells(each)]
