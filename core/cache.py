"""Django's cache without pickles: whoever can write to its table or to Redis can start nothing (A99).

Values are JSON, so only what JSON knows can be kept; anything else that stands there counts as not cached.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.cache.backends import db


class JsonSerializer:
    """How values stand in Redis (`OPTIONS["serializer"]`) and in the table; it has the interface of `pickle`."""

    @staticmethod
    def dumps(value: Any, protocol: int | None = None) -> bytes:
        """Write a value; raises TypeError for what JSON does not know."""
        return json.dumps(value).encode()

    @staticmethod
    def loads(data: bytes) -> Any:
        """Read a value; None for anything that we have not written."""
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None


# Django's table cache has no switch for this; the name is its module's own and nobody else's.
db.pickle = JsonSerializer  # type: ignore[attr-defined]


class DatabaseCache(db.DatabaseCache):
    """The table cache of Django, of which every value is JSON."""
