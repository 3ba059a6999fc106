"""SMS by Twilio or whoever speaks its wire format: two parts at most, replies with the message's own code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from notifications.kinds import CallbackNews, CallbackRequest, Field, Message, Provider, Sent, register_provider
from notifications.providers import short_text, twilio

REPLY = re.compile(r"\s*([46])\D{0,3}(\d{6})\s*", re.ASCII)
ANSWER = {"4": "accept", "6": "escalate"}
NEWS = {"delivered": "confirmed", "read": "confirmed", "undelivered": "failed", "failed": "failed"}


class SmsTwilio(Provider):
    """A telephone that reads text."""

    id: ClassVar[str] = "sms_twilio"
    label: ClassVar[str] = "SMS"
    address_field: ClassVar[Field] = Field("address", "Mobile number", kind="tel", hint="With country code.")
    settings_fields: ClassVar[tuple[Field, ...]] = twilio.SETTINGS
    needs_set_up: ClassVar[bool] = True
    limits: ClassVar[tuple[tuple[int, int], ...]] = ((1, 60), (5, 900), (11, 3600), (21, 10800))
    via: ClassVar[str] = "SMS"

    def clean_address(self, value: str) -> str:
        """One number with country code; raises Invalid."""
        return twilio.clean_number(value)

    def clean_settings(self, values: Mapping[str, str]) -> dict[str, str]:
        """Account, token, number and address; raises Invalid."""
        return twilio.clean_settings(super().clean_settings(values))

    def send(
        self, message: Message, address: str, secrets: Mapping[str, str], settings: Mapping[str, str], key: str
    ) -> Sent:
        """One message; the carrier reports its fate to our call-back address."""
        form = [
            ("To", address),
            ("From", settings["from_number"]),
            ("Body", short_text.compose(message)),
            ("StatusCallback", settings["callback_url"]),
        ]
        return twilio.post("Messages", form, settings, key)

    def parse_callback(self, request: CallbackRequest, settings: Mapping[str, str]) -> list[CallbackNews]:
        """A state of a message, or a reply such as “4 123456”; raises BadCallback."""
        twilio.check(request, settings)
        sid = request.value("MessageSid") or request.value("SmsSid")
        status = request.value("MessageStatus") or request.value("SmsStatus")
        if status == "received":
            match = REPLY.fullmatch(request.value("Body")[:160])
            answer, code = (ANSWER[match[1]], match[2]) if match else ("", "")
            return [CallbackNews("answer", f"{sid}:reply", answer=answer, code=code, sender=request.value("From"))]
        if status not in NEWS or not sid:
            return []
        error = request.value("ErrorCode")[:20]
        detail = f"the carrier reports {status}" + (f" ({error})" if error.isalnum() else "")
        delivery = request.query.get("delivery", "")
        return [CallbackNews("state", f"{sid}:{status}", ref=sid, state=NEWS[status], detail=detail, delivery=delivery)]

    def callback_answer(self, sentence: str) -> tuple[str, str]:
        """What the person reads back."""
        return "text/xml", twilio_message(sentence)


def twilio_message(sentence: str) -> str:
    """TwiML that sends a text back, or an empty answer."""
    return twilio.twiml(f"<Message>{twilio.xml(sentence)}</Message>" if sentence else "")


register_provider(SmsTwilio())
