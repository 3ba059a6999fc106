"""What follows when somebody guesses a password, a code or a token: refused, audited, and told.

A thousand guesses are one entry of the audit for each window, and one mail a day while it lasts. Nothing here locks
anybody out of an answer link, and known and unknown names cost the same (A37, A38, A42).
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction

from accounts.actors import ANONYMOUS
from accounts.telling import tell
from core import audit, throttle
from core.errors import TooMany
from core.jobs import enqueue

QUARTER, HOUR, DAY = 15 * 60, 60 * 60, 24 * 60 * 60  # seconds
log = structlog.get_logger("portal.sign_in")


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries within so many seconds; `verb` is what the audit says when there are more."""

    name: str
    tries: int
    seconds: int
    verb: str


CODE = Limit("second-factor", 5, QUARTER, "second_factor.throttled")
PASSWORD = Limit("password-change", 10, QUARTER, "password.throttled")
TOKEN = Limit("api-token", 30, QUARTER, "token.throttled")


def count(limit: Limit, key: str, *, person: str = "", mail: str = "", address: str = "", told: str = "") -> None:
    """Count one try; raises TooMany beyond the limit, after one entry of the audit in its window and one mail a day.

    `person` is the id of the one whose secret is guessed (empty for a name that nobody has, which the audit leaves out:
    anybody can make up thousands), `mail` what he or she is told; without `mail` the administrators are. `told` is the
    key by which it is told once, where that is not `key`. Call it outside a transaction that a refusal rolls back.
    """
    try:
        throttle.hit(limit.name, key, limit.tries, limit.seconds)
    except TooMany:
        if throttle.add(f"{limit.verb}-told", told or key, 1, limit.seconds) == 1:
            fresh = throttle.add("guessing-mailed", f"{limit.verb} {person or told or key}", 1, DAY) == 1
            _tell(limit.verb, person, mail, address, fresh=fresh)
        raise


def _tell(verb: str, person: str, mail: str, address: str, *, fresh: bool) -> None:
    log.warning("guessing", verb=verb, address=address)
    with transaction.atomic():
        entry = None
        if mail and not person:
            throttle.add(f"{verb}-nobody", address, 1, QUARTER)  # a write of the same weight (A38)
        else:
            entry = audit.write(ANONYMOUS, verb, f"user:{person}" if person else "sign-in", address=address)
        if mail and fresh:
            tell(mail, person, entry)
        elif fresh:
            enqueue("accounts.guessing_alarm", f"{verb}:{address}")
