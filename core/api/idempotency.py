"""A request that is sent twice is done once: `Idempotency-Key` finds the answer of the first time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Conflict, Forbidden, Invalid
from core.models import IdempotencyKey
from core.web import access

HEADER = "Idempotency-Key"
LONGEST = 200


def key_of(request: Request) -> str:
    """The header's value, empty without one; raises Invalid for anything but 1 to 200 printable characters."""
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not (1 <= len(key) <= LONGEST and key.isascii() and key.isprintable()):
        sentence = f"{HEADER} must have 1 to {LONGEST} printable ASCII characters."
        raise Invalid(sentence, fields={HEADER: [sentence]})
    return key


def refuse(request: Request) -> None:
    """Raise Invalid where the header is set and the view cannot take it, before anything is counted or kept."""
    if key_of(request):
        sentence = f"{HEADER} cannot be used here: nothing of this answer is kept."
        raise Invalid(sentence, fields={HEADER: [sentence]})


def keep_body(request: Request) -> None:
    """Read the whole body before anything reads it as a stream, as the check of a browser's CSRF token does."""
    len(request.body)


def once(request: Request, actor: Any, path: Mapping[str, Any], handler: Callable[[], Response]) -> Response:
    """Run the handler and keep its answer in the same transaction, or give the answer that was kept.

    The second of two at once waits for the first. Raises Conflict when the key was used for another
    request, and Forbidden or Missing where the actor might not read the kept answer now (A58). A refusal is not
    kept: nothing was done, so it may be tried again.
    """
    name = hashlib.sha256(f"{actor.key}\0{key_of(request)}".encode()).hexdigest()
    standing = hashlib.sha256(access.standing(actor).encode()).hexdigest()
    digest = _digest(request)
    with transaction.atomic():
        row = IdempotencyKey(key=f"api:{name}", actor=actor.key[:120], digest=digest, standing=standing)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            kept = IdempotencyKey.objects.get(key=row.key)
            answer = _again(kept, digest, standing)
            access.sees_still(actor, path, kept.body)
            return answer
        response = handler()
        row.status = response.status_code
        row.body = None if response.data is None else json.loads(JSONRenderer().render(response.data))
        row.save(update_fields=["status", "body"])
        return response


def _digest(request: Request) -> str:
    whole = hashlib.sha256(f"{request.method}\0{request.get_full_path()}\0".encode())
    whole.update(request.body)
    return whole.hexdigest()


def _again(kept: IdempotencyKey, digest: str, standing: str) -> Response:
    if kept.digest != digest:
        raise Conflict(
            f"This {HEADER} was used for another request.",
            code="idempotency_mismatch",
            hint="Use a new key for each new request.",
        )
    if kept.standing not in ("", standing):  # empty: kept by the release before
        raise Forbidden(
            "This was done, and your rights are others since: its answer is not given again.",
            code="rights_changed",
            hint="Read the thing itself: it shows what you may see of it now.",
        )
    return Response(kept.body, status=kept.status, headers={"Idempotent-Replay": "true"})
