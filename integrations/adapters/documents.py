"""Bytes to a JSON object, with the place of every fault (A21, A22, A77, A78).

Two tempers: `strict` for `/v2/*` refuses what is too deep or too wide; `/integrations/*` cuts it (adapters call
`fields.trim` per alert). NUL, lone surrogates, NaN, Infinity and integers beyond 64 bits are refused by both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import msgspec

from core.errors import Invalid

MAX_DEPTH = 32
MAX_KEYS = 2_000
FLAT_DEPTH = 64
_BOM = b"\xef\xbb\xbf"
_PLACE = re.compile(r"\(byte (\d+)\)")
_HIGH_ALONE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_LONG = re.compile(rb"\d{19}")
_MINUS_ZERO = re.compile(rb"-0(?:\.0*)?(?:[eE][-+]?\d+)?\s*[,}\]]")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[{]+|[\]}]+', re.DOTALL)
_LARGEST = 2**63


def read(body: bytes, *, strict: bool) -> dict[str, Any]:
    """The JSON object in `body`; raises Invalid naming the byte or the path at fault."""
    if body.startswith(_BOM):
        body = body[len(_BOM) :]
    document = _decode(body, strict)
    if not isinstance(document, dict):
        raise _fault("the body must be a JSON object (byte 0)")
    if b"\\u0000" in body:
        _refuse_nul(document)
    if _LONG.search(body):
        _refuse_large(document)
    if strict:
        if _MINUS_ZERO.search(body):
            _find_number(body, lambda text: text.startswith("-") and float(text) == 0)
        if body.count(b"{") + body.count(b"[") > MAX_DEPTH or body.count(b":") > MAX_KEYS:
            _refuse_shape(document)
    return document


def walk(document: Any) -> Iterator[tuple[str, int, Any]]:
    """Every value of a document as (path, depth, value), keys included as values; no recursion, so no depth hurts."""
    stack: list[tuple[str, int, Any]] = [("", 1, document)]
    while stack:
        path, depth, value = stack.pop()
        yield path, depth, value
        if isinstance(value, dict):
            for key, below in value.items():
                place = f"{path}.{key[:40]}" if path else key[:40]
                yield place, depth, key
                stack.append((place, depth + 1, below))
        elif isinstance(value, list):
            stack.extend((f"{path}[{number}]", depth + 1, below) for number, below in enumerate(value))


def _fault(sentence: str) -> Invalid:
    return Invalid(f"Wrong JSON: {sentence}.", code="invalid_json", fields={"body": [sentence]})


def _decode(body: bytes, strict: bool) -> Any:
    try:
        return msgspec.json.decode(body)
    except UnicodeDecodeError:
        _refuse_bytes(body)
    except msgspec.ValidationError:
        _find_number(body, lambda text: abs(float(text)) == float("inf") or len(text) > 400)
        raise _fault("a number is out of range") from None
    except msgspec.DecodeError as error:
        raise _fault(_sentence(body, str(error))) from None
    except RecursionError:
        if strict:
            raise _fault(f"more than {MAX_DEPTH} levels") from None
        return _decode(_flatten(body), strict=True)


def _sentence(body: bytes, said: str) -> str:
    """The parser's complaint with a place, in our words."""
    found = _PLACE.search(said)
    alone = _HIGH_ALONE.search(body)
    if "surrogate" in said or (found is None and alone is not None):
        place = alone.start() if alone else int(found[1]) if found else len(body)
        return f"a lone surrogate at byte {place}"
    if found is None:
        return f"it ends too early, at byte {len(body)}"
    said = said.removeprefix("JSON is malformed: ")
    return f"{_PLACE.sub('', said).strip()} at byte {found[1]}"


def _refuse_bytes(body: bytes) -> NoReturn:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _fault(f"not UTF-8 at byte {error.start}") from None
    raise _fault("not UTF-8")


def _refuse_nul(document: Any) -> None:
    for path, _, value in walk(document):
        if isinstance(value, str) and "\x00" in value:
            raise _fault(f"a NUL character in “{path.replace(chr(0), '?')}”")


def _refuse_large(document: Any) -> None:
    for path, _, value in walk(document):
        if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
            raise _fault(f"a number beyond 64 bits in “{path}”")


def _refuse_shape(document: Any) -> None:
    keys = 0
    for path, depth, value in walk(document):
        if depth > MAX_DEPTH and isinstance(value, dict | list):
            raise _fault(f"more than {MAX_DEPTH} levels, at “{path[:200]}”")
        keys += len(value) if isinstance(value, dict) else 0
    if keys > MAX_KEYS:
        raise _fault(f"more than {MAX_KEYS} keys ({keys})")


def _find_number(body: bytes, bad: Callable[[str], bool]) -> None:
    """Refuse the first number whose text is `bad`; the slow parser is asked only when a pattern gave reason to."""

    def look(text: str) -> float:
        if bad(text):
            shown = text if len(text) <= 24 else f"{text[:20]}…"
            raise _fault(f"the number {shown} is not allowed, at byte {body.find(text.encode())}")
        return 0.0

    try:
        json.loads(body, parse_int=look, parse_float=look)
    except (ValueError, RecursionError):
        return


def _flatten(body: bytes) -> bytes:
    """The same document with everything below `FLAT_DEPTH` replaced by null, so that it can be parsed (A78)."""
    kept: list[bytes] = []
    depth = start = 0
    for token in _TOKEN.finditer(body):
        first, size = token[0][:1], len(token[0])
        if first in b"[{":
            if depth <= FLAT_DEPTH < depth + size:
                kept += [body[start : token.start() + FLAT_DEPTH - depth], b"null"]
            depth += size
        elif first in b"]}":
            if depth > FLAT_DEPTH >= depth - size:
                start = token.start() + depth - FLAT_DEPTH
            depth -= size
    if depth > FLAT_DEPTH:
        raise _fault(f"it ends too early, at byte {len(body)}")
    return b"".join([*kept, body[start:]])
