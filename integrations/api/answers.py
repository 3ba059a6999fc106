"""What senders hear: the shapes of PagerDuty's and Opsgenie's answers, and our own (contract.md)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.errors import Invalid
from incidents.kinds import Normalised
from integrations.api.bodies import Refusal, Send

RETRY_SECONDS = "5"
BAD_KEY = "invalid routing key"
_TYPE = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Reply:
    """A status with a JSON body."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


async def send_reply(send: Send, reply: Reply) -> None:
    """Answer and end."""
    body = msgspec.json.encode(reply.body)
    headers = [_TYPE, (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    headers += [(name.lower().encode(), value.encode()) for name, value in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def accepted(shape: str, events: Sequence[Normalised]) -> Reply:
    """202: everything is committed."""
    if shape == "opsgenie":
        body = {"result": "Request will be processed", "took": 0.001, "requestId": _request_id()}
        return Reply(202, body)
    if shape in {"events", "changes"}:
        said = "Event processed" if shape == "events" else "Change event processed"
        return Reply(202, {"status": "success", "message": said, "dedup_key": events[0].key})
    marks = sorted({mark for event in events for mark in event.marks})
    return Reply(202, {"status": "accepted", "events": len(events), "marks": marks[:20]})


def refused(shape: str, refusal: Refusal) -> Reply:
    """A refusal in the manner of the door."""
    if shape == "opsgenie":
        body = {"message": "; ".join(refusal.errors), "took": 0.001, "requestId": _request_id()}
        return Reply(refusal.code, body, refusal.headers)
    if shape in {"events", "changes"}:
        said = "Event object is invalid" if refusal.code < 500 else "Not saved, try again"
        body = {"status": _status(refusal.code), "message": said, "errors": refusal.errors}
        return Reply(refusal.code, body, refusal.headers)
    body = {"status": "refused", "message": refusal.errors[0] if refusal.errors else "", "errors": refusal.errors}
    return Reply(refusal.code, body, refusal.headers)


def _status(status: int) -> str:
    if status >= 500:
        return "unavailable"
    return "invalid event" if status in {400, 413} else "refused"


def wrong_key(shape: str) -> Refusal:
    """One and the same refusal for wrong, revoked, expired and malformed keys (A45)."""
    return Refusal(400 if shape in {"events", "changes"} else 403, BAD_KEY)


def wrong_event(error: Invalid) -> Refusal:
    """Every fault with the name of its field; a fault of the whole body is its sentence."""
    if error.code == "invalid_json" or not error.fields:
        return Refusal(400, error.detail)
    return Refusal(400, *(f"'{name}' {sentence}" for name, found in error.fields.items() for sentence in found))


def unavailable(status: int = 503) -> Refusal:
    """Nothing was saved; the sender keeps the event and comes again."""
    return Refusal(status, "The database cannot be written now", headers={"Retry-After": RETRY_SECONDS})


def _request_id() -> str:
    text = secrets.token_hex(16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
