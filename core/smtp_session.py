"""The dialogue with a mail server: smtplib's words on a line with one wall-clock deadline (F31)."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

from core.dial import TRIED, Deadline, Line, addresses_of, connect, tls
from core.errors import Unreachable
from core.text import mask, one_line

PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


class MailError(Exception):
    """The mail was not taken; `code` is the server's reply code, 0 where there was no reply."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


class Temporary(MailError):
    """4xx, no answer, or trouble that is ours and not the address's: try again (F31).

    `operator` marks what only the operator can mend: a server that refuses our sender.
    """

    def __init__(self, reason: str, code: int = 0, *, operator: bool = False) -> None:
        super().__init__(reason, code)
        self.operator = operator


class Permanent(MailError):
    """5xx for an address or content: trying again is no use (F31); `address` where the mailbox itself is refused."""

    def __init__(self, reason: str, code: int = 0, *, address: bool = False) -> None:
        super().__init__(reason, code)
        self.address = address


@dataclass(frozen=True, slots=True)
class Server:
    """Where `EMAIL_URL` points."""

    scheme: str
    host: str
    port: int
    user: str
    password: str


def configured() -> Server:
    """The operator's mail server, from `EMAIL_URL`."""
    parts = urlsplit(settings.EMAIL_URL)
    return Server(
        scheme=parts.scheme,
        host=parts.hostname or "localhost",
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


class Session(smtplib.SMTP):
    """smtplib's dialogue on a line with a deadline."""

    def __init__(self, server: Server, deadline: Deadline) -> None:
        super().__init__(local_hostname=urlsplit(settings.PORTAL_URL).hostname or "localhost")
        self.server, self.deadline = server, deadline
        line = connect(addresses_of(server.host, server.port, deadline)[:TRIED], server.port, deadline)
        self.sock: socket.socket | None = (
            line.start_tls(tls(), server.host).sock if server.scheme == "smtps" else line.sock
        )

    def begin(self) -> None:
        """Greeting, TLS and sign-in."""
        code, reply = self.getreply()
        if code != 220:
            raise smtplib.SMTPResponseException(code, reply)
        self.ehlo_or_helo_if_needed()
        if self.server.scheme == "smtp+tls":
            self._secure()
        if self.server.user:
            self.login(self.server.user, self.server.password)

    def _secure(self) -> None:
        """STARTTLS; what the server said before it, in clear, is forgotten."""
        if self.sock is None or not self.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("STARTTLS")
        code, reply = self.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, reply)
        self.sock = Line(self.sock, self.deadline).start_tls(tls(), self.server.host).sock
        self.file = None
        self.esmtp_features = {}
        self.ehlo()

    def hand_over(self, sender: str, recipients: Sequence[str], raw: bytes) -> str:
        """One mail; returns the server's last word, raises Temporary or Permanent by its code (F31).

        Only the answer to RCPT can be the fault of the address: what is said of the sender or the content holds for
        everybody's.
        """
        _judge_sender(*self.mail(sender))
        for recipient in recipients:
            _judge_recipient(*self.rcpt(recipient))
        try:
            code, reply = self.data(raw)
        except smtplib.SMTPDataError as error:
            code, reply = error.smtp_code, _bytes(error.smtp_error)
        words = _judge(code, reply)
        # The mail is theirs now: whatever happens to the line from here on, it was sent.
        try:
            self.putcmd("quit")
        except (Unreachable, smtplib.SMTPException, OSError):
            return words
        return words

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib's, but each read has only what is left of the deadline."""
        if self.file is None and self.sock is not None:
            self.file = _Lines(Line(self.sock, self.deadline))
        return super().getreply()

    def send(self, s: Any) -> None:
        """As smtplib's, with the deadline."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        Line(self.sock, self.deadline).write(s.encode("ascii") if isinstance(s, str) else bytes(s))


class _Lines:
    """What smtplib needs of a file: lines, read with the deadline."""

    def __init__(self, line: Line) -> None:
        self._line, self._kept = line, b""

    def readline(self, limit: int) -> bytes:
        """One line with its end, or fewer bytes at `limit` or at the end of the connection."""
        while b"\n" not in self._kept and len(self._kept) < limit:
            more = self._line.read(4096)
            if not more:
                break
            self._kept += more
        end = self._kept.find(b"\n") + 1 or len(self._kept)
        found, self._kept = self._kept[: min(end, limit)], self._kept[min(end, limit) :]
        return found

    def close(self) -> None:
        """Nothing to let go: the socket is closed by the session."""


def _judge_sender(code: int, reply: bytes) -> None:
    try:
        _judge(code, reply)
    except Permanent as error:
        raise Temporary(str(error), code, operator=True) from error


def _judge_recipient(code: int, reply: bytes) -> None:
    """Many servers refuse a sender only here: their enhanced code says whom they mean (RFC 3463)."""
    if reply.startswith((b"5.1.7", b"5.1.8")):  # a bad sender's address or domain
        _judge_sender(code, reply)
        return
    try:
        _judge(code, reply)
    except Permanent as error:
        blocked = reply.startswith(b"5.7.")  # a rule against us, such as "relaying denied"
        raise Permanent(str(error), code, address=not blocked) from error


def _judge(code: int, reply: bytes) -> str:
    words = said("the mail server said", code, reply)
    if 200 <= code < 300:
        return words
    if 500 <= code < 600:
        raise Permanent(words, code)
    raise Temporary(words, code)


def said(opening: str, code: int, reply: bytes | str) -> str:
    """The server's words as one masked line."""
    return one_line(mask(f"{opening}: {code} {_bytes(reply).decode('ascii', 'replace')}"), 300)


def _bytes(reply: bytes | str) -> bytes:
    return reply if isinstance(reply, bytes) else reply.encode("ascii", "replace")
