"""Canaries: every secret that the product makes in a test carries a mark, and no line of the log may show it (A95).

Sign-in sessions, API tokens, links, keys of integrations and heartbeats and signing secrets are marked where they are
made; with the words that the tests know anyway (the password of the world, the keys of this installation) they are
looked for in everything that is logged, as text and as JSON, in the test during which it is said.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import base as sessions
from django.utils.crypto import get_random_string

from core import logs
from tests.world import PASSWORD

MARK, HEX_MARK = "c4n4ry", "0badcafe0bad"
HEX_MAKERS = {"integrations.commands.keys", "integrations.commands.heartbeats"}  # elsewhere a hex is a name
leaks: list[str] = []
_urlsafe, _hex, _session = secrets.token_urlsafe, secrets.token_hex, get_random_string


def plant() -> None:
    """Mark what is made from now on, and watch the log."""
    secrets.token_urlsafe = _marked_urlsafe
    secrets.token_hex = _marked_hex
    sessions.get_random_string = _marked_session  # type: ignore[attr-defined]
    logging.root.addHandler(Watch())


def _marked_urlsafe(nbytes: int | None = None) -> str:
    made = _urlsafe(nbytes)
    return f"{made[:4]}{MARK}{made[4 + len(MARK) :]}"


def _marked_hex(nbytes: int | None = None) -> str:
    made, maker = _hex(nbytes), sys._getframe(1).f_globals.get("__name__")
    return f"{made[:6]}{HEX_MARK}{made[6 + len(HEX_MARK) :]}" if maker in HEX_MAKERS else made


def _marked_session(length: int, *allowed: Any) -> str:
    made = _session(length, *allowed)
    return f"{MARK}{made[len(MARK) :]}"


def known() -> re.Pattern[str]:
    """Whatever must not be in a log of the tests."""
    words = [MARK, HEX_MARK, PASSWORD, settings.SECRET_KEY, *settings.FIELD_KEYS]
    return re.compile("|".join(map(re.escape, words)))


class Watch(logging.Handler):
    """Notes each event that still shows a secret once the portal's own formatters have written it."""

    def __init__(self) -> None:
        super().__init__()
        self._known = known()
        self._formatters = (logs.TextFormatter(), logs.JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Look at the raw event first: few hold a secret, and masking is what costs."""
        error = record.exc_info[1] if record.exc_info else None
        try:
            raw = f"{record.msg} {record.args} {getattr(record, 'fields', '')} {error!r}"
        except Exception:  # noqa: BLE001 (a thing of some test that cannot be shown)
            return
        if self._known.search(raw):
            lines = [formatter.format(record) for formatter in self._formatters]
            leaks.extend(line for line in lines if self._known.search(line))


def said() -> str:
    """What has leaked since it was asked last, or nothing."""
    found = "\n".join(leaks)
    leaks.clear()
    return found


def shown_by(log: str, directory: Path) -> list[str]:
    """Which secrets of a portal of its own stand in its log: the keys of its directory, tokens, the known password.

    The link of the set-up is said on purpose, until somebody has used it.
    """
    files = [directory / name for name in ("secret-key", "field-keys")]
    words = [PASSWORD, *(file.read_text().strip() for file in files if file.exists())]
    tokens = re.findall(r"\bwb_[\w-]{20,}", log)
    return [word for word in words if word in log] + tokens
