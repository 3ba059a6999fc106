"""What was altered, told by a person or a program that is no monitoring tool (TRI-08)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import clock
from core.errors import Invalid
from core.text import clean_line
from incidents import permissions
from incidents.commands import timeline
from incidents.commands.acceptance import CHANGE_KINDS
from incidents.models import ChangeEvent
from oncall.models import Service


@transaction.atomic
def record_change(
    actor: Actor,
    service: Service,
    *,
    summary: str,
    kind: str = "deploy",
    source: str = "",
    started_at: datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> ChangeEvent:
    """Note a deploy, a flag or a change of configuration at its own time; opens nothing."""
    require(actor, permissions.CHANGE_RECORD, service)
    if kind not in CHANGE_KINDS:
        raise Invalid("Unknown kind of change.", fields={"kind": [f"One of {', '.join(CHANGE_KINDS)}."]})
    text = clean_line(summary, 1024, "summary")
    if not text:
        raise Invalid("Say what was changed.", fields={"summary": ["Must not be empty."]})
    return ChangeEvent.objects.create(
        service=service,
        summary=text,
        kind=kind,
        source=clean_line(source, 255, "source") or actor.label[:255],
        started_at=timeline.checked_time(started_at, "started_at") or clock.now(),
        received_at=clock.now(),
        details=dict(details or {}),
    )
