"""Opsgenie's alert API, as far as tools post alerts with it (wire/README 3).

Creating gives one trigger; `/v2/alerts/<alias>/close` and `/acknowledge` name alias and action in the address.
Opsgenie allows aliases of 512 characters, which are shortened to fit.
"""

from __future__ import annotations

import secrets
from typing import Any

from incidents.kinds import Normalised
from integrations.adapters import fields
from integrations.adapters.events_v2 import Faults
from integrations.kinds import Door, Headers, adapter

ALIAS = 512
ACTIONS = {"": "trigger", "close": "resolve", "acknowledge": "acknowledge"}
SEVERITY = {"P1": "critical", "P2": "critical", "P3": "error", "P4": "warning", "P5": "info"}


@adapter("opsgenie", "Opsgenie")
def parse(headers: Headers, body: dict[str, Any], door: Door) -> list[Normalised]:
    """One event; raises Invalid whose `fields` name what is wrong."""
    faults = Faults()
    priority = fields.as_text(body.get("priority"))
    action = ACTIONS[door.address.get("action", "")]
    alias = faults.text(door.address if door.address else body, "alias", ALIAS, required=action != "trigger")
    if action == "trigger":
        faults.text(body, "message", fields.SUMMARY, required=True)
        if priority and priority not in SEVERITY:
            faults.add("priority", f"must be one of {', '.join(SEVERITY)}")
    faults.refuse()
    marks: list[str] = []
    return [
        Normalised(
            service_id=door.service_id,
            action=action,
            key=fields.key_of(alias, marks, "alias") or secrets.token_hex(16),
            summary=fields.one_line(body.get("message"), fields.SUMMARY, "message", marks),
            severity=SEVERITY.get(priority, "error"),
            source=fields.one_line(body.get("source"), fields.FIELD, "source", marks),
            component=fields.one_line(body.get("entity"), fields.FIELD, "entity", marks),
            tool="opsgenie",
            details=_details(body),
            links=fields.link(body.get("source"), "Source", []),
            marks=marks,
            generated=not alias,
        )
    ]


def _details(body: dict[str, Any]) -> dict[str, Any]:
    details = body.get("details")
    kept = dict(details) if isinstance(details, dict) else {}
    kept.update({name: body[name] for name in ("description", "tags", "priority", "note", "user") if body.get(name)})
    return kept
