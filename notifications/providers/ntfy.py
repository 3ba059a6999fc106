"""Push by ntfy, one's own server or a public one: https://docs.ntfy.sh/publish/#publish-as-json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from core.errors import Invalid
from core.text import one_line
from notifications.kinds import Field, Message, Provider, Sent, register_provider
from notifications.providers.carrier import call, clean_url, document

TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
LONGEST = 3500  # bytes: ntfy turns more than 4,096 into a file


class Ntfy(Provider):
    """A topic of an ntfy server."""

    id: ClassVar[str] = "ntfy"
    label: ClassVar[str] = "ntfy push"
    address_field: ClassVar[Field] = Field(
        "address", "Topic address", kind="url", hint="Such as https://ntfy.example.org/my-secret-topic"
    )
    secret_fields: ClassVar[tuple[Field, ...]] = (
        Field("token", "Access token", secret=True, required=False, hint="Where the topic is protected."),
    )
    via: ClassVar[str] = "push"

    def clean_address(self, value: str) -> str:
        """The address of one topic; raises Invalid."""
        url = clean_url(value, field="address").rstrip("/")
        if not TOPIC.fullmatch(urlsplit(url).path.rpartition("/")[2]) or urlsplit(url).query:
            sentence = "This is not the address of a topic."
            raise Invalid(sentence, fields={"address": [sentence]})
        return url

    def send(
        self, message: Message, address: str, secrets: Mapping[str, str], settings: Mapping[str, str], key: str
    ) -> Sent:
        """One push; buttons only open pages, since a push that acts by itself would be a GET in disguise (S9)."""
        server, _, topic = address.rpartition("/")
        body: dict[str, Any] = {
            "topic": topic,
            "title": one_line(message.heading, 200),
            "message": _cut(message.text or message.heading),
            "priority": 5 if message.rank <= 2 else 4,
        }
        if message.best_link:
            body["click"] = message.best_link
        if message.answer_link:
            body["actions"] = [{"action": "view", "label": "Accept or decline", "url": message.answer_link}]
        headers = {"Authorization": f"Bearer {secrets['token']}"} if secrets.get("token") else {}
        answer = call(f"{server}/", personal=True, json=body, headers=headers)
        return Sent(ref=str(document(answer).get("id", ""))[:200])


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:LONGEST].decode("utf-8", "ignore")


register_provider(Ntfy())
