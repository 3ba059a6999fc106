"""PagerDuty's change events: deploys and other alterations; they inform, they page nobody (TRI-08)."""

from __future__ import annotations

import secrets
from typing import Any

from incidents.kinds import Normalised
from integrations.adapters import fields
from integrations.adapters.events_v2 import Faults, details_of, event_links
from integrations.kinds import Door, Headers, adapter

KINDS = ("deploy", "config", "flag", "package", "infra")


@adapter("changes", "PagerDuty change events")
def parse(headers: Headers, body: dict[str, Any], door: Door) -> list[Normalised]:
    """One change; `custom_details.kind` may say deploy, config, flag, package or infra."""
    faults = Faults()
    payload = faults.mapping(body.get("payload"), "payload", required=True)
    faults.text(payload, "payload.summary", fields.SUMMARY, required="payload" not in faults.found)
    faults.text(payload, "payload.source", fields.FIELD)
    faults.items(body, "links")
    faults.refuse()
    marks: list[str] = []
    details = details_of(payload.get("custom_details"))
    kind = details.get("kind")
    return [
        Normalised(
            service_id=door.service_id,
            action="change",
            key=secrets.token_hex(16),
            summary=fields.one_line(payload.get("summary"), fields.SUMMARY, "summary", marks),
            severity="info",
            source=fields.one_line(payload.get("source"), fields.FIELD, "source", marks),
            kind=kind if kind in KINDS else "deploy",
            tool="changes",
            details=details,
            links=event_links(body, marks),
            event_at=fields.moment(payload.get("timestamp"), door.received_at, marks),
            marks=marks,
            generated=True,
        )
    ]
