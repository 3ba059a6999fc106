"""The first page of the administration: is the engine well, everybody reachable, the process kept (ADM-03, G15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest

from accounts.access import actor_of
from accounts.models import Membership, Team
from accounts.permissions import AUDIT_SEE, PROVIDER_EDIT, can
from core import alarms, audit_words, clock, health
from core.models import AuditEntry, Beat
from incidents.queries.adherence import adherence
from integrations.models import Heartbeat
from notifications.kinds import providers
from notifications.models import ProviderConfig
from notifications.providers.email import Email, mail_is_filed
from oncall.queries.coverage import holes

ENTRIES, HOLES = 8, 12
AT_WORK = 60  # seconds within which a worker's sign of life is fresh
ADDRESS = {"service": "services", "policy": "policies", "schedule": "schedules", "team": "teams"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a card: a word for how it stands, a sentence, perhaps an address."""

    tone: str
    word: str
    text: str
    link: str = ""


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Everything that the page shows; what the person may not see is not read."""
    actor = actor_of(request)
    beats = list(Beat.objects.order_by("name"))
    context |= {
        "engine": [*_engine(), *_workers(beats)],
        "standing": [Row("bad", "Alarm", str(beat.detail.get("sentence", ""))) for beat in alarms.standing()],
        "providers": _providers(beats) if can(actor, PROVIDER_EDIT) else None,
        "coverage": _coverage(actor),
        "adherence": adherence(actor),
        "told": _told() if can(actor, AUDIT_SEE) else None,
    }
    return context


def _engine() -> Iterable[Row]:
    for probe in health.report()["checks"]:
        if not probe["name"].startswith("alarm:"):
            yield Row("" if probe["ok"] else "bad", "Well" if probe["ok"] else "Ill", probe["sentence"])


def _workers(beats: list[Beat]) -> Iterable[Row]:
    now = clock.now()
    for beat in beats:
        if beat.name == "core.audit":
            said = f"{beat.detail.get('sentence', '')} Looked through {beat.at:%d %b %H:%M} UTC."
            yield Row("" if beat.ok else "bad", "Whole" if beat.ok else "Broken", said)
        elif beat.name.startswith("worker:"):
            age = max(0, round((now - beat.at).total_seconds()))
            fresh = age <= AT_WORK
            yield Row("" if fresh else "none", "At work" if fresh else "Gone", f"{_worker(beat)}, seen {age} s ago.")


def _worker(beat: Beat) -> str:
    _, host, number = (*beat.name.split(":"), "", "")[:3]
    return f"Worker {number} on {host}"


def _providers(beats: list[Beat]) -> list[Row]:
    ill = {
        beat.name.removeprefix("alarm:provider."): str(beat.detail.get("sentence", ""))
        for beat in beats
        if beat.name.startswith("alarm:provider.") and not beat.ok
    }
    kept = dict(ProviderConfig.objects.values_list("provider", "enabled"))
    return [_provider(each, ill.get(each.id), kept.get(each.id)) for each in providers()]


def _provider(each: Any, ill: str | None, enabled: bool | None) -> Row:
    if ill is not None:
        return Row("bad", "Fails", ill)
    if enabled is False:
        return Row("none", "Off", f"{each.label} is switched off.")
    if enabled is None and each.needs_set_up:
        return Row("none", "Not set", f"{each.label} is not set up.")
    if each.id == Email.id and mail_is_filed():
        return Row("warn", "Filed", f"{each.label} is written to files and reaches nobody: there is no mail server.")
    return Row("", "Ready", each.label)


def _coverage(actor: Any) -> list[Row]:
    found = [Row("warn", "Gap", f"{hole.name}: {hole.sentence}", _link(hole.thing)) for hole in holes(actor)]
    managers = Membership.objects.filter(team=OuterRef("pk"), role=Membership.MANAGER, user__is_active=True)
    for team in Team.objects.exclude(Exists(managers))[:HOLES]:
        found.append(Row("warn", "Gap", f"{team.name}: The team has no manager.", f"/teams/{team.pk}/"))
    for beat in Heartbeat.objects.filter(state="down", service__archived_at=None).select_related("service")[:HOLES]:
        path = f"/services/{beat.service_id}/intake/"
        found.append(Row("bad", "Silent", f"{beat.name} of {beat.service}: no sign of life.", path))
    more = len(found) - HOLES
    return found if more <= 0 else [*found[:HOLES], Row("none", "More", f"And {more} more.")]


def _link(thing: str) -> str:
    noun, _, pk = thing.partition(":")
    return f"/{ADDRESS[noun]}/{pk}/"


def _told() -> list[audit_words.Told]:
    return audit_words.told(AuditEntry.objects.order_by("-pk")[:ENTRIES])
