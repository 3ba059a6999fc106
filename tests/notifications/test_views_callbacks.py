"""What carriers tell us: signed, once, only forward, bound to its own message (A48-A50, F34, F35, O30)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock, retention
from core.models import IdempotencyKey
from notifications.kinds import BadCallback, CallbackRequest, Sent, provider_of
from notifications.models import Delivery, ProviderConfig
from notifications.providers import twilio
from notifications.providers.sms_twilio import SmsTwilio
from tests.fakes import Phones, drain, run_until
from tests.notifications.conftest import Desk, page
from tests.world import World, method

pytestmark = pytest.mark.django_db
BO, CY = "+4512345678", "+4587654321"
SMS = "http://localhost:8000/callbacks/sms_twilio/token-sms_twilio/"


def rung(world: World, phones: Phones, number: int = 42) -> dict[str, str]:
    page(method(world.bo, "voice_twilio", BO), number)
    drain()
    return phones.calls(BO)[-1]


def texted(world: World, phones: Phones, number: int = 42) -> dict[str, str]:
    page(method(world.bo, "sms_twilio", BO), number)
    drain()
    return phones.texts(BO)[-1]


def state() -> str:
    return Delivery.objects.get().state


def test_key_4_accepts(world: World, phones: Phones, desk: Desk) -> None:
    """O30."""
    answer = phones.press(rung(world, phones), "4")
    assert answer.status_code == 200
    assert desk.answers == [("42", "accept", "keypad")]
    assert b"<Say>You gave accept for 42.</Say>" in answer.content
    assert answer["Content-Type"].startswith("text/xml")
    assert state() == "confirmed"


def test_key_6_escalates_and_other_keys_do_nothing(world: World, phones: Phones, desk: Desk) -> None:
    call = rung(world, phones)
    assert phones.press(call, "5").status_code == 200
    assert desk.answers == []
    phones.press(call, "6")
    assert desk.answers == [("42", "escalate", "keypad")]


def test_a_key_pressed_twice_counts_once(world: World, phones: Phones, desk: Desk) -> None:
    """A50: the same body again, at once and after ten minutes."""
    call = rung(world, phones)
    phones.press(call, "4")
    phones.press(call, "4")
    assert desk.answers == [("42", "accept", "keypad")]


def test_a_key_that_was_forgotten_answers_nothing_more(
    world: World, phones: Phones, desk: Desk, at: clock.FrozenClock
) -> None:
    """A50: what was taken is remembered for a week; by then the call itself is too old to be answered."""
    call = rung(world, phones)
    phones.press(call, "4")
    at.move(days=8)
    retention.prune("")
    assert not IdempotencyKey.objects.exists()
    phones.press(call, "4")
    assert desk.answers == [("42", "accept", "keypad")]


def test_a_key_answers_its_own_call_only(world: World, phones: Phones, desk: Desk, at: clock.FrozenClock) -> None:
    """O30, A48: an old call's code does not answer a new incident."""
    first = rung(world, phones)
    at.move(minutes=10)
    page(world.bo.contact_methods.get(provider="voice_twilio"), 43)
    drain()
    second = phones.calls(BO)[-1]
    codes = list(Delivery.objects.order_by("pk").values_list("code", flat=True))
    stolen = phones.action(second).replace(f"code={codes[1]}", f"code={codes[0]}")
    phones.post(stolen, {"CallSid": second["Sid"], "Digits": "4"})
    assert desk.answers == []
    phones.press(first, "4")
    assert desk.answers == [("42", "accept", "keypad")]


def test_a_digest_is_answered_as_a_whole(world: World, phones: Phones, desk: Desk, at: clock.FrozenClock) -> None:
    call = method(world.bo, "voice_twilio", BO)
    for number in (1, 2, 3):
        page(call, number)
        drain()
    at.move(seconds=61)
    drain()
    last = phones.calls(BO)[-1]
    assert "2 pages wait for you" in phones.speech(last)
    phones.press(last, "4")
    assert [key for key, _, _ in desk.answers] == ["2", "3"]


def test_a_reply_with_the_messages_code_accepts(world: World, phones: Phones, desk: Desk) -> None:
    """O30."""
    texted(world, phones)
    code = Delivery.objects.get().code
    answer = phones.reply(BO, f" 4 {code}\n")
    assert desk.answers == [("42", "accept", "SMS")]
    assert b"<Message>You gave accept for 42.</Message>" in answer.content


