"""Prometheus Alertmanager's webhook: one event per alert, keyed by its fingerprint, grouped by `groupKey`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import Invalid
from incidents.kinds import Normalised
from integrations.adapters import fields
from integrations.kinds import Door, Headers, adapter

MAX_ALERTS = 1_000
MAX_MARKS = 20
SUMMARIES = ("summary", "title", "message", "description")
RUNBOOKS = ("runbook_url", "runbook", "runbookUrl")
DASHBOARDS = ("dashboard_url", "dashboard", "dashboardUrl")
SOURCES = ("instance", "host", "node", "pod")
COMPONENTS = ("component", "service", "job", "deployment")
GROUPS = ("group", "cluster", "environment", "env", "namespace")


@adapter("alertmanager", "Prometheus Alertmanager", native=True)
def parse(headers: Headers, body: dict[str, Any], door: Door) -> list[Normalised]:
    """Every alert of the message; raises Invalid where `alerts` is no list."""
    return alerts_of(body, door, "alertmanager")


def alerts_of(body: dict[str, Any], door: Door, tool: str) -> list[Normalised]:
    """The alerts of Alertmanager's shape, firing ones first, so that the cut at 1,000 never loses a page.

    Each alert has its own status: the top one speaks of the group. A missing alert is not a resolved one, so
    `truncatedAlerts` only leaves a mark.
    """
    alerts = body.get("alerts")
    if not isinstance(alerts, list):
        raise Invalid("“alerts” must be a list.", code="invalid_event", fields={"alerts": ["must be a list"]})
    shared: list[str] = []
    truncated = body.get("truncatedAlerts")
    if isinstance(truncated, int) and truncated > 0:
        shared.append(f"the tool left out {truncated} alerts of this group")
    usable = [alert for alert in alerts if isinstance(alert, dict)]
    if len(usable) < len(alerts):
        shared.append(f"{len(alerts) - len(usable)} entries of “alerts” were no objects")
    usable.sort(key=lambda alert: alert.get("status") == "resolved")
    if len(usable) > MAX_ALERTS:
        shared.append(f"only the first {MAX_ALERTS} of {len(usable)} alerts were read")
    return [_event(body, alert, door, tool, shared) for alert in usable[:MAX_ALERTS]]


def _event(body: dict[str, Any], alert: dict[str, Any], door: Door, tool: str, shared: list[str]) -> Normalised:
    marks = list(shared)
    labels, notes = _mapping(alert.get("labels")), _mapping(alert.get("annotations"))
    resolved = alert.get("status", body.get("status")) == "resolved"
    name = first(labels, ("alertname", "alert", "rulename"))
    return Normalised(
        service_id=door.service_id,
        action="resolve" if resolved else "trigger",
        key=_key(alert, labels, tool, marks),
        summary=fields.one_line(first(notes, SUMMARIES) or name or "Alert", fields.SUMMARY, "summary", marks),
        severity=fields.severity_of(first(labels, ("severity", "priority", "level")), marks),
        source=fields.one_line(first(labels, SOURCES), fields.FIELD, "source", marks),
        component=fields.one_line(first(labels, COMPONENTS), fields.FIELD, "component", marks),
        group=fields.one_line(first(labels, GROUPS), fields.FIELD, "group", marks),
        kind=fields.one_line(name, fields.FIELD, "class", marks),
        tool_group=fields.key_of(body.get("groupKey"), marks, "group key"),
        tool=tool,
        details=_details(body, alert, labels, notes, marks),
        links=_links(body, alert, notes, marks),
        # endsAt is year 0001 while it fires; after a gap it fires again with the same startsAt, before that endsAt
        event_at=fields.moment(alert.get("endsAt"), door.received_at, marks) if resolved else None,
        began_at=fields.moment(alert.get("startsAt"), door.received_at, marks),
        marks=marks[:MAX_MARKS],
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def first(holder: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first of these that is there and not empty."""
    return next((holder[name] for name in names if holder.get(name)), "")


def _key(alert: dict[str, Any], labels: dict[str, Any], tool: str, marks: list[str]) -> str:
    """The fingerprint, else a digest of the tool and the labels in Alertmanager's own sense of identity."""
    if alert.get("fingerprint"):
        return fields.key_of(alert["fingerprint"], marks, "fingerprint")
    return fields.digest_key(tool, *(f"{key}={fields.as_text(labels[key])}" for key in sorted(labels)))


def _details(
    body: dict[str, Any], alert: dict[str, Any], labels: dict[str, Any], notes: dict[str, Any], marks: list[str]
) -> dict[str, Any]:
    details: dict[str, Any] = {"labels": labels, "annotations": notes}
    for name in ("startsAt", "values", "valueString"):
        if alert.get(name):
            details[name] = alert[name]
    if body.get("receiver"):
        details["receiver"] = body["receiver"]
    trimmed: dict[str, Any] = fields.trim(details, marks)
    return trimmed


def _links(
    body: dict[str, Any], alert: dict[str, Any], notes: dict[str, Any], marks: list[str]
) -> list[dict[str, str]]:
    pairs = (
        (first(notes, RUNBOOKS), "Runbook"),
        (first(notes, DASHBOARDS) or alert.get("dashboardURL"), "Dashboard"),
        (alert.get("panelURL"), "Panel"),
        (alert.get("generatorURL"), "Source"),
        (alert.get("silenceURL"), "Silence"),
        (body.get("externalURL"), "Alertmanager" if "silenceURL" not in alert else "Grafana"),
    )
    found: list[dict[str, str]] = []
    for href, text in pairs:
        found += fields.link(href, text, marks)
    if alert.get("imageURL"):
        found += fields.link(alert["imageURL"], "Image", marks, kind="image")
    return found
