"""A call by Twilio or whoever speaks its wire format: speaks, and takes 4 (accept) or 6 (escalate)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from core.text import one_line
from notifications.kinds import CallbackNews, CallbackRequest, Field, Message, Provider, Sent, register_provider
from notifications.providers import twilio

ANSWER = {"4": "accept", "6": "escalate"}
NEWS = {
    "completed": "confirmed",
    "busy": "failed",
    "no-answer": "failed",
    "failed": "failed",
    "canceled": "failed",
}
LONGEST = 600  # characters of speech; the whole TwiML must stay under 4,000


class VoiceTwilio(Provider):
    """A telephone that rings."""

    id: ClassVar[str] = "voice_twilio"
    label: ClassVar[str] = "Telephone call"
    address_field: ClassVar[Field] = Field("address", "Telephone number", kind="tel", hint="With country code.")
    settings_fields: ClassVar[tuple[Field, ...]] = twilio.SETTINGS
    needs_set_up: ClassVar[bool] = True
    limits: ClassVar[tuple[tuple[int, int], ...]] = ((3, 900), (7, 3600), (15, 10800))
    via: ClassVar[str] = "keypad"

    def clean_address(self, value: str) -> str:
        """One number with country code; raises Invalid."""
        return twilio.clean_number(value)

    def clean_settings(self, values: Mapping[str, str]) -> dict[str, str]:
        """Account, token, number and address; raises Invalid."""
        return twilio.clean_settings(super().clean_settings(values))

    def send(
        self, message: Message, address: str, secrets: Mapping[str, str], settings: Mapping[str, str], key: str
    ) -> Sent:
        """One call; keys and outcome come to our call-back address, which carries the delivery and its code."""
        form = [
            ("To", address),
            ("From", settings["from_number"]),
            ("Twiml", script(message, settings["callback_url"])),
            ("StatusCallback", settings["callback_url"]),
        ]
        return twilio.post("Calls", form, settings, key)

    def parse_callback(self, request: CallbackRequest, settings: Mapping[str, str]) -> list[CallbackNews]:
        """A pressed key, bound to the delivery by its code (O30), or the call's outcome; raises BadCallback."""
        twilio.check(request, settings)
        sid, delivery = request.value("CallSid"), request.query.get("delivery", "")
        digit = request.value("Digits")[:1]
        if digit:
            code, answer = request.query.get("code", ""), ANSWER.get(digit, "")
            return [CallbackNews("answer", f"{sid}:{digit}", ref=sid, answer=answer, code=code, delivery=delivery)]
        status = request.value("CallStatus")
        if status not in NEWS or not sid:
            return []
        detail = f"the call ended: {status}"
        return [CallbackNews("state", f"{sid}:{status}", ref=sid, state=NEWS[status], detail=detail, delivery=delivery)]

    def callback_answer(self, sentence: str) -> tuple[str, str]:
        """What the person hears."""
        return "text/xml", twilio.twiml(f"<Say>{twilio.xml(sentence)}</Say>" if sentence else "")


def script(message: Message, callback_url: str) -> str:
    """What the call says, twice, and the keys that it takes."""
    spoken = message.speech or f"Watchbill. Priority {message.rank}. {message.heading}. {message.text}"
    say = f"<Say>{twilio.xml(one_line(spoken, LONGEST))}</Say>"
    if not message.code:
        return twilio.twiml(f"{say}<Pause/>{say}")
    ask = "<Say>Press 4 to accept. Press 6 to escalate.</Say>"
    action = twilio.xml(callback_url)
    return twilio.twiml(
        f'<Gather input="dtmf" numDigits="1" timeout="8" method="POST" action="{action}">'
        f"{say}{ask}<Pause/>{say}{ask}</Gather><Say>No key was pressed.</Say>"
    )


register_provider(VoiceTwilio())
