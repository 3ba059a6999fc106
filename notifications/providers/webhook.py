"""A signed POST to a person's own program; the time is inside the signed string, so a replay shows."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets as randomness
from collections.abc import Mapping
from typing import ClassVar

from core import clock
from notifications.kinds import Field, Message, Provider, Sent, register_provider
from notifications.providers.carrier import call, clean_url


class Webhook(Provider):
    """A program behind an address; it proves us by an HMAC-SHA256 over id, time and raw body."""

    id: ClassVar[str] = "webhook"
    label: ClassVar[str] = "Webhook"
    address_field: ClassVar[Field] = Field("address", "Address", kind="url")
    secret_fields: ClassVar[tuple[Field, ...]] = (
        Field("secret", "Signing secret", secret=True, required=False, hint="Made for you when left empty."),
    )
    via: ClassVar[str] = "webhook"

    def clean_address(self, value: str) -> str:
        """An http(s) address that the guard allows; raises Invalid."""
        return clean_url(value, field="address")

    def clean_secrets(self, values: Mapping[str, str]) -> dict[str, str]:
        """The signing secret, made where none is given: there is no unsigned webhook (A49)."""
        found = super().clean_secrets(values)
        return {"secret": found["secret"] or randomness.token_urlsafe(32)}

    def send(
        self, message: Message, address: str, secrets: Mapping[str, str], settings: Mapping[str, str], key: str
    ) -> Sent:
        """One POST; any 2xx is an acceptance, the body of the answer is not looked at."""
        body = json.dumps(
            {
                "id": key,
                "incident": message.incident,
                "title": message.title,
                "text": message.text,
                "priority": message.rank,
                "link": message.link,
                "answer_link": message.answer_link,
            },
            ensure_ascii=True,
        ).encode()
        stamp = str(int(clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Watchbill-Id": key,
            "Watchbill-Timestamp": stamp,
            "Watchbill-Signature": signature(secrets["secret"], key, stamp, body),
        }
        call(address, personal=True, content=body, headers=headers)
        return Sent(confirmed=True)


def signature(secret: str, key: str, stamp: str, body: bytes) -> str:
    """`v1=` and the hex HMAC-SHA256 of `id.timestamp.body`; raises ValueError for an empty secret (A49)."""
    if not secret:
        raise ValueError("an empty secret signs nothing")
    signed = f"{key}.{stamp}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


register_provider(Webhook())
