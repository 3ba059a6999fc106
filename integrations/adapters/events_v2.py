"""PagerDuty's Events API v2: what its clients, Alertmanager's PagerDuty receiver and many tools send (contract.md).

`/v2/*` is strict: a fault is answered with every reason at once, as PagerDuty does, and nothing is stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from core.errors import Invalid
from incidents.kinds import SEVERITIES, Normalised
from integrations.adapters import fields
from integrations.kinds import Door, Headers, adapter

ACTIONS = ("trigger", "acknowledge", "resolve", "info")
TEXTS = (("component", 255), ("group", 255), ("class", 255))


@adapter("events", "PagerDuty Events API v2")
def parse(headers: Headers, body: dict[str, Any], door: Door) -> list[Normalised]:
    """One event; raises Invalid whose `fields` name what is wrong (O32: an unknown key is no fault)."""
    faults = Faults()
    action = body.get("event_action")
    if action not in ACTIONS:
        faults.add("event_action", "is missing or blank" if not action else f"must be one of {', '.join(ACTIONS[:3])}")
    key = faults.text(body, "dedup_key", fields.KEY, required=action in ("acknowledge", "resolve"))
    payload = body.get("payload")
    if action in ("trigger", "info"):
        payload = faults.mapping(payload, "payload", required=True)
        _check_payload(faults, payload)
    else:
        payload = payload if isinstance(payload, dict) else {}
    faults.items(body, "links")
    faults.items(body, "images")
    faults.refuse()
    return [_event(body, payload, str(action), key, door)]


def _check_payload(faults: Faults, payload: dict[str, Any]) -> None:
    faults.text(payload, "payload.summary", fields.SUMMARY, required=True)
    faults.text(payload, "payload.source", fields.FIELD, required=True)
    for name, limit in TEXTS:
        faults.text(payload, f"payload.{name}", limit)
    if payload.get("severity") not in SEVERITIES:
        faults.add(
            "payload.severity",
            f"must be one of {', '.join(SEVERITIES)}" if payload.get("severity") else "is missing or blank",
        )


def _event(body: dict[str, Any], payload: dict[str, Any], action: str, key: str, door: Door) -> Normalised:
    marks: list[str] = []
    severity = payload.get("severity")
    return Normalised(
        service_id=door.service_id,
        action=action,
        key=key or secrets.token_hex(16),
        summary=fields.one_line(payload.get("summary"), fields.SUMMARY, "summary", marks),
        severity=severity if severity in SEVERITIES else "error",
        source=fields.one_line(payload.get("source"), fields.FIELD, "source", marks),
        component=fields.one_line(payload.get("component"), fields.FIELD, "component", marks),
        group=fields.one_line(payload.get("group"), fields.FIELD, "group", marks),
        kind=fields.one_line(payload.get("class"), fields.FIELD, "class", marks),
        tool="events",
        details=details_of(payload.get("custom_details")),
        links=event_links(body, marks),
        event_at=fields.moment(payload.get("timestamp"), door.received_at, marks),
        marks=marks,
        generated=not key,
    )


def details_of(value: Any) -> dict[str, Any]:
    """Custom details as an object, whatever the sender made of them."""
    if isinstance(value, dict):
        return value
    return {} if value is None or value == "" else {"details": value}


def event_links(body: dict[str, Any], marks: list[str]) -> list[dict[str, str]]:
    """The sender's own page first, then its links, then its images."""
    client = fields.as_text(body.get("client"))[: fields.FIELD]
    found = fields.link(body.get("client_url"), client, marks)
    found += fields.links_of(body.get("links"), marks)
    for image in (body.get("images") or [])[: fields.MAX_LINKS]:
        if isinstance(image, dict):
            found += fields.link(image.get("src"), fields.as_text(image.get("alt")), marks, kind="image")
    return found


class Faults:
    """Collects what is wrong, so that one answer names all of it."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def add(self, name: str, sentence: str) -> None:
        """Note a fault of a field; `name` is its path."""
        self.found.setdefault(name, []).append(sentence)

    def text(self, holder: Mapping[str, Any], name: str, limit: int, *, required: bool = False) -> str:
        """A text field of at most `limit` characters; "" where it is absent or faulty."""
        value = holder.get(name.rpartition(".")[2])
        if value is None or value == "":
            if required:
                self.add(name, "is missing or blank")
            return ""
        if not isinstance(value, str):
            self.add(name, "must be a text")
            return ""
        if required and not value.strip():
            self.add(name, "is missing or blank")
        if len(value) > limit:
            self.add(name, f"is longer than {limit} characters")
        return value

    def mapping(self, value: Any, name: str, *, required: bool = False) -> dict[str, Any]:
        """An object; an empty one where it is absent or faulty."""
        if isinstance(value, dict):
            return value
        if required or value is not None:
            self.add(name, "is missing or blank" if value is None else "must be an object")
        return {}

    def items(self, holder: dict[str, Any], name: str) -> None:
        """A list, or nothing."""
        if holder.get(name) is not None and not isinstance(holder[name], list):
            self.add(name, "must be a list")

    def refuse(self) -> None:
        """Raise Invalid if anything was found."""
        if self.found:
            raise Invalid("Event object is invalid", code="invalid_event", fields=self.found)
