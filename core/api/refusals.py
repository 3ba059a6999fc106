"""The refusals of the API for its description: when each status comes, what stands in it, which headers go with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BODY_READ = (413, 415)

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why a request was refused.",
    "required": ["type", "title", "status", "code", "detail", "hint", "fields", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs: stable, in snake case."},
        "detail": {"type": "string", "description": "For people: one sentence."},
        "hint": {"type": "string", "description": "What to do about it; may be empty."},
        "fields": {
            "type": "object",
            "description": "Place in the request to sentences.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "request_id": {"type": "string", "description": "The number that the log knows."},
        "version": {"type": "integer", "description": "With the code `stale`: the version that it has now."},
    },
}


@dataclass(frozen=True, slots=True)
class Refused:
    """One status: the component's name, when it comes, and the code and sentence of an example."""

    name: str
    when: str
    code: str
    detail: str


REFUSALS = {
    400: Refused(
        "Invalid",
        "The request breaks a rule: `fields` says what and where. Unknown fields and parameters too.",
        "invalid",
        "name: May not be empty.",
    ),
    401: Refused(
        "Unauthenticated",
        "No token and no session, or a token that has ended.",
        "unauthenticated",
        "This token is not valid.",
    ),
    403: Refused(
        "Forbidden",
        "You may not do this, or the token's scopes do not reach so far.",
        "forbidden",
        "You may not do this.",
    ),
    404: Refused(
        "Missing",
        "Nothing is there, or nothing that you may know of.",
        "not_found",
        "There is nothing here, or nothing that you may see.",
    ),
    406: Refused(
        "NotAcceptable",
        "`Accept` names nothing that this address can give.",
        "not_acceptable",
        "Could not satisfy the request Accept header.",
    ),
    409: Refused(
        "Conflict",
        "It has changed (`stale`), is taken, does not allow this step now, or the Idempotency-Key was used for "
        "something else (`idempotency_mismatch`).",
        "stale",
        "This was changed in the meantime.",
    ),
    413: Refused("TooLarge", "The body is too large.", "too_big", "The body is larger than 1 MB."),
    415: Refused(
        "Unsupported",
        "The body is of a kind that is not read here.",
        "unsupported_media_type",
        "Unsupported media type “text/plain” in request.",
    ),
    429: Refused(
        "TooMany",
        "Too many requests; try again after the seconds of `Retry-After`.",
        "too_many_requests",
        "Too many requests.",
    ),
    500: Refused(
        "Broken",
        "Something broke on our side.",
        "internal",
        "This could not be done. Tell an administrator the number.",
    ),
    502: Refused("Unreachable", "Another system did not answer.", "unreachable", "The address could not be reached."),
    503: Refused(
        "Unavailable",
        "Not now: nothing was saved. Try again after the seconds of `Retry-After`.",
        "unavailable",
        "The database does not answer. Nothing has been saved.",
    ),
}
SECONDS = {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 0}}
SCHEME = {"description": "How to sign in.", "required": True, "schema": {"type": "string"}, "example": "Bearer"}
HEADERS = {401: {"WWW-Authenticate": SCHEME}, 429: {"Retry-After": SECONDS}, 503: {"Retry-After": SECONDS}}


def refusal(status: int, problem: dict[str, Any]) -> dict[str, Any]:
    """The response of one status for OpenAPI; `problem` is the reference to the body's schema."""
    told = REFUSALS[status]
    example = {
        "type": "about:blank",
        "title": told.name,
        "status": status,
        "code": told.code,
        "detail": told.detail,
        "hint": "",
        "fields": {"name": ["May not be empty."]} if status == 400 else {},
        "request_id": "5f0c2a",
    }
    made: dict[str, Any] = {"description": told.when}
    if status in HEADERS:
        made["headers"] = HEADERS[status]
    made["content"] = {"application/problem+json": {"schema": problem, "example": example}}
    return made
