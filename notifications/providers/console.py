"""Writes messages to the worker's standard output: for trying things out on one's own machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

from core.text import clean_line, one_line
from notifications.kinds import Field, Message, Provider, Sent, register_provider


class Console(Provider):
    """The terminal in which the portal runs; off until an operator switches it on."""

    id: ClassVar[str] = "console"
    label: ClassVar[str] = "Terminal"
    address_field: ClassVar[Field] = Field("address", "Any name", hint="It stands in front of each line.")
    needs_set_up: ClassVar[bool] = True
    proof: ClassVar[str] = "none"

    def clean_address(self, value: str) -> str:
        """A short name; raises Invalid."""
        return clean_line(value, 80, "address")

    def send(
        self, message: Message, address: str, secrets: Mapping[str, str], settings: Mapping[str, str], key: str
    ) -> Sent:
        """One line of standard output."""
        line = one_line(f"{address}: {message.heading}. {message.text} {message.best_link}", 1000)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        return Sent(confirmed=True)


register_provider(Console())
