"""Push to a browser: pywebpush encrypts, VAPID signs, `core.http` sends, since an endpoint is user input."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parseaddr
from typing import Any, ClassVar
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as portal

from core import clock, links
from core.errors import Invalid, PortalError
from core.text import one_line
from notifications.kinds import Field, Message, Permanent, Provider, Sent, register_provider
from notifications.messages import ANSWER
from notifications.providers.carrier import call, clean_url

LONGEST = 500  # characters, at most 2,000 bytes: push services take 4,096 after encryption, some less
LIFE = 6 * 3600  # seconds a push service keeps it for a browser that sleeps


class WebPush(Provider):
    """A browser that has subscribed; the subscription itself is the proof of possession."""

    id: ClassVar[str] = "webpush"
    label: ClassVar[str] = "Browser push"
    address_field: ClassVar[Field] = Field("address", "Push endpoint", kind="url")
    secret_fields: ClassVar[tuple[Field, ...]] = (
        Field("p256dh", "Browser's key", secret=True),
        Field("auth", "Browser's secret", secret=True),
    )
    proof: ClassVar[str] = "none"
    own_key: ClassVar[str] = "vapid"
    via: ClassVar[str] = "push"

    def clean_address(self, value: str) -> str:
        """The endpoint; raises Invalid where the guard refuses it."""
        return clean_url(value, field="address")

    def clean_secrets(self, values: Mapping[str, str]) -> dict[str, str]:
        """The browser's two keys; raises Invalid where they are no keys."""
        found = super().clean_secrets(values)
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpack(found["p256dh"]))
            fits = len(unpack(found["auth"])) == 16
        except ValueError:
            fits = False
        if not fits:
            raise Invalid("This is not a browser's subscription.", fields={"p256dh": ["Not a push key."]})
        return found

    def make_secret(self) -> str:
        """A new VAPID key pair as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def public_key(self, own_key: str) -> str:
        """The public key as base64url of the uncompressed point, as `pushManager.subscribe` wants it."""
        key = serialization.load_pem_private_key(own_key.encode(), password=None)
        raw = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def send(
        self, message: Message, address: str, secrets: Mapping[str, str], settings: Mapping[str, str], key: str
    ) -> Sent:
        """One encrypted push; a subscription that is gone (404, 410) breaks the address."""
        from pywebpush import WebPusher  # lazy: it loads two HTTP clients that only this line would need

        payload = json.dumps(said(message, key), ensure_ascii=False).encode()
        try:
            pusher = WebPusher({"endpoint": address, "keys": {k: secrets[k] for k in ("p256dh", "auth")}})
            body = pusher.encode(payload, "aes128gcm")["body"]
        except (KeyError, ValueError, TypeError) as error:
            raise Permanent("the browser's keys cannot be used") from error
        headers = vapid_headers(settings["own_key"], address)
        headers |= {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(LIFE),
            "Urgency": "high",
            "Topic": topic(key),
        }
        answer = call(address, personal=True, content=body, headers=headers)
        location = next((v for k, v in answer.headers.items() if k.lower() == "location"), "")
        return Sent(ref=location[:200])


def said(message: Message, key: str) -> dict[str, Any]:
    """What the browser's worker shows: the options of a notification, and where a tap leads.

    `tag` names the page, so that a repeat takes the place of what is shown. Where there is something to answer it
    stays until it is answered, with Accept and Decline: `nonce` is the one-time token that they post (S9).
    """
    found: dict[str, Any] = {
        "title": one_line(message.heading, 120),
        "body": one_line(message.text, LONGEST),
        "url": urlsplit(message.best_link).path or "/now/",  # of whichever name the browser knows the portal by
        "tag": topic(key),
        "icon": f"{portal.STATIC_URL}mark-192.png",
        "renotify": True,
    }
    try:
        asked = links.read(ANSWER, message.answer_link.rstrip("/").rpartition("/")[2], timedelta(minutes=10))
    except PortalError:
        return found
    return {
        **found,
        "tag": topic(f"{ANSWER}:{asked}"),
        "requireInteraction": True,
        "actions": [{"action": "accept", "title": "Accept"}, {"action": "decline", "title": "Decline"}],
        "nonce": links.nonce(ANSWER, asked),
    }


def topic(key: str) -> str:
    """A name per intent: a repeat replaces a message that still waits at the push service."""
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()[:24]).decode()


def vapid_headers(pem: str, endpoint: str) -> dict[str, str]:
    """The Authorization of RFC 8292 for this endpoint's host, good for 12 hours."""
    from py_vapid import Vapid02  # lazy: as above

    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((clock.now() + timedelta(hours=12)).timestamp()),
        "sub": portal.PORTAL_URL if portal.TLS else f"mailto:{parseaddr(portal.EMAIL_FROM)[1]}",
    }
    return dict(Vapid02.from_pem(pem.encode()).sign(claims))


def unpack(text: str) -> bytes:
    """Base64url without padding; raises ValueError."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


register_provider(WebPush())
