"""What the due queue asks of this room: steps, delayed rules, failures; each only touches the database."""

from __future__ import annotations

from core.due import Item, due
from oncall.commands import pages, paging, steps


@due("escalation.step", effect="database")
def step(item: Item) -> None:
    """Take one step of one escalation; the reference is its id and the number of the step (O15)."""
    escalation, number = (int(part) for part in item.ref.split(":"))
    steps.fire_step(escalation, number)


@due("rule.fire", effect="database")
def rule(item: Item) -> None:
    """Send the message of a delayed rule; the reference names page, address, delay and round."""
    paging.fire_rule(item.ref, item.late)


@due("page.failed", effect="database")
def failure(item: Item) -> None:
    """A provider could not deliver a page: find another way or another person (O29, G13)."""
    pages.weigh_failure(int(item.ref))
