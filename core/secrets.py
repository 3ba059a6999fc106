"""Secret fields, encrypted with `FIELD_KEYS`: the first key encrypts, all of them decrypt (A98)."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in keys])


def encrypt(text: str) -> str:
    """Seal a text for the database."""
    return _box(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode("ascii")


def decrypt(sealed: str) -> str:
    """Open a sealed text; raises ValueError when no key of FIELD_KEYS fits."""
    try:
        return _box(tuple(settings.FIELD_KEYS)).decrypt(sealed.encode("ascii")).decode()
    except InvalidToken as error:
        raise ValueError("no key of WATCHBILL_FIELD_KEYS opens this value") from error


def reseal(sealed: str) -> str:
    """The same under the first key of FIELD_KEYS, unchanged where that one opens it; raises ValueError as `decrypt`."""
    text = decrypt(sealed)
    try:
        _box(tuple(settings.FIELD_KEYS[:1])).decrypt(sealed.encode("ascii"))
    except InvalidToken:
        return encrypt(text)
    return sealed


class EncryptedJSONField(models.TextField[Any, Any]):
    """A JSON value that stands encrypted in the database; it cannot be searched."""

    # For the type checker alone: what may be assigned and what is read, although the column is a text.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        """Open it when it is read."""
        return None if value is None else json.loads(decrypt(value))

    def get_prep_value(self, value: Any) -> str | None:
        """Seal it when it is written."""
        return None if value is None else encrypt(json.dumps(value, separators=(",", ":")))

    def to_python(self, value: Any) -> Any:
        """Values stay as they are."""
        return value
