"""The wire of outgoing webhooks: headers, signature and waits; no database, no network."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

#: How long one event waits after its first, second … attempt that was not taken; the last holds for all further ones.
WAITS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
#: How long a webhook asks its receiver for nothing at all after its first, second … failure in a row.
RESTS = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=2),
    timedelta(minutes=5),
)
PATIENCE = timedelta(hours=24)  # after which an event is given up, and a webhook that had no success is paused
#: What whoever owns the webhook can do about an attempt that was not taken, by its outcome (A75: no more is kept).
ADVICE = {
    "3xx": "The receiver leads on to another address, which is not followed: enter that address here.",
    "4xx": "The receiver refuses it: see its log, the address, and whether it knows this webhook's secret.",
    "5xx": "The receiver broke over it: see its log.",
    "no answer": "No answer that can be read came within 10 s: see whether it runs, whether name and port are right,"
    " and whether its certificate is one that this portal's system trusts.",
    "address not allowed": "The name leads to where nothing may be called: enter another address, or have the operator"
    " allow it with WATCHBILL_OUTBOUND_ALLOW (docs/operations.md, “Addresses inside”).",
    "not sent": "Its secret cannot be opened with WATCHBILL_FIELD_KEYS: rotate it.",
}
STORM, STORM_TIME = 20, timedelta(hours=1)  # so many events that failed for so long pause a webhook sooner
BODY_VERSION = 1


def signature(secrets: Sequence[str], at: datetime, body: bytes) -> str:
    """`t=<unix time>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>`, one v1 per secret; raises ValueError without one (A49)."""
    if not secrets or not all(secrets):
        raise ValueError("an empty secret signs nothing")
    stamp = str(int(at.timestamp()))
    signed = stamp.encode() + b"." + body
    return ",".join([f"t={stamp}", *(f"v1={_hex(secret, signed)}" for secret in secrets)])


def _hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def headers(secrets: Sequence[str], event: str, kind: str, at: datetime, body: bytes) -> dict[str, str]:
    """What goes with one attempt; the time is that of the attempt, the id that of the event (A50)."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Watchbill-Webhook/1",
        "Watchbill-Event": kind,
        "Watchbill-Event-Id": event,
        "Watchbill-Signature": signature(secrets, at, body),
    }


def advice_on(outcome: str) -> str:
    """What to do about an attempt's outcome; empty where it was taken."""
    return "" if outcome == "2xx" else ADVICE.get(outcome, "The receiver answers with what is no HTTP: see its log.")


def wait_after(tries: int) -> timedelta:
    """How long an event waits after so many attempts (1 or more)."""
    return WAITS[min(tries, len(WAITS)) - 1]


def rest_after(failures: int) -> timedelta:
    """How long a webhook rests after so many failures in a row (1 or more)."""
    return RESTS[min(failures, len(RESTS)) - 1]
