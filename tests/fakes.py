"""Recording stand-ins for the outside: an HTTP carrier, a mail server, telephones; each with its ways to fail.

They listen on loopback in threads of the test's process. `drain` runs what is due, here and now.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import Client

from core import clock, worker
from core.models import DueRow
from notifications.models import ProviderConfig
from notifications.providers import twilio

HANG = 30.0  # seconds; longer than any deadline of ours


def drain(limit: int = 1000) -> int:
    """Do everything that is due at the clock's time; returns how many rows. A handler's error is raised."""
    return worker.drain(limit)


def run_until(frozen: clock.FrozenClock, end: datetime) -> int:
    """Move the stopped clock from one due time to the next up to `end`, doing what is due; returns how many rows."""
    done = drain()
    while True:
        coming = DueRow.objects.filter(state=DueRow.WAITING, due__lte=end).order_by("due").first()
        if coming is None:
            frozen.set(end)
            return done + drain()
        frozen.set(max(coming.due, clock.now()))
        done += drain()


@dataclass
class Request:
    """What a carrier was sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The first value of each form field."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def json(self) -> Any:
        """The JSON body."""
        return json.loads(self.body)


class Carrier:
    """An HTTP carrier that records and, on request, misbehaves.

    `fail("500", "hang")` sets what the next requests meet, one each; `always` what all of them do. Modes: ok, 500,
    503, 429 (Retry-After 7), 401, 404, 410, 400, hang, trickle, reset, wrong_json, endless, redirect,
    lost_after_accept (it records, then breaks the line).
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.modes: deque[str] = deque()
        self.always = "ok"
        self.answer: dict[str, Any] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        handler = type("Handler", (_CarrierHandler,), {"carrier": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def fail(self, *modes: str) -> None:
        """What the next requests meet, one mode each."""
        self.modes.extend(modes)

    def take(self, request: Request) -> tuple[str, dict[str, Any]]:
        """Record a request; the mode that it meets and the carrier's usual answer."""
        with self._lock:
            mode = self.modes.popleft() if self.modes else self.always
            self._count += 1
            self.requests.append(request)
            return mode, {"sid": f"SM{self._count:032d}", "id": f"id{self._count}", **self.answer}

    def wait(self, seconds: float) -> None:
        """Sleep until the carrier closes."""
        self._closing.wait(seconds)

    def close(self) -> None:
        """Stop listening; also called to play a carrier that refuses connections."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


class _CarrierHandler(BaseHTTPRequestHandler):
    carrier: Carrier
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        mode, answer = self.carrier.take(request)
        self.close_connection = True
        with contextlib.suppress(OSError):
            getattr(self, f"mode_{mode}", self._status)(mode, answer)

    do_GET = do_PUT = do_POST  # noqa: N815 (the parent's names)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _status(self, mode: str, answer: dict[str, Any]) -> None:
        status = int(mode)
        body = {"code": answer.get("code", 20001), "message": "secret inner text"}
        self._send(status, json.dumps(body).encode(), **({"Retry_After": "7"} if status == 429 else {}))

    def mode_ok(self, mode: str, answer: dict[str, Any]) -> None:
        self._send(201, json.dumps(answer).encode())

    def mode_hang(self, mode: str, answer: dict[str, Any]) -> None:
        self.carrier.wait(HANG)

    def mode_trickle(self, mode: str, answer: dict[str, Any]) -> None:
        self.send_response(201)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(60):
            self.wfile.write(b" ")
            self.wfile.flush()
            self.carrier.wait(0.5)

    def mode_reset(self, mode: str, answer: dict[str, Any]) -> None:
        _reset(self.connection)

    mode_lost_after_accept = mode_reset

    def mode_wrong_json(self, mode: str, answer: dict[str, Any]) -> None:
        self._send(201, b"<html>not what you expect")

    def mode_endless(self, mode: str, answer: dict[str, Any]) -> None:
        self.send_response(201)
        self.end_headers()
        for _ in range(10_000):
            self.wfile.write(b"x" * 65536)

    def mode_redirect(self, mode: str, answer: dict[str, Any]) -> None:
        self._send(307, b"", Location=f"{self.carrier.url}/elsewhere")


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Mailbox:
    """A mail server that records and, on request, misbehaves.

    Modes, one per connection as with `Carrier`: ok, 421 (as the greeting), 451, 550, hang (after the
    greeting), slow (seconds per reply), close (in mid-dialogue), lost_after_accept (takes the mail, breaks the line),
    sender (refuses whom it is from), spam (refuses what it says).
    """

    def __init__(self, *, port: int = 0, pace: float = 3.0) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.modes: deque[str] = deque()
        self.always = "ok"
        self.pace = pace
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(port), self._loop).result(5)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"

    async def _listen(self, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: _Server(_Dialogue(self), hostname="sink.test", loop=loop, timeout=60), "127.0.0.1", port
        )

    def fail(self, *modes: str) -> None:
        """What the next connections meet, one mode each."""
        self.modes.extend(modes)

    def next_mode(self) -> str:
        """The mode of a connection that begins."""
        return self.modes.popleft() if self.modes else self.always

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to one mailbox, in order."""
        return [mail for mail, people in zip(self.mails, self.recipients, strict=True) if address in people]

    def keep(self, envelope: Envelope) -> None:
        """Record a mail."""
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self.raw.append(raw)
        self.recipients.append(list(envelope.rcpt_tos))
        self.mails.append(message_from_bytes(raw, policy=modern))

    def close(self) -> None:
        """Stop listening; also called to play a server that refuses connections."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


class _Server(SMTP):
    async def push(self, status: Any) -> None:
        """A busy server says so instead of its greeting."""
        if self.event_handler.mode == "421" and str(status).startswith("220"):
            status = "421 busy, come again"
        await super().push(status)


class _Dialogue:
    """One connection's manners."""

    def __init__(self, box: Mailbox) -> None:
        self.box = box
        self.mode = box.next_mode()

    async def _pause(self, server: SMTP) -> None:
        if self.mode == "hang":
            await asyncio.sleep(HANG)
        if self.mode == "slow":
            await asyncio.sleep(self.box.pace)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        await self._pause(server)
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._pause(server)
        if self.mode == "close":
            _abort(server)
        if self.mode == "sender":
            return "550 5.1.8 we do not know you"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._pause(server)
        if self.mode in {"451", "550"}:
            return f"{self.mode} {'mailbox unknown' if self.mode == '550' else 'try later'}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.mode == "spam":
            return "554 5.7.1 this looks like spam"
        self.box.keep(envelope)
        if self.mode == "lost_after_accept":
            _abort(server)
        return "250 taken"


