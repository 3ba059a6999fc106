"""What the API says of itself as a whole: its introduction and what each group of addresses is about."""

from __future__ import annotations

from typing import Any

INTRODUCTION = """\
Everything that the pages can do, for programs: the same commands, the same rights.

* **Sign in** with a personal API token: `Authorization: Bearer wb_…`. It acts as its owner, within its scopes.
* **Bodies** are JSON objects. A field or parameter that is not known is refused, never passed over.
* **Refusals** are `application/problem+json`: `code` for programs, `detail` for people, `fields` for the places.
* **Repeats**: send an `Idempotency-Key` with a change, and a repeated request is done once.
* **Changes to the same thing**: send the `version` that you saw, in `If-Match` or the body; a stale one is 409.
* **Lists** come in pages of `page_size` rows; `next` is the address of the following page, or null.
* **Times** are ISO 8601 with their zone; answers are in UTC.
"""
TAGS = {
    "me": "Oneself.",
    "users": "People: the directory, and what administrators do.",
    "invitations": "People who have been asked in by a mailed link.",
    "teams": "Teams and who is in them.",
    "organisation": "The organisation that runs the portal.",
    "tokens": "API tokens. They are made and revoked in a signed-in browser alone.",
    "contact-methods": "One's own addresses, at which pages arrive. They are changed in a signed-in browser alone.",
    "deliveries": "Messages: whether they were sent, and every try.",
    "providers": "The carriers of messages and their settings.",
    "services": "What teams run, with its integration keys, heartbeats, grouping and what came in.",
    "coverage": "What would leave a page unanswered.",
    "policies": "Escalation policies: who is paged, in which order.",
    "schedules": "Rotations of people.",
    "on-calls": "Who is on call now.",
    "pages": "Pages that were sent to oneself, and their answers.",
    "notification-rules": "When and by which address one wants to be told of a page.",
    "incidents": "Incidents: from the declaration to the review, with their timeline, alerts and files.",
    "incident-views": "Saved queries of the list of incidents.",
    "priorities": "P1 to P5 and what they demand.",
    "event-rules": "Which priority an event gets.",
    "changes": "What was altered: deployments, settings, infrastructure.",
    "keys": "Integration keys, with which monitoring sends events.",
    "heartbeats": "Signs of life that must keep coming.",
    "inbound": "What monitoring has sent, as it came.",
    "audit": "Who changed what of the set-up. Nobody writes or deletes here.",
    "webhooks": "Where facts are sent, with every try.",
}
SETTINGS: dict[str, Any] = {
    "TITLE": "Watchbill API",
    "DESCRIPTION": INTRODUCTION,
    "VERSION": "1",
    "TAGS": [{"name": name, "description": text} for name, text in TAGS.items()],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_AUTHENTICATION": None,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [],  # choices stay beside their field: no names to invent
}
