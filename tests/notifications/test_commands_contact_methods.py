"""Stories of addresses: added, proven by a code, tested, removed; nobody else's, never by a token (A43, A10)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from accounts.actors import person, system, token_holder
from accounts.commands import users
from accounts.models import User
from core import clock
from core.errors import Conflict, Forbidden, Invalid, Missing, TooMany
from core.models import AuditEntry
from notifications.commands import contact_methods
from notifications.models import ContactMethod, Delivery, Verification
from notifications.queries.log import method_seen_by
from tests.fakes import Carrier, Mailbox, Phones, drain, run_until
from tests.notifications.conftest import Desk, page
from tests.world import World, acts, method

pytestmark = pytest.mark.django_db
BO = "+4512345678"


def added(world: World, address: str = "bo.private@example.org", provider: str = "email") -> ContactMethod:
    return contact_methods.add(acts(world.bo), world.bo, provider=provider, address=address)


def code_in(text: str) -> str:
    found = re.search(r"\b(\d{6})\b", text)
    assert found
    return found[1]


def test_an_address_is_proven_by_the_code_that_it_got(world: World, mailbox: Mailbox, at: clock.FrozenClock) -> None:
    """A43: until then it gets nothing but the code, and the code stands hashed."""
    new = added(world)
    drain()
    [mail] = mailbox.to("bo.private@example.org")
    code = code_in(str(mail["Subject"]))
    assert code not in Verification.objects.get().digest
    assert page(new) is None
    proven = contact_methods.verify(acts(world.bo), new, code=f" {code[:3]} {code[3:]}")
    assert proven.verified_at == at.at
    assert Verification.objects.count() == 0
    with pytest.raises(Conflict):
        contact_methods.verify(acts(world.bo), proven, code=code)


def test_five_tries_then_even_the_right_code_is_refused(world: World, mailbox: Mailbox) -> None:
    """A43: each try counts although it is refused."""
    new = added(world)
    drain()
    code = code_in(str(mailbox.mails[0]["Subject"]))
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for left in range(4, -1, -1):
        with pytest.raises(Invalid) as refused:
            contact_methods.verify(acts(world.bo), new, code=wrong)
        assert (refused.value.code, str(left) in refused.value.hint or not left) == ("wrong_code", True)
    with pytest.raises(Invalid) as refused:
        contact_methods.verify(acts(world.bo), new, code=code)
    assert refused.value.code == "expired"


def test_a_code_is_good_for_15_minutes(world: World, mailbox: Mailbox, at: clock.FrozenClock) -> None:
    """A43."""
    new = added(world)
    drain()
    code = code_in(str(mailbox.mails[0]["Subject"]))
    at.move(minutes=15)
    with pytest.raises(Invalid):
        contact_methods.verify(acts(world.bo), new, code=code)
    assert ContactMethod.objects.get(pk=new.pk).verified_at is None


def test_a_new_code_ends_the_former(world: World, mailbox: Mailbox, at: clock.FrozenClock) -> None:
    new = added(world)
    drain()
    at.move(seconds=5)
    contact_methods.send_code(acts(world.bo), new)
    drain()
    old, latest = (code_in(str(mail["Subject"])) for mail in mailbox.mails)
    if old != latest:
        with pytest.raises(Invalid):
            contact_methods.verify(acts(world.bo), new, code=old)
    contact_methods.verify(acts(world.bo), new, code=latest)


def test_a_code_that_could_not_be_sent_in_time_is_not_sent_late(
    world: World, mailbox: Mailbox, at: clock.FrozenClock
) -> None:
    mailbox.always = "451"
    added(world)
    run_until(at, at.at + timedelta(minutes=16))
    mailbox.always = "ok"
    run_until(at, at.at + timedelta(minutes=10))
    assert mailbox.mails == []
    assert Delivery.objects.get().state == "withdrawn"


def test_three_more_codes_an_hour_for_one_number_whoever_asks(world: World, phones: Phones) -> None:
    """A43: a number cannot be flooded, not even by two people or by removing and adding it."""
    number = added(world, BO, "sms_twilio")
    for _ in range(2):
        contact_methods.send_code(acts(world.bo), number)
    contact_methods.remove(acts(world.bo), number)
    other = contact_methods.add(acts(world.cy), world.cy, provider="sms_twilio", address="+45 12 34 56 78")
    with pytest.raises(TooMany):
        contact_methods.send_code(acts(world.cy), other)
    drain()
    assert len(phones.texts(BO)) == 1  # only the latest code of a row that still stands


def test_other_peoples_rows_do_not_exist(world: World) -> None:
    """A43: 404, also for managers and administrators."""
    own = world.bo.contact_methods.get()
    for other in (world.cy, world.eve, world.ana, world.pat, world.ada, world.sam):
        with pytest.raises(Missing):
            method_seen_by(acts(other), own.pk)
        for verb in (contact_methods.send_test, contact_methods.send_code, contact_methods.remove):
            with pytest.raises(Forbidden):
                verb(acts(other), own)
        with pytest.raises(Forbidden):
            contact_methods.verify(acts(other), own, code="123456")
        with pytest.raises(Forbidden):
            contact_methods.add(acts(other), world.bo, provider="email", address="x@example.org")
        with pytest.raises(Forbidden):
            contact_methods.rename(acts(other), own, label="x")


def test_a_stakeholder_keeps_an_address(world: World, mailbox: Mailbox) -> None:
    assert contact_methods.add(acts(world.sam), world.sam, provider="email", address="sam2@example.org").pk


def test_tokens_change_no_address(world: World) -> None:
    """The matrix: tokens cannot change contact methods."""
    token = token_holder(world.bo, None)
    own = world.bo.contact_methods.get()
    with pytest.raises(Forbidden):
        contact_methods.add(token, world.bo, provider="email", address="x@example.org")
    for verb in (contact_methods.send_test, contact_methods.send_code, contact_methods.remove):
        with pytest.raises(Forbidden):
            verb(token, own)


@pytest.mark.parametrize("label", ["x\x00", "a\nb", "\ud800", "l" * 61])
def test_hostile_labels_are_refused(world: World, label: str) -> None:
    """A9, A21."""
    with pytest.raises(Invalid):
        contact_methods.add(acts(world.bo), world.bo, provider="email", address="x@example.org", label=label)


def test_the_same_address_twice_and_too_many(world: World, mailbox: Mailbox) -> None:
    added(world)
    with pytest.raises(Conflict):
        added(world, "BO.private@Example.org")
    for number in range(contact_methods.MOST):
        method(world.di, address=f"di{number}@example.org")
    with pytest.raises(Invalid):
        contact_methods.add(acts(world.di), world.di, provider="email", address="one.more@example.org")


def test_a_carrier_that_is_not_set_up_is_not_offered(world: World) -> None:
    for provider in ("sms_twilio", "voice_twilio", "console"):
        with pytest.raises(Invalid):
            contact_methods.add(acts(world.bo), world.bo, provider=provider, address=BO)
    with pytest.raises(Missing):
        contact_methods.add(acts(world.bo), world.bo, provider="pigeon", address="roof")


def test_a_call_speaks_the_code_digit_by_digit(world: World, phones: Phones) -> None:
    added(world, BO, "voice_twilio")
    drain()
    [call] = phones.calls(BO)
    assert re.search(r"\d \d \d \d \d \d", phones.speech(call))
    assert phones.action(call) == ""


def test_a_webhook_gets_a_secret_and_a_code(world: World, carrier: Carrier) -> None:
    new = added(world, f"{carrier.url}/hook", "webhook")
    assert len(new.secrets["secret"]) >= 32
    drain()
    contact_methods.verify(acts(world.bo), new, code=code_in(carrier.requests[0].json["title"]))


def test_a_test_message_ends_at_its_first_failure(world: World, mailbox: Mailbox, at: clock.FrozenClock) -> None:
    mailbox.fail("451")
    sent = contact_methods.send_test(acts(world.bo), world.bo.contact_methods.get())
    drain()
    sent.refresh_from_db()
    assert sent.state == "failed"
    with pytest.raises(Conflict):
        contact_methods.send_test(acts(world.bo), added(world))


def test_a_removed_address_leaves_no_page_behind(world: World, mailbox: Mailbox, desk: Desk) -> None:
    """O29: what waits for it fails, so that the next method is used."""
    own = world.bo.contact_methods.get()
    page(own)
    contact_methods.remove(acts(world.bo), own)
    drain()
    assert desk.failed == [("42", True)]


def test_every_change_is_audited_without_the_whole_address(world: World, mailbox: Mailbox) -> None:
    """A95."""
    new = added(world)
    thing = f"contact_method:{new.pk}"
    contact_methods.remove(acts(world.bo), new)
    entries = list(AuditEntry.objects.filter(thing=thing).order_by("pk"))
    assert [entry.verb for entry in entries] == ["contact_method.add", "contact_method.remove"]
    assert "bo.private" not in str([entry.after for entry in entries] + [entry.before for entry in entries])


def test_a_new_person_can_be_reached_by_the_sign_in_address(world: World, mailbox: Mailbox) -> None:
    made = users.create(person(world.ada), email="new@example.org", name="Nina New")
    drain()
    reached = made.contact_methods.get()
    assert (reached.provider, reached.address) == ("email", "new@example.org")
    assert reached.verified_at is not None
    contact_methods.ensure_email(User.objects.get(pk=made.pk))
    assert made.contact_methods.count() == 1


def test_the_portal_itself_may(world: World, settings: Any) -> None:
    own = world.bo.contact_methods.get()
    assert method_seen_by(system(), own.pk) == own
