"""Due work of the room."""

from __future__ import annotations

from core.due import Item, due
from integrations.commands.evaluation import evaluate
from integrations.commands.heartbeats import expire
from integrations.commands.webhook_log import KIND as SEND
from integrations.commands.webhook_sending import send_next
from integrations.queries.health import KIND


@due("event.evaluate", effect="database")
def evaluate_event(item: Item) -> None:
    """An alert is new, worse or over: rules, grouping, incident, page; `ref` is the alert's id."""
    evaluate(int(item.ref))


@due(KIND, effect="database")
def heartbeat_overdue(item: Item) -> None:
    """A heartbeat may be overdue; `ref` is its id (O41)."""
    expire(int(item.ref))


@due(SEND, effect="external")
def send_webhook(item: Item) -> None:
    """A webhook has something to send, or to try again; `ref` is its id."""
    send_next(item)
