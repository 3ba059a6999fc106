"""Grafana's unified alerting webhook: Alertmanager's shape with titles, values and links to panels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from incidents.kinds import Normalised
from integrations.adapters.alertmanager import alerts_of
from integrations.kinds import Door, Headers, adapter

STATES = {"DatasourceNoData": "no data", "DatasourceError": "its data source fails"}


@adapter("grafana", "Grafana", native=True)
def parse(headers: Headers, body: dict[str, Any], door: Door) -> list[Normalised]:
    """Every alert of the message; Grafana's own alerts about missing data say which rule they mean."""
    return [_named(event) for event in alerts_of(body, door, "grafana")]


def _named(event: Normalised) -> Normalised:
    """“DatasourceNoData” is no summary: name the rule that has no data."""
    said = STATES.get(event.kind)
    labels = event.details.get("labels", {})
    rule = labels.get("rulename") if isinstance(labels, dict) else None
    if said is None or not rule or event.summary != event.kind:
        return event
    return replace(event, summary=f"{rule}: {said}"[:1_024])
