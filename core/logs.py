"""The log: one line per event on standard error, as text or JSON, masked, and never in the way (A18, A95, F63).

Rules: secrets and phone numbers are masked here, at the handler, whoever logs. Whatever a person typed cannot
begin a line of its own or colour the screen. A thread of its own writes, behind a bounded queue and past Python's
buffers: a full pipe, a closed one or an error in a formatter costs log lines and never a page.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import select
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings

from core.text import mask

LEVELS = {
    "django": "INFO",
    "django.request": "ERROR",
    "daphne": "WARNING",
    "twisted": "WARNING",
    "httpx": "WARNING",
    "django-q": "WARNING",
}
LONGEST_QUEUE = 10_000
_unsafe = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\\\\]")
_more_secrets = re.compile(
    r"\beyJ[\w\-]{8,}\.[\w\-]{4,}(?:\.[\w\-]*)?"  # JSON web tokens
    r"|\bAKIA[0-9A-Z]{12,}"
    r"|\bxox[abeprs]-[\w\-]{8,}|hooks\.slack\.com/services/[\w/\-]+"
    r"|(?<=GenieKey )[\w\-]{6,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)


def configure(config: dict[str, Any]) -> None:
    """Set up logging and structlog; `format` is text or json. Django calls it with `settings.LOGGING`."""
    formatter = JsonFormatter() if config.get("format") == "json" else TextFormatter()
    handler = QueuedHandler(_writer)
    handler.setFormatter(formatter)
    logging.raiseExceptions = False
    for name in [None, *list(logging.root.manager.loggerDict)]:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.INFO)
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[_to_record],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def flush(seconds: float = 1.0) -> None:
    """Give the waiting lines up to `seconds` to be written; the last act before a process ends."""
    end = time.monotonic() + seconds
    for writer in (_writer, _speaker):
        writer.flush(end - time.monotonic())


def say(line: str) -> None:
    """Tell the console something, on standard output, without ever waiting for whoever reads it."""
    _speaker.put(line)


def _to_record(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
    """structlog's event as a record of the standard library; its values go into the one attribute `fields`."""
    exc_info = event.pop("exc_info", None)
    message = str(event.pop("event", ""))
    return (message,), {"exc_info": exc_info, "extra": {"fields": dict(event)}}


# --- what a line says -----------------------------------------------------------------------------
def _own_secrets() -> list[str]:
    """The values of this installation that must never be printed, longest first."""
    found = {settings.SECRET_KEY, *settings.FIELD_KEYS, getattr(settings, "OIDC_CLIENT_SECRET", "")}
    for address in (settings.DATABASE_URL, settings.EMAIL_URL, settings.REDIS_URL):
        password = urlsplit(address).password or ""
        found |= {password, unquote(password)}  # libraries say it as they use it
    return sorted((secret for secret in found if len(secret) >= 6), key=len, reverse=True)


def redact(text: str) -> str:
    """The text without anything that looks like a secret or a phone number (A95)."""
    for secret in _own_secrets():
        text = text.replace(secret, "…")
    return mask(_more_secrets.sub("…", text))


def escape(text: str) -> str:
    """The text on one line: control, bidirectional and broken characters are shown as escapes (A18)."""
    return _unsafe.sub(lambda found: ascii(found.group())[1:-1], text)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    fields = getattr(record, "fields", None)
    return {**structlog.contextvars.get_contextvars(), **(fields if isinstance(fields, dict) else {})}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a wrong placeholder must not cost the line
        return str(record.msg)


def _bare(record: logging.LogRecord) -> logging.LogRecord:
    """The event without its values and traceback, for when one of those cannot be shown."""
    said = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    kept = {"name": record.name, "levelname": record.levelname, "levelno": record.levelno, "process": record.process}
    return logging.makeLogRecord({**kept, "created": record.created, "msg": f"{said} (its values cannot be shown)"})


def _trace(record: logging.LogRecord) -> list[str]:
    # What a stranger sent wrong (too many fields, too large) is one line: he could fill the log with tracebacks.
    if not record.exc_info or record.exc_info[0] is None or record.name.startswith("django.security"):
        return []
    return redact("".join(traceback.format_exception(*record.exc_info))).splitlines()


