"""Sets up a second factor in a browser, as the first administrator does; the codes are computed here (RFC 6238)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time

from playwright.sync_api import Page


def code_of(secret: str, at: float) -> str:
    """The six digits that an app shows at this moment (seconds since 1970), from the key as it is shown."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    start = digest[19] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def add_app(page: Page) -> str:
    """From the choice of a second factor through the app to its recovery codes; the app's key."""
    page.click("a[href*='/profile/security/app/']")
    secret = page.inner_text("#key")
    page.fill("input[name=code]", code_of(secret, time.time()))
    page.click("main form button:has-text('Add the app')")
    page.wait_for_url("**/profile/security/codes/")
    return secret


def go_on(page: Page) -> None:
    """From the recovery codes to the page that was asked for."""
    page.click("a:has-text('I have kept them')")
