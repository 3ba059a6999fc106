"""Secrets out of bodies before they are kept: cheap when there is nothing to hide (A95)."""

from __future__ import annotations

from core.text import LONGEST, mask

SHOWN = 4
_WORDS = (
    b"passw", b"passphrase", b"secret", b"token", b"api_key", b"api-key", b"apikey", b"access_key", b"bearer ",
    b"basic ", b"authorization", b"cookie", b"csrf", b"nonce", b"sessionid", b"wb_", b"/answer/", b"/integrations/",
    b"/heartbeats/", b"/callbacks/", b"/ics/", b"/setup/", b"/password/", b'"+',
)  # fmt: skip


def masked(body: bytes, raw_key: str) -> str:
    """The text to keep: without the integration key, and with everything that looks like a secret blotted out.

    The full search costs more than the rest of intake, so it runs only where a word gives reason to; cut at 64 KB.
    """
    kept = body[: LONGEST * 4]
    if raw_key:
        kept = kept.replace(raw_key.encode("utf-8", "replace"), f"{raw_key[:SHOWN]}…".encode())
    text = kept.decode("utf-8", "replace")[:LONGEST].replace("\x00", "\ufffd")
    low = kept.lower()
    if any(word in low for word in _WORDS) or (b"://" in low and b"@" in low):
        return mask(text)
    return text