def _value(key: str, value: object) -> object:
    """A value for JSON; a text is judged together with its name ("token=…")."""
    if isinstance(value, bool | int | float | None):
        return value
    return redact(f"{key}={value}").partition("=")[2]


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class TextFormatter(logging.Formatter):
    """For people: time (UTC), level, logger, process, sentence, values; a traceback is indented by a bar."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and one more per line of a traceback."""
        values = " ".join(f"{key}={value!r}" for key, value in _facts(record).items())
        line = escape(redact(f"{_message(record)} {values}".rstrip()))
        head = f"{_at(record)} {record.levelname:<7} {record.name} [{record.process}] {line}"
        return "\n".join([head, *(f"    | {escape(part)}" for part in _trace(record))])


class JsonFormatter(logging.Formatter):
    """For machines: one JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; JSON escapes what could begin another."""
        said: dict[str, Any] = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": redact(_message(record)),
        }
        values = {key: _value(key, value) for key, value in _facts(record).items()}
        if values:
            said["values"] = values
        trace = _trace(record)
        if trace:
            said["exception"] = "\n".join(trace)
        return json.dumps(said, ensure_ascii=True, default=str)


# --- how a line leaves ----------------------------------------------------------------------------
class Writer:
    """Writes lines in a thread of its own; when the reader is stuck, the newest lines are dropped and counted."""

    def __init__(self, stream: str = "stderr") -> None:
        self._stream = stream
        self._fresh()
        os.register_at_fork(after_in_child=self._fresh)

    def _fresh(self) -> None:
        self._lines: deque[str] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._writing = False
        self.dropped = 0

    def put(self, line: str) -> None:
        """Queue a line; never waits for the reader."""
        with self._wake:
            if len(self._lines) >= LONGEST_QUEUE:
                self.dropped += 1
                return
            self._lines.append(line)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._writing = False
                while not self._lines:
                    self._wake.wait()
                lines = list(self._lines)
                self._lines.clear()
                self._writing = True
                dropped, self.dropped = self.dropped, 0
            said = [f"{dropped} log lines were dropped: they could not be written"] if dropped else []
            if not write(getattr(sys, self._stream), "\n".join([*lines, *said]) + "\n"):
                with self._wake:
                    self.dropped += dropped + len(lines)

    def flush(self, seconds: float) -> None:
        """Wait until everything is written, or `seconds` are over."""
        end = time.monotonic() + seconds
        while (self._lines or self._writing) and time.monotonic() < end:
            time.sleep(0.005)


def write(stream: TextIO | None, text: str) -> bool:
    """Write to a stream that may be closed, broken or absent; says whether all of it is out (F63).

    Python's own writing holds a lock while it waits for the reader, and who then flushes the stream waits as well.
    """
    if stream is None:
        return False
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return _write_here(stream, text)
    left = memoryview(text.encode("utf-8", "backslashreplace"))
    try:
        while left:
            left = left[_some(descriptor, left) :]
    except OSError:
        return False
    return True


def _some(descriptor: int, data: memoryview) -> int:
    """How much of it went out; 0 after a wait, where somebody has made the stream one that never waits."""
    try:
        return os.write(descriptor, data)
    except BlockingIOError:
        room = select.poll()
        room.register(descriptor, select.POLLOUT)
        room.poll(1000)
        return 0


def _write_here(stream: TextIO, text: str) -> bool:
    """Write to a stream that is only a thing of this process, such as a test's."""
    try:
        stream.write(text)
    except (OSError, ValueError):
        return False
    return True


class QueuedHandler(logging.Handler):
    """Formats in the caller's thread, writes elsewhere, raises nothing."""

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one event."""
        for attempt in (record, _bare(record)):
            try:
                self._writer.put(self.format(attempt))
            except Exception:  # noqa: BLE001, S112  # nosec B112
                continue  # the log never stops paging (F63)
            return
        self._writer.put(f"a log line of {record.name} could not be written")


_writer, _speaker = Writer(), Writer("stdout")
atexit.register(flush)
