"""Signed links and one-time nonces: a token is bound to its purpose and its value (A46, A47).

Everything is built on `PORTAL_URL`, never on what a request claims its host to be (A33).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from core import clock
from core.errors import Conflict, Missing, PortalError
from core.models import IdempotencyKey

LONGEST = 1024
SIGNATURE = 32  # characters of base64: 192 bits
NONCE_LIFE = timedelta(hours=24)
TOKEN = re.compile(rf"(?<=/)([\w-]+)\.[0-9a-f]+\.[\w-]{{{SIGNATURE}}}(?=/$)", re.ASCII)


class Expired(PortalError):
    """A link that was genuine and is too old, or whose matter is over (410)."""

    status, code = 410, "expired"


def sign(purpose: str, value: str) -> str:
    """A token for a URL that says: `value`, for this purpose alone, made now."""
    stamp = f"{int(clock.now().timestamp()):x}"
    body = f"{_pack(value.encode())}.{stamp}"
    return f"{body}.{_signature(purpose, body)}"


def read(purpose: str, token: str, max_age: timedelta) -> str:
    """The value of a token; raises Missing when it is not ours and Expired when it is too old (A47)."""
    body, _, signature = token.rpartition(".")
    packed, _, stamp = body.partition(".")
    genuine = len(token) <= LONGEST and token.isascii() and constant_time_compare(signature, _signature(purpose, body))
    if not genuine:
        raise Missing("There is no such link.", hint="Check that the address was copied whole.")
    made = datetime.fromtimestamp(int(stamp, 16), UTC)
    if clock.now() - made > max_age:
        raise Expired("This link is too old.", hint="Sign in to go on.")
    return _unpack(packed)


def renewed(purpose: str, address: str) -> str:
    """An address whose last part is a token for `purpose`, with the same value signed now; any other as it is.

    For addresses that we made and kept ourselves: the former signature is not looked at, as the key that made it
    may be gone by the time they are needed (F53).
    """
    try:
        return TOKEN.sub(lambda token: sign(purpose, _unpack(token[1])), address)
    except ValueError:
        return address


def nonce(purpose: str, value: str) -> str:
    """A random token for one POST about `value`; a page carries it in a hidden field (A46)."""
    return sign(f"{purpose}.nonce", f"{secrets.token_urlsafe(12)}:{value}")


def spend(purpose: str, value: str, token: str, *, max_age: timedelta = NONCE_LIFE) -> None:
    """Use a nonce up, in the caller's transaction.

    Raises Missing when it was not made for this purpose and value, Expired after `max_age`, and Conflict
    (`spent`) the second time (A46).
    """
    _, _, made_for = read(f"{purpose}.nonce", token, max_age).partition(":")
    if not constant_time_compare(made_for, value):
        raise Missing("This form belongs to another page.", hint="Reload the page.")
    key = "nonce:" + hashlib.sha256(token.encode()).hexdigest()
    row = IdempotencyKey(key=key, actor=purpose[:120])
    if not _inserted(row):
        raise Conflict("This form has been sent before.", code="spent", hint="Reload the page to see what it did.")


def _inserted(row: IdempotencyKey) -> bool:
    # ON CONFLICT DO NOTHING tells no count, so the random `digest` shows whose row stands there.
    row.digest = secrets.token_hex(16)
    IdempotencyKey.objects.bulk_create([row], ignore_conflicts=True)
    return IdempotencyKey.objects.filter(key=row.key, digest=row.digest).exists()


def absolute(path: str) -> str:
    """The public address of a path of ours; raises ValueError for anything but a path."""
    if not _is_path(path):
        raise ValueError(f"not a path of this portal: {path!r}")
    return f"{settings.PORTAL_URL}{path}"


def inward(target: str, fallback: str = "/") -> str:
    """`target` where it is a plain path of this portal, else `fallback`: no open redirects (A27).

    Its path has to be plain at every depth of encoding, since a proxy or a browser may decode it once more.
    """
    path = re.split(r"[?#]", target, maxsplit=1)[0]
    return target if _is_path(target) and all(map(_is_plain, _decodings(path))) else fallback


def _is_plain(path: str) -> bool:
    return _is_path(path) and "//" not in path


def _decodings(path: str) -> Iterator[str]:
    """The path as it is, decoded once, and so on; the empty text, which is no path, where that is no UTF-8."""
    while True:
        yield path
        try:
            decoded = unquote(path, errors="strict")
        except UnicodeDecodeError:
            decoded = ""
        if decoded == path:
            return
        path = decoded


def _is_path(target: str) -> bool:
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return plain and target.isprintable() and " " not in target and len(target) <= 2048


def _signature(purpose: str, body: str) -> str:
    digest = salted_hmac(f"watchbill.links.{purpose}", body, algorithm="sha256").digest()
    return _pack(digest)[:SIGNATURE]


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _unpack(packed: str) -> str:
    return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