@pytest.mark.parametrize("text", ["4", "yes", "4 000000", "", "4 " + "9" * 500, "4 ٤٢", "stop"])
def test_a_reply_without_the_code_is_ignored(world: World, phones: Phones, desk: Desk, text: str) -> None:
    """A48."""
    texted(world, phones)
    Delivery.objects.update(code="123456")
    assert phones.reply(BO, text).status_code == 200
    assert desk.answers == []


def test_a_reply_from_another_number_is_ignored(world: World, phones: Phones, desk: Desk) -> None:
    """A48: the code and the number belong together."""
    texted(world, phones)
    phones.reply(CY, f"4 {Delivery.objects.get().code}")
    assert desk.answers == []


def test_codes_cannot_be_guessed(world: World, phones: Phones, desk: Desk) -> None:
    """A48: ten tries an hour from one number, then even the right one is ignored."""
    texted(world, phones)
    Delivery.objects.update(code="123456")
    for guess in range(11):
        phones.reply(BO, f"4 {guess:06d}", sid=f"SMguess{guess}")
    phones.reply(BO, "4 123456", sid="SMlast")
    assert desk.answers == []


def test_delivered_confirms_and_nothing_goes_back(world: World, phones: Phones, desk: Desk) -> None:
    """F35, A50: doubled, late and out of order."""
    sms = texted(world, phones)
    assert state() == "sent"  # F34: sent, not confirmed, until the carrier says so
    for status in ("queued", "sent", "delivered", "delivered", "sent", "undelivered", "failed"):
        assert phones.report(sms, status).status_code == 200
        assert state() in {"sent", "confirmed"}
    assert state() == "confirmed"
    assert desk.failed == []


def test_undelivered_tries_the_next_method_at_once(world: World, phones: Phones, desk: Desk) -> None:
    """O29: a failed provider answer triggers the next rule at once."""
    sms = texted(world, phones)
    phones.report(sms, "undelivered", ErrorCode="30003")
    phones.report(sms, "delivered")
    assert (state(), desk.failed) == ("failed", [("42", True)])
    assert "30003" in Delivery.objects.get().error


def test_nobody_picked_up(world: World, phones: Phones, desk: Desk) -> None:
    phones.report(rung(world, phones), "no-answer")
    assert (state(), desk.failed) == ("failed", [("42", True)])


@pytest.mark.parametrize(("status", "ends"), [("delivered", "confirmed"), ("failed", "failed")])
def test_a_callback_that_overtakes_our_mark(
    world: World, phones: Phones, desk: Desk, monkeypatch: pytest.MonkeyPatch, status: str, ends: str
) -> None:
    """F35: the carrier reports before we have written down that it took the message."""
    send = SmsTwilio.send

    def fast(*args: Any) -> Sent:
        sent = send(*args)
        phones.report(phones.texts(BO)[-1], status)
        return sent

    monkeypatch.setattr(SmsTwilio, "send", fast)
    texted(world, phones)
    delivery = Delivery.objects.get()
    assert delivery.state == ends
    assert delivery.provider_ref.startswith("SM")
    assert delivery.handed_at is not None
    assert desk.handed == (["42"] if ends == "confirmed" else [])
    assert desk.failed == ([] if ends == "confirmed" else [("42", True)])
    assert len(phones.texts()) == 1


