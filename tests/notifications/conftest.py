"""The outside of this room's stories: a carrier, a mail server, telephones, a purpose that remembers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from notifications import kinds
from notifications.commands.deliveries import queue
from notifications.kinds import Purpose
from notifications.messages import Message
from notifications.models import ContactMethod, Delivery
from tests.fakes import Carrier, Mailbox, Phones


@pytest.fixture
def carrier(settings: Any) -> Iterator[Carrier]:
    """An HTTP carrier that the guard lets us reach."""
    made = Carrier()
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    yield made
    made.close()


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """The mail server of the portal."""
    made = Mailbox()
    settings.EMAIL_URL = made.url
    yield made
    made.close()


@pytest.fixture
def phones(carrier: Carrier, db: None) -> Phones:
    """Telephones behind the carrier, both providers set up."""
    made = Phones(carrier)
    made.set_up()
    return made


@dataclass
class Desk:
    """A purpose that remembers what it was told, and says what is still wanted."""

    unwanted: set[str] = field(default_factory=set)
    handed: list[str] = field(default_factory=list)
    failed: list[tuple[str, bool]] = field(default_factory=list)
    answers: list[tuple[str, str, str]] = field(default_factory=list)

    def answer(self, delivery: Delivery, given: str, via: str) -> str:
        self.answers.append((delivery.purpose_key, given, via))
        return f"You gave {given} for {delivery.purpose_key}."


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Stands in for the room that pages people."""
    made = Desk()
    page = Purpose(
        "page",
        still_wanted=lambda d: d.purpose_key not in made.unwanted,
        answered=made.answer,
        failed=lambda d, final: made.failed.append((d.purpose_key, final)),
        handed=lambda d: made.handed.append(d.purpose_key),
        bundled=True,
    )
    monkeypatch.setitem(kinds._known.purposes, "page", page)
    return made


def page(method: ContactMethod, number: int = 42, **fields: Any) -> Delivery | None:
    """Page a person about INC-<number> at this address."""
    values = {"rank": 2, "first": True, "title": "Checkout is down", "key": f"page:{number}:{method.pk}", **fields}
    message = Message(
        title=values.pop("title"),
        text=values.pop("text", "P2 on Checkout. Please accept or decline."),
        html=values.pop("html", ""),
        link=f"http://localhost:8000/incidents/{number}/",
        answer_link=values.pop("answer_link", f"http://localhost:8000/answer/token-of-{number}/"),
        rank=values["rank"],
        incident=f"INC-{number}",
    )
    return queue(purpose="page", purpose_key=str(number), method=method, message=message, **values)
