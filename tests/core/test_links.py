"""Signed links and one-time nonces (A27, A33, A46, A47)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from core import links
from core.clock import FrozenClock
from core.errors import Conflict, Missing

TWO_DAYS = timedelta(hours=48)


def test_a_link_gives_its_value_back(at: FrozenClock) -> None:
    token = links.sign("answer", "page:77")
    assert links.read("answer", token, TWO_DAYS) == "page:77"
    assert token.isascii()
    assert all(letter.isalnum() or letter in "-_." for letter in token)


def test_every_changed_bit_is_seen(at: FrozenClock) -> None:
    """A47: bit flips are unknown links."""
    token = links.sign("answer", "77")
    for number, letter in enumerate(token):
        for bit in range(7):
            changed = token[:number] + chr(ord(letter) ^ 1 << bit) + token[number + 1 :]
            with pytest.raises(Missing):
                links.read("answer", changed, TWO_DAYS)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b.c", "Nzc", "é.1.x", "\0", "\ud83d", "x" * 5000, "Nzc.zz." + "A" * 32]
)
def test_rubbish_is_an_unknown_link(token: str) -> None:
    """A47: brute force and rubbish get 404."""
    with pytest.raises(Missing):
        links.read("answer", token, TWO_DAYS)


def test_cut_and_lengthened_links_are_unknown(at: FrozenClock) -> None:
    token = links.sign("answer", "77")
    for wrong in (token[:-1], token + "A", token + "=", token[1:], token + "."):
        with pytest.raises(Missing):
            links.read("answer", wrong, TWO_DAYS)


def test_a_link_serves_one_purpose(at: FrozenClock) -> None:
    """A47: the link of a page opens no subscription."""
    with pytest.raises(Missing):
        links.read("unsubscribe", links.sign("answer", "77"), TWO_DAYS)


def test_another_secret_key_opens_nothing(at: FrozenClock, settings: Settings) -> None:
    token = links.sign("answer", "77")
    settings.SECRET_KEY = "another " * 10
    with pytest.raises(Missing):
        links.read("answer", token, TWO_DAYS)


def test_an_old_link_is_expired_not_unknown(at: FrozenClock) -> None:
    """A47: 410 after 48 hours, so that the page can show how to sign in."""
    token = links.sign("answer", "77")
    at.move(hours=48)
    assert links.read("answer", token, TWO_DAYS) == "77"
    at.move(seconds=1)
    with pytest.raises(links.Expired) as refusal:
        links.read("answer", token, TWO_DAYS)
    assert refusal.value.status == 410


@pytest.mark.django_db
def test_a_nonce_works_once(at: FrozenClock) -> None:
    """A46: a replayed POST changes nothing."""
    nonce = links.nonce("answer", "77")
    links.spend("answer", "77", nonce)
    with pytest.raises(Conflict) as refusal:
        links.spend("answer", "77", nonce)
    assert refusal.value.code == "spent"
    links.spend("answer", "77", links.nonce("answer", "77"))


@pytest.mark.django_db
def test_a_nonce_belongs_to_one_thing(at: FrozenClock) -> None:
    """A46, A47: not to another page, not to another purpose; a link is no nonce."""
    nonce = links.nonce("answer", "77")
    for purpose, value, token in (
        *(("answer", "78", nonce), ("play", "77", nonce)),
        *(("answer", "77", links.sign("answer", "77")), ("answer", "77", "")),
    ):
        with pytest.raises(Missing):
            links.spend(purpose, value, token)
    links.spend("answer", "77", nonce)


@pytest.mark.django_db
def test_a_nonce_grows_old(at: FrozenClock) -> None:
    nonce = links.nonce("answer", "77")
    at.move(hours=25)
    with pytest.raises(links.Expired):
        links.spend("answer", "77", nonce)


@pytest.mark.django_db
def test_a_nonce_is_free_again_when_the_step_failed(at: FrozenClock) -> None:
    """The nonce is spent in the caller's transaction: what was rolled back was not done."""
    nonce = links.nonce("answer", "77")
    with transaction.atomic():
        links.spend("answer", "77", nonce)
        transaction.set_rollback(True)
    links.spend("answer", "77", nonce)


def test_an_address_that_was_kept_is_signed_anew(at: FrozenClock, settings: Settings) -> None:
    """F53: with the key and the time of now, for the same value and the same purpose."""
    kept = f"https://watchbill.example/answer/{links.sign('answer', 'page:77')}/"
    settings.SECRET_KEY = "another " * 10
    at.move(hours=47)
    made = links.renewed("answer", kept)
    assert made.startswith("https://watchbill.example/answer/")
    token = made.split("/")[-2]
    at.move(hours=47)
    assert links.read("answer", token, TWO_DAYS) == "page:77"
    with pytest.raises(Missing):
        links.read("unsubscribe", token, TWO_DAYS)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://watchbill.example/now/",
        "/answer/token-of-42/",
        "/a/x.1." + "A" * 32 + "/",
        "/a/_w.1." + "A" * 32 + "/",
    ],
)
def test_an_address_without_a_token_stays_as_it_is(address: str) -> None:
    assert links.renewed("answer", address) == address


def test_public_addresses_come_from_the_settings(settings: Settings) -> None:
    """A33: never from a Host header."""
    settings.PORTAL_URL = "https://watchbill.example"
    assert links.absolute("/incidents/7/?a=b") == "https://watchbill.example/incidents/7/?a=b"
    for wrong in ("//evil.example/", "https://evil.example/", "incidents/7/", "", "/a b"):
        with pytest.raises(ValueError):
            links.absolute(wrong)


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.example", "///evil.example", "https:evil.example", "https://evil.example/", "/\\evil.example"),
        *("\\\\evil.example", "javascript:alert(1)", "/\t/evil.example", "\t//evil.example", " //evil.example"),
        *("/%09//evil.example", "/%2509//evil.example", "/%25252509//evil.example", "/%0a/evil.example"),
        *("/%00/evil.example", "/%5cevil.example", "/now/%255C%255Cevil.example", "/%2f/evil.example", "/now//evil"),
        *("/%2e%2e//evil.example", "/%20/evil.example", "/%ff//evil.example", "/%3f%09//evil.example"),
        *("/\n/evil.example", "\x01https://evil.example", "evil.example", "", "data:text/html,x", "/" + "a" * 3000),
    ],
)
def test_a_foreign_target_falls_back(target: str) -> None:
    """A27: no open redirect."""
    assert links.inward(target) == "/"


@pytest.mark.parametrize(
    "target", ["/", "/now/", "/incidents/7/?tab=timeline#e3", "/teams/b%C3%A9ta/", "/incidents/?text=//a%09b%ff"]
)
def test_a_target_of_ours_is_kept(target: str) -> None:
    assert links.inward(target) == target
