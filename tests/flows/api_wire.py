"""Forms of made-up requests, as a client puts them on the wire."""

from __future__ import annotations

from typing import Any

import requests
from schemathesis.transport.requests import prepare_multipart_parts
from schemathesis.transport.serialization import serialize_binary
from schemathesis.transport.wsgi import WSGI_TRANSPORT, multipart_serializer

FORM = "multipart/form-data"
NOTHING = b"--nothing--\r\n"


def form(context: Any, value: Any) -> dict[str, Any]:
    """The parts one after the other, those without content too: werkzeug's own encoder would lose them."""
    if not isinstance(value, dict):
        return multipart_serializer(context, value)
    files, plain = prepare_multipart_parts(context, value)
    given = [(name, part if isinstance(part, tuple) else (name, part)) for name, part in files or []]
    given += [(name, (None, each)) for name, many in (plain or {}).items() for each in _all(many)]
    parts = [(name, (part[0], serialize_binary(part[1]), *part[2:])) for name, part in given]
    sent: dict[str, Any] = {"data": NOTHING, "content_type": f"{FORM}; boundary=nothing"}
    if parts:
        made = requests.Request("POST", "http://localhost/", files=parts).prepare()
        sent = {"data": made.body, "content_type": made.headers["Content-Type"]}
    if "Content-Type" in context.case.headers:  # one that was made up to be refused
        del sent["content_type"]
    return sent


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def use() -> None:
    """Send forms so from now on, in this process."""
    WSGI_TRANSPORT.serializer(FORM)(form)
