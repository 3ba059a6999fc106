"""The answers that are kept for requests with an `Idempotency-Key`, seen from outside the API."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from core.models import IdempotencyKey


def forget(pk: int, texts: Iterable[str]) -> int:
    """Empty each kept answer about the row `pk` with one of these texts, which was removed for good; says how many.

    The key stays spent: whoever sends the request again does nothing twice.
    """
    wanted = Q()
    for text in filter(None, texts):
        wanted |= Q(body__text=text)
    return IdempotencyKey.objects.filter(wanted, body__id=pk).update(body=None) if wanted else 0