def _abort(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


@dataclass
class Phones:
    """Telephones behind a carrier of Twilio's wire format: they read texts, hear calls, press keys and reply."""

    carrier: Carrier
    secret: str = "twilio-secret-of-the-test"
    number: str = "+15005550006"
    client: Client = field(default_factory=Client)

    def set_up(self, *providers: str) -> None:
        """Configure the providers (SMS and voice) past every command."""
        for provider in providers or ("sms_twilio", "voice_twilio"):
            ProviderConfig.objects.create(
                provider=provider,
                callback_token=f"token-{provider}",
                settings={
                    "account_sid": "AC" + "a" * 32,
                    "auth_token": self.secret,
                    "from_number": self.number,
                    "base_url": self.carrier.url,
                },
            )

    def texts(self, to: str = "") -> list[dict[str, str]]:
        """The SMS that arrived, in order."""
        return self._posts("Messages", to)

    def calls(self, to: str = "") -> list[dict[str, str]]:
        """The calls that rang, in order."""
        return self._posts("Calls", to)

    def _posts(self, what: str, to: str) -> list[dict[str, str]]:
        found = []
        for number, request in enumerate(self.carrier.requests, 1):
            if request.path.endswith(f"/{what}.json") and to in ("", request.form["To"]):
                found.append({**request.form, "Sid": f"SM{number:032d}"})
        return found

    def speech(self, call: dict[str, str]) -> str:
        """What the call says."""
        return " ".join(element.text or "" for element in ElementTree.fromstring(call["Twiml"]).iter("Say"))

    def action(self, call: dict[str, str]) -> str:
        """The address to which a pressed key goes; empty where no key is asked for."""
        gather = ElementTree.fromstring(call["Twiml"]).find("Gather")
        return "" if gather is None else gather.attrib["action"]

    def press(self, call: dict[str, str], key: str) -> Any:
        """Press a key during a call."""
        form = {"CallSid": call["Sid"], "Digits": key, "To": call["To"], "CallStatus": "in-progress"}
        return self.post(self.action(call), form)

    def report(self, message: dict[str, str], status: str, **more: str) -> Any:
        """The carrier reports what became of a text or a call."""
        kind = "Call" if "Twiml" in message else "Message"
        return self.post(message["StatusCallback"], {f"{kind}Sid": message["Sid"], f"{kind}Status": status, **more})

    def reply(self, sender: str, text: str, sid: str = "SMreply1") -> Any:
        """A person answers a text."""
        url = "http://localhost:8000/callbacks/sms_twilio/token-sms_twilio/"
        form = {"MessageSid": sid, "SmsStatus": "received", "From": sender, "To": self.number, "Body": text}
        return self.post(url, form)

    def post(self, url: str, form: dict[str, str], *, secret: str | None = None, **headers: str) -> Any:
        """Post a call-back, signed as Twilio signs, unless other headers are given."""
        parts = urlsplit(url)
        if "HTTP_X_TWILIO_SIGNATURE" not in headers:
            sealed = twilio.signature(secret or self.secret, url, list(form.items()))
            headers["HTTP_X_TWILIO_SIGNATURE"] = sealed
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        more: dict[str, Any] = {**headers}
        return self.client.post(path, urlencode(form), content_type="application/x-www-form-urlencoded", **more)


@contextlib.contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Wall-clock seconds of the block, in a list of one."""
    took: list[float] = []
    start = time.monotonic()
    yield took
    took.append(time.monotonic() - start)