def test_a_failure_that_overtakes_our_mark_takes_no_other_page_along(
    world: World, phones: Phones, desk: Desk, at: clock.FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F35: nobody got that digest, so each page in it is still to be brought."""
    call = method(world.bo, "sms_twilio", BO)
    for number in (1, 2, 3):
        page(call, number)
        drain()
    send, sent_so_far = SmsTwilio.send, len(phones.texts(BO))

    def fast(*args: Any) -> Sent:
        sent = send(*args)
        if len(phones.texts(BO)) == sent_so_far + 1:
            phones.report(phones.texts(BO)[-1], "failed")
        return sent

    monkeypatch.setattr(SmsTwilio, "send", fast)
    run_until(at, at.at + timedelta(minutes=5))
    states = dict(Delivery.objects.values_list("purpose_key", "state"))
    assert states == {"1": "sent", "2": "failed", "3": "sent"}
    assert desk.failed == [("2", True)]
    assert "page-3" in phones.texts(BO)[-1]["Body"] or "INC-3" in phones.texts(BO)[-1]["Body"]


def test_the_signature_is_over_the_public_address(world: World, phones: Phones, desk: Desk) -> None:
    """A33: a Host header moves nothing; the address is the configured one."""
    sms = texted(world, phones)
    form = {"MessageSid": sms["Sid"], "MessageStatus": "delivered"}
    sealed = twilio.signature(phones.secret, SMS, list(form.items()))
    answer = phones.post(SMS, form, HTTP_HOST="127.0.0.1", HTTP_X_TWILIO_SIGNATURE=sealed)
    assert answer.status_code == 200
    wrong = twilio.signature(phones.secret, SMS.replace("localhost", "127.0.0.1"), list(form.items()))
    answer = phones.post(SMS, form, HTTP_HOST="127.0.0.1", HTTP_X_TWILIO_SIGNATURE=wrong)
    assert answer.status_code == 403


def signatures(form: dict[str, str]) -> dict[str, str | None]:
    good = twilio.signature("twilio-secret-of-the-test", SMS, list(form.items()))
    hexed = __import__("base64").b64decode(good).hex()
    return {
        "none": None,
        "empty": "",
        "wrong": "A" * len(good),
        "truncated": good[:-4],
        "twice": f"{good},{good}",
        "hex": hexed.upper(),
        "lower": good.lower() if good != good.lower() else good.upper(),
        "other secret": twilio.signature("another", SMS, list(form.items())),
        "unicode secret": twilio.signature("pässwörd", SMS, list(form.items())),
        "other body": twilio.signature("twilio-secret-of-the-test", SMS, [("MessageSid", "x")]),
        "other url": twilio.signature("twilio-secret-of-the-test", SMS + "?x=1", list(form.items())),
        "prefixed": f"v1={good}",
        "not ascii": good + "é",
    }


@pytest.mark.parametrize("name", list(signatures({"a": "b"})))
def test_forged_callbacks_are_refused(world: World, phones: Phones, desk: Desk, name: str) -> None:
    """A49, F35."""
    sms = texted(world, phones)
    form = {"MessageSid": sms["Sid"], "MessageStatus": "delivered"}
    header = signatures(form)[name]
    headers = {} if header is None else {"HTTP_X_TWILIO_SIGNATURE": header}
    if header is None:
        answer = Client().post(
            SMS.removeprefix("http://localhost:8000"),
            "MessageSid=x",
            content_type="application/x-www-form-urlencoded",
        )
    else:
        answer = phones.post(SMS, form, **headers)
    assert answer.status_code == 403
    assert state() == "sent"


def test_an_empty_secret_refuses_even_its_own_signature(world: World, phones: Phones, desk: Desk) -> None:
    """A49: `hmac("")` is no signature."""
    config = ProviderConfig.objects.get(provider="sms_twilio")
    request = CallbackRequest(SMS, {"x-twilio-signature": "anything"}, {}, [], b"")
    for secret in ("", None):
        with pytest.raises(BadCallback):
            provider_of("sms_twilio").parse_callback(request, {**config.settings, "auth_token": secret or ""})
    with pytest.raises(ValueError, match="empty secret"):
        twilio.signature("", SMS, [])


@pytest.mark.parametrize(
    "path",
    [
        "/callbacks/sms_twilio/wrong-token/",
        "/callbacks/nobody/token-sms_twilio/",
        "/callbacks/email/token-sms_twilio/",
        "/callbacks/voice_twilio/token-sms_twilio/",
    ],
)
def test_unknown_addresses_look_alike(world: World, phones: Phones, path: str) -> None:
    assert Client().post(path, "", content_type="application/x-www-form-urlencoded").status_code == 404


def test_a_callback_is_a_post(world: World, phones: Phones) -> None:
    """S9: nothing moves by GET."""
    assert Client().get(SMS.removeprefix("http://localhost:8000")).status_code == 405


MANY = "&".join(f"a{number}=1" for number in range(500))


@pytest.mark.parametrize("body", ["a=%00", "a=%ff", "é=1", MANY, "a=" + "x" * 70_000])
def test_hostile_bodies_are_refused(world: World, phones: Phones, body: str) -> None:
    """A21, A79."""
    answer = Client().post(
        SMS.removeprefix("http://localhost:8000"), body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code in {400, 403}
