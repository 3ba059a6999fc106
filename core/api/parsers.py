"""The strict reader of JSON bodies: what two databases or readers would understand differently is 400 (A21, A22)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser

from core.errors import Invalid

LARGEST = 1024 * 1024  # bytes of a body
DEEPEST, MOST_KEYS, MOST_VALUES = 32, 2_000, 20_000  # A78
BIGGEST = 2**63 - 1
_unstorable = re.compile("[\x00\ud800-\udfff]")


class TooLarge(APIException):
    """A body over 1 MB (413)."""

    status_code = 413
    default_code = "too_big"
    default_detail = "The body is larger than 1 MB."


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Stands in the parsed tree where something was wrong, so that the place can be named."""

    sentence: str


class StrictJSONParser(BaseParser):
    """UTF-8 JSON objects without NUL, lone surrogates, NaN, huge numbers, doubled keys or deep nests."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The body as a dict; raises Invalid with the place, TooLarge above 1 MB."""
        raw = stream.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise TooLarge
        value = strict(raw)
        if not isinstance(value, dict):
            raise _refusal("", "The body must be a JSON object.")
        return value


def strict(raw: bytes) -> Any:
    """The value of a JSON text; raises Invalid with the place in `fields` (A21, A22, A78)."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_int=_whole,
            parse_float=_real,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise _refusal("", f"The body is not UTF-8 (byte {error.start}).") from error
    except json.JSONDecodeError as error:
        raise _refusal("", f"The body is not JSON: line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise _too_deep() from error
    _walk(value)
    return value


def _walk(root: object) -> None:
    keys = values = 0
    waiting: list[tuple[str, object, int]] = [("", root, 1)]
    while waiting:
        place, value, depth = waiting.pop()
        if isinstance(value, _Trouble):
            raise _refusal(place, value.sentence)
        if isinstance(value, str) and _unstorable.search(value):
            raise _refusal(place, "Holds a character that cannot be stored.")
        if isinstance(value, (dict, list)):
            if depth > DEEPEST:
                raise _too_deep()
            keys += len(value) if isinstance(value, dict) else 0
            values += len(value)
            if keys > MOST_KEYS or values > MOST_VALUES:
                raise _refusal("", f"The body holds more than {MOST_KEYS} keys or {MOST_VALUES} values.")
            waiting.extend((inner, child, depth + 1) for inner, child in _children(place, value))


def _children(place: str, value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        yield from ((f"{place}.{number}" if place else str(number), child) for number, child in enumerate(value))
        return
    for key, child in value.items():
        inner = f"{place}.{key}" if place else key
        if _unstorable.search(key):
            raise _refusal(place, "Holds a key with a character that cannot be stored.")
        yield inner, child


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = _Trouble("Stands twice in the same object.") if key in found else value
    return found


def _whole(text: str) -> int | _Trouble:
    # The length first: turning a very long text of digits into a number takes quadratic time.
    if len(text) > 20 or text == "-0" or abs(int(text)) > BIGGEST:
        return _Trouble("Is not a number that can be stored.")
    return int(text)


def _real(text: str) -> float | _Trouble:
    value = float(text) if len(text) <= 400 else math.inf
    if not math.isfinite(value) or (value == 0 and text.startswith("-")):
        return _Trouble("Is not a number that can be stored.")
    return value


def _constant(text: str) -> _Trouble:
    return _Trouble(f"{text} is not a number.")


def _too_deep() -> Invalid:
    return _refusal("", f"The body is nested deeper than {DEEPEST} levels.")


def _refusal(place: str, sentence: str) -> Invalid:
    shown = place.encode("utf-8", "backslashreplace").decode()[:200] or "body"
    return Invalid(f"{shown}: {sentence}" if place else sentence, code="invalid_json", fields={shown: [sentence]})
