"""What to paste into a tool so that it reaches a service: ready to copy, with the key of this once."""

from __future__ import annotations

import json
from dataclasses import dataclass

from core.links import absolute

PLACEHOLDER = "$WATCHBILL_KEY"  # a shell fills it in by itself


@dataclass(frozen=True, slots=True)
class Snippet:
    """A title, where it goes, and the text itself."""

    title: str
    where: str
    text: str


def snippets(kind: str, raw: str) -> list[Snippet]:
    """The snippets of one kind of tool, the likeliest first; a key opens every one of these doors.

    Each speaks of a trouble of its own: the end of one sample must not end the alert of another.
    """
    known = {
        "alertmanager": [_alertmanager(raw), _curl_native("alertmanager", raw)],
        "grafana": [_grafana(raw)],
        "generic": [_curl_generic(raw)],
        "opsgenie": [_curl_opsgenie(raw)],
        "changes": [_curl_change(raw)],
        "events": [_curl_events(raw), _pagerduty(raw)],
    }
    return known.get(kind) or [_curl_generic(raw)]


def samples() -> list[Snippet]:
    """What to paste once a key is at hand: the commonest tools, with a variable in the key's place."""
    return [_alertmanager(PLACEHOLDER), _grafana(PLACEHOLDER), _curl_generic(PLACEHOLDER)]


def heartbeat(raw: str) -> list[Snippet]:
    """How to give a sign of life."""
    url = absolute(f"/heartbeats/{raw}")
    return [
        Snippet("From a script", "At the end of the job, so that only a success counts.", f"curl -fsS -m 10 {url}"),
        Snippet(
            "From cron",
            "The sign of life is sent when the command has succeeded.",
            f"0 3 * * * backup.sh && curl -fsS -m 10 {url}",
        ),
    ]


def _alertmanager(raw: str) -> Snippet:
    text = f"""receivers:
  - name: watchbill
    webhook_configs:
      - url: {absolute(f"/integrations/alertmanager/{raw}")}
        send_resolved: true
route:
  receiver: watchbill"""
    return Snippet("Alertmanager", "In alertmanager.yml, then reload it.", text)


def _pagerduty(raw: str) -> Snippet:
    text = f"""receivers:
  - name: watchbill
    pagerduty_configs:
      - url: {absolute("/v2/enqueue")}
        routing_key: {raw}
        send_resolved: true"""
    return Snippet("A tool that speaks to PagerDuty", "Change its address and its key, nothing else.", text)


def _grafana(raw: str) -> Snippet:
    text = f"Contact point:  Webhook\nURL:            {absolute(f'/integrations/grafana/{raw}')}\nHTTP method:    POST"
    return Snippet("Grafana", "Alerting, Contact points, Add contact point.", text)


def _curl(path: str, body: object, *headers: str) -> str:
    lines = [f"curl -fsS -X POST {absolute(path)} \\", "  -H 'Content-Type: application/json' \\"]
    lines += [f"  -H '{header}' \\" for header in headers]
    return "\n".join([*lines, f"  -d '{json.dumps(body, indent=2)}'"])


def _curl_events(raw: str) -> Snippet:
    body = {
        "routing_key": raw,
        "event_action": "trigger",
        "dedup_key": "disk-full-db-1",
        "payload": {"summary": "Disk is full on db-1", "source": "db-1", "severity": "critical"},
    }
    return Snippet("From a shell", "“resolve” with the same dedup_key ends the alert.", _curl("/v2/enqueue", body))


def _curl_native(tool: str, raw: str) -> Snippet:
    labels = {"alertname": "DiskFull", "instance": "db-1", "severity": "critical"}
    alert = {"status": "firing", "labels": labels, "annotations": {"summary": "Disk is full on db-1"}}
    body = {"version": "4", "groupKey": "try", "status": "firing", "alerts": [alert]}
    return Snippet("Try it from a shell", "What Alertmanager would post.", _curl(f"/integrations/{tool}/{raw}", body))


def _curl_generic(raw: str) -> Snippet:
    body = {"summary": "Queue is full on mq-1", "severity": "critical", "key": "queue-full-mq-1", "status": "firing"}
    return Snippet(
        "From a shell",
        "“status”: “resolved” with the same key ends the alert.",
        _curl(f"/integrations/generic/{raw}", body),
    )


def _curl_opsgenie(raw: str) -> Snippet:
    body = {"message": "Pages are slow on web-1", "alias": "slow-web-1", "priority": "P2"}
    return Snippet(
        "A tool that speaks to Opsgenie",
        "Change its address and its key, nothing else.",
        _curl("/v2/alerts", body, f"Authorization: GenieKey {raw}"),
    )


def _curl_change(raw: str) -> Snippet:
    body = {
        "routing_key": raw,
        "payload": {"summary": "Deploy 7.42.1", "source": "ci", "custom_details": {"kind": "deploy"}},
    }
    return Snippet("From your pipeline", "After each deploy.", _curl("/v2/change/enqueue", body))
