"""Plain JSON from anything: the key may say which paths hold what, sensible defaults find the rest (DET-11).

The defaults read the common shapes of Zabbix, Nagios, Sentry, CloudWatch (through SNS), Apprise and of hand-written
scripts. Nothing is refused for its content: an event that says little still pages somebody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import Invalid
from incidents.kinds import Normalised
from integrations.adapters import fields
from integrations.adapters.documents import read
from integrations.kinds import Door, Headers, adapter

DEFAULTS: dict[str, tuple[str, ...]] = {
    "summary": (
        "summary", "title", "subject", "AlarmName", "data.issue.title", "data.event.title", "name", "message",
        "alert_name", "output", "description", "text", "event_name", "Subject",
    ),
    "key": (
        "dedup_key", "key", "alias", "incident_key", "fingerprint", "alert_id", "event_id", "AlarmArn",
        "data.issue.id", "data.event.issue_id", "id",
    ),
    "severity": (
        "severity", "level", "priority", "data.issue.level", "data.event.level", "state", "type", "NewStateValue",
    ),
    "action": (
        "event_action", "action", "status", "state", "NewStateValue", "notification_type", "event_value",
        "data.issue.status", "type",
    ),
    "source": ("source", "host", "hostname", "host_name", "instance", "server", "Region", "project", "client"),
    "component": ("component", "service", "service_desc", "resource", "Trigger.Namespace", "data.issue.project.slug"),
    "group": ("group", "cluster", "environment", "env", "AWSAccountId"),
    "class": ("class", "check", "rule", "Trigger.MetricName"),
    "link": ("link", "url", "href", "client_url", "data.issue.web_url", "data.issue.permalink", "data.event.web_url"),
    "runbook": ("runbook", "runbook_url"),
    "time": ("timestamp", "time", "event_time", "StateChangeTime"),
    "details": (),
    "tool_group": (),
}  # fmt: skip
RESOLVE = {
    "resolve",
    "resolved",
    "ok",
    "up",
    "recovery",
    "recovered",
    "closed",
    "close",
    "clear",
    "cleared",
    "success",
    "normal",
    "0",
}
TRIGGER = {
    "trigger",
    "triggered",
    "firing",
    "fired",
    "problem",
    "open",
    "opened",
    "reopened",
    "create",
    "created",
    "new",
    "active",
    "unresolved",
    "failed",
    "failing",
    "not ok",
    "1",
}
ACKNOWLEDGE = {"acknowledge", "acknowledged", "ack", "acknowledgement"}
INFORM = {"info_only", "inform", "informational"}
PATHS = frozenset(DEFAULTS)
VALUES = ("resolve_values", "acknowledge_values", "info_values")
MAX_PATH = 200
_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,4})\]")
_PATH = re.compile(r"[^.\[\]]+(?:\[\d{1,4}\])*(?:\.[^.\[\]]+(?:\[\d{1,4}\])*)*")


@adapter("generic", "Generic JSON", native=True)
def parse(headers: Headers, body: dict[str, Any], door: Door) -> list[Normalised]:
    """One event made of the chosen paths, or of the defaults where none is chosen."""
    body = _unwrapped(body)
    marks: list[str] = []
    found = {name: _found(body, door, name) for name in DEFAULTS}
    summary = fields.one_line(found["summary"], fields.SUMMARY, "summary", marks)
    if not summary:
        summary = f"Event from {door.name}" if door.name else "Event without a summary"
        marks.append("no summary was found")
    source = fields.one_line(found["source"], fields.FIELD, "source", marks)
    return [
        Normalised(
            service_id=door.service_id,
            action=_action(body, found["action"], door.paths, marks),
            key=_key(body, found, summary, marks),
            summary=summary,
            severity=fields.severity_of(found["severity"], marks),
            source=source,
            component=fields.one_line(found["component"], fields.FIELD, "component", marks),
            group=fields.one_line(found["group"], fields.FIELD, "group", marks),
            kind=fields.one_line(found["class"], fields.FIELD, "class", marks),
            tool_group=fields.key_of(found["tool_group"], marks, "group key"),
            tool="generic",
            details=fields.trim(found["details"] if isinstance(found["details"], dict) else body, marks),
            links=fields.link(found["link"], "Source", marks) + fields.link(found["runbook"], "Runbook", marks),
            event_at=fields.moment(found["time"], door.received_at, marks),
            marks=marks[:20],
            generated=not found["key"],
        )
    ]


def check_paths(paths: Mapping[str, Any]) -> dict[str, Any]:
    """The paths and values of a key, checked; raises Invalid naming the fields at fault."""
    faults: dict[str, list[str]] = {}
    for name, value in paths.items():
        if name in PATHS:
            if not isinstance(value, str) or len(value) > MAX_PATH or not _PATH.fullmatch(value):
                faults[f"paths.{name}"] = ["must be a path such as alert.labels.name or items[0].id"]
        elif name in VALUES:
            if not isinstance(value, list) or not all(isinstance(item, str) and len(item) <= 80 for item in value):
                faults[f"paths.{name}"] = ["must be a list of texts"]
        elif name != "informational" or not isinstance(value, bool):
            faults[f"paths.{name[:40]}"] = [f"is not one of {', '.join([*sorted(PATHS), *VALUES, 'informational'])}"]
    if faults:
        raise Invalid("These paths cannot be used.", code="invalid_paths", fields=faults)
    return dict(paths)


def at_path(document: Any, path: str) -> Any:
    """What stands at a path such as `alert.labels.name` or `items[0].id`; None where nothing does."""
    if isinstance(document, dict) and path in document:
        return document[path]
    for name, number in _STEP.findall(path[:MAX_PATH]):
        if number:
            document = document[int(number)] if isinstance(document, list) and int(number) < len(document) else None
        else:
            document = document.get(name) if isinstance(document, dict) else None
        if document is None:
            return None
    return document


def _found(body: dict[str, Any], door: Door, name: str) -> Any:
    chosen = door.paths.get(name)
    if isinstance(chosen, str):
        return at_path(body, chosen)
    for path in DEFAULTS[name]:
        value = at_path(body, path)
        if value is not None and value != "" and not isinstance(value, dict | list):
            return value
    return None


def _action(body: dict[str, Any], value: Any, paths: Mapping[str, Any], marks: list[str]) -> str:
    """trigger unless the value is one of those that mean something else; the key may name its own values.

    A word that nobody knows pages, and leaves a mark: it may have meant the end.
    """
    word = fields.as_text(value).strip().lower()
    for action, name, usual in (
        ("resolve", "resolve_values", RESOLVE),
        ("acknowledge", "acknowledge_values", ACKNOWLEDGE),
        ("info", "info_values", INFORM),
    ):
        chosen = paths.get(name)
        if word in ({item.lower() for item in chosen} if isinstance(chosen, list) else usual):
            return action
    # “type” is read for want of better and may say anything; a path of the key's own is meant
    is_status = "action" in paths or value != body.get("type")
    if word and is_status and _is_unknown(word) and not any(name in paths for name in VALUES):
        marks.append(f"status “{word[:40]}” is unknown, taken as trigger")
    return "trigger"


def _is_unknown(word: str) -> bool:
    return word not in TRIGGER and word not in fields.SEVERITIES


def _key(body: dict[str, Any], found: Mapping[str, Any], summary: str, marks: list[str]) -> str:
    """The tool's key; Nagios sends none, but host and service name the check; else what the event says is its key."""
    if found["key"]:
        return fields.key_of(found["key"], marks)
    if "notification_type" in body or "host_name" in body:
        return fields.digest_key("generic", "nagios", found["source"], found["component"])
    return fields.digest_key("generic", summary, found["source"])


def _unwrapped(body: dict[str, Any]) -> dict[str, Any]:
    """The message inside an SNS envelope, which CloudWatch sends as JSON in a text."""
    inner = body.get("Message")
    if body.get("Type") == "Notification" and isinstance(inner, str) and inner.lstrip().startswith("{"):
        try:
            return {**read(inner.encode(), strict=False), "sns_subject": body.get("Subject", "")}
        except Invalid:
            return body
    return body
