"""A real SMTP server that keeps its own log: what it took is the truth, not our tables."""

from __future__ import annotations

import asyncio
import email
import threading
import time
from dataclasses import dataclass, field
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from tools.services import free_port

END_SECONDS = 20


@dataclass(frozen=True)
class Received:
    """One mail that the sink accepted; `at` is monotonic seconds."""

    at: float
    to: str
    subject: str
    message_id: str
    text: str


@dataclass
class Sink:
    """Takes every mail and answers after `delay` seconds; both may be changed while it runs.

    `mode` may be ok, lost (takes it, then breaks the line), hold (takes nothing until the mode changes), 451, 550.
    """

    delay: float = 0.0
    mode: str = "ok"
    log: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10)

    @property
    def url(self) -> str:
        """The address for WATCHBILL_EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, in a thread of its own."""
        self._controller.start()

    def stop(self) -> None:
        """End it; raises RuntimeError where its thread does not end (the controller itself waits for ever)."""
        end = threading.Thread(target=self._controller.stop, name="sink-end", daemon=True)
        end.start()
        end.join(END_SECONDS)
        if end.is_alive():
            raise RuntimeError(f"the mail server did not end within {END_SECONDS} s")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """Keep the mail, then answer."""
        if self.mode in {"451", "550"}:
            return f"{self.mode} not now"
        was_held = self.mode == "hold"
        while self.mode == "hold":
            await asyncio.sleep(0.02)
        if was_held:
            await asyncio.sleep(0.1)  # a client that was killed meanwhile: hear of its end first
        if was_held and (server.transport is None or server.transport.is_closing()):
            return "421 gone"
        message = email.message_from_bytes(envelope.content, policy=default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self.log.append(
            Received(
                time.monotonic(),
                str(envelope.rcpt_tos[0]),
                str(message["Subject"] or ""),
                str(message["Message-ID"] or ""),
                text,
            )
        )
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.mode == "lost":
            server.transport.abort()
        return "250 taken"

    def holding(self, token: str) -> list[Received]:
        """The mails that name a token in subject or text."""
        return [mail for mail in list(self.log) if token in mail.subject or token in mail.text]
