"""The second factor: half a sign-in opens nothing, codes are good once, guesses are refused and told (A42)."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from functools import partial
from html import unescape
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from accounts.access import socket_actor
from accounts.commands import factors, users
from accounts.jobs import send_security_mail, tell_of_guessing
from accounts.models import User
from accounts.views import second_step
from core import clock, throttle
from core.clock import FrozenClock
from core.errors import Invalid, TooMany
from core.models import AuditEntry, BulkJob
from tests.passkeys import SoftKey
from tests.world import PASSWORD, World, acts, enter, person
from tools.enrolment import code_of

LOGIN, STEP, PASSKEY = "/accounts/login/", "/accounts/second-step/", "/accounts/passkey/"
SECURITY = "/profile/security/"
WRONG = {"password": "wrong horse battery"}
THOUSAND = partial(pytest.param, marks=pytest.mark.long, id="thousand")  # `make test` goes a little over the limit
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
Browser = Callable[..., Client]


def now() -> float:
    return clock.now().timestamp()


def with_app(user: User, at: FrozenClock) -> list[str]:
    """Give the person an app, three steps ago; the recovery codes."""
    codes = factors.add_app(acts(user), user, secret=SECRET, code=code_of(SECRET, now()))
    at.move(seconds=90)
    return codes


def half(user: User, following: str = "") -> Client:
    """A browser between the password and the code."""
    client = Client()
    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD, "next": following})
    assert (answer.status_code, answer["Location"]) == (302, STEP)
    return client


def is_in(client: Client) -> bool:
    return client.get("/now/").status_code == 200


def scope_of(client: Client) -> dict[str, Any]:
    return {"type": "websocket", "headers": [(b"cookie", f"watchbill={client.cookies['watchbill'].value}".encode())]}


def test_after_the_password_comes_the_code(world: World, at: FrozenClock) -> None:
    """And then the page that was asked for, in a session with a new key (A28)."""
    with_app(world.bo, at)
    client = half(world.bo, "/incidents/42/")
    before = client.cookies["watchbill"].value
    assert "Type the code that your app shows now" in client.get(STEP).content.decode()
    answer = client.post(STEP, {"code": code_of(SECRET, now())})
    assert (answer.status_code, answer["Location"]) == (302, "/incidents/42/")
    assert client.cookies["watchbill"].value != before
    assert is_in(client)


@pytest.mark.parametrize(
    "path",
    ["/now/", "/incidents/", "/profile/security/", "/profile/security/app/", "/profile/tokens/", "/admin/", "/find/"],
)
def test_half_a_sign_in_opens_no_page(world: World, at: FrozenClock, path: str) -> None:
    """A42: by a direct address one is sent back to sign in, and the administrator too."""
    for user in (world.bo, world.ada):
        with_app(user, at)
        answer = half(user).get(path, follow=True)
        assert answer.redirect_chain[-1][0] == STEP


def test_half_a_sign_in_opens_neither_api_nor_socket(world: World, at: FrozenClock) -> None:
    """A42."""
    with_app(world.bo, at)
    client = half(world.bo)
    assert client.get("/api/v1/me/").status_code == 401
    assert client.post("/api/v1/me/password/", {}).status_code in {401, 403}
    assert socket_actor(scope_of(client)) is None


def test_a_code_is_good_once_and_one_step_early_or_late(world: World, at: FrozenClock) -> None:
    """A42: the code of before and the next one are taken; none twice, nor an older one after a newer."""
    with_app(world.bo, at)
    early, late = code_of(SECRET, now() - 30), code_of(SECRET, now() + 30)
    for code in (code_of(SECRET, now() - 60), code_of(SECRET, now() + 60), "000000", "", "x" * 40, "１２３４５６"):
        with pytest.raises(Invalid):
            factors.spend_code(world.bo, code)
        throttle.forget("second-factor", str(world.bo.pk))
    factors.spend_code(world.bo, early)
    factors.spend_code(world.bo, f" {late[:3]} {late[3:]} ")
    for code in (early, late, code_of(SECRET, now())):
        with pytest.raises(Invalid):
            factors.spend_code(world.bo, code)


def test_the_page_says_beside_the_field_what_is_wrong(world: World, at: FrozenClock) -> None:
    with_app(world.bo, at)
    answer = half(world.bo).post(STEP, {"code": "123 456"})
    assert answer.status_code == 400
    assert "This code is wrong, or has been used." in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()


def test_a_recovery_code_works_once(world: World, at: FrozenClock) -> None:
    """A42; ten of them, and new ones end the former."""
    codes = with_app(world.bo, at)
    assert len(set(codes)) == 10
    client = half(world.bo)
    assert client.post(STEP, {"code": f"{codes[3][:4]} {codes[3][4:]}"}).status_code == 302
    assert is_in(client)
    assert half(world.bo).post(STEP, {"code": codes[3]}).status_code == 400
    fresh = factors.make_recovery_codes(acts(world.bo), world.bo)
    assert half(world.bo).post(STEP, {"code": codes[4]}).status_code == 400
    assert half(world.bo).post(STEP, {"code": fresh[4]}).status_code == 302


def test_seeds_are_sealed(world: World, at: FrozenClock) -> None:
    """A98: a dump of the tables holds neither the seed of the app nor a recovery code, in the session neither."""
    codes = with_app(world.bo, at)
    rows = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in rows
    assert not [code for code in codes if code in rows]
    client = enter(Client(), world.cy)
    shown = re.search(r'id="key">([A-Z2-7 ]+)<', client.get(f"{SECURITY}app/").content.decode())
    assert shown
    assert shown[1].replace(" ", "") not in json.dumps(dict(client.session.items()))


def test_the_sixth_code_is_too_many_and_the_owner_is_told(world: World, at: FrozenClock, mailoutbox: Any) -> None:
    """A42: five in a quarter of an hour over all browsers; then 429, one entry, one mail; his links go on working."""
    with_app(world.bo, at)
    for _ in range(5):
        assert half(world.bo).post(STEP, {"code": "000000"}).status_code == 400
    for _ in range(3):
        refused = half(world.bo).post(STEP, {"code": code_of(SECRET, now())})
        assert refused.status_code == 429
        assert 0 < int(refused["Retry-After"]) <= 900
    assert AuditEntry.objects.filter(verb="second_factor.throttled", thing=f"user:{world.bo.pk}").count() == 1
    jobs = BulkJob.objects.filter(name="accounts.security_mail", ref__startswith="codes_guessed")
    send_security_mail(jobs.get().ref)
    assert [mail.to for mail in mailoutbox] == [[world.bo.email]]
    assert "five wrong codes" in mailoutbox[0].body
    at.move(minutes=15, seconds=1)
    assert half(world.bo).post(STEP, {"code": code_of(SECRET, now())}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_thousand_codes_from_many_threads_are_five() -> None:
    """A42, issue 4: whatever the number of connections, five are looked at; one entry, one mail."""
    bo = person("Bo Chen")
    factors.add_app(acts(bo), bo, secret=SECRET, code=code_of(SECRET, now()))
    found: list[str] = []

    def guess() -> None:
        for number in range(125):
            try:
                factors.spend_code(bo, f"9{number:05d}")
            except Invalid:
                found.append("looked at")
            except TooMany:
                found.append("refused")
        connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert (found.count("looked at"), len(found)) == (5, 1000)
    assert AuditEntry.objects.filter(verb="second_factor.throttled").count() == 1
    assert BulkJob.objects.filter(ref__startswith="codes_guessed").count() == 1


@pytest.mark.parametrize("tries", [40, THOUSAND(500)])
def test_a_thousand_passwords_are_ten(world: World, at: FrozenClock, mailoutbox: Any, tries: int) -> None:
    """A37, A38: 429 with Retry-After, one entry of the audit, one mail to Bo; a stranger's name answers the same."""
    for email, person_id, entries in ((world.bo.email, world.bo.pk, 1), ("nobody@example.org", "", 0)):
        before = BulkJob.objects.count(), AuditEntry.objects.count()
        codes = [Client().post(LOGIN, {"login": email, "password": "x"}).status_code for _ in range(tries)]
        assert codes == [200] * 10 + [429] * (tries - 10)
        assert (BulkJob.objects.count() - before[0], AuditEntry.objects.count() - before[1]) == (1, entries)
        send_security_mail(f"password_guessed:{person_id}")
    assert [mail.to for mail in mailoutbox] == [[world.bo.email]]
    assert AuditEntry.objects.filter(verb="sign_in.throttled", thing=f"user:{world.bo.pk}").count() == 1


@pytest.mark.parametrize("names", [120, THOUSAND(1000)])
def test_a_thousand_names_are_a_hundred(world: World, at: FrozenClock, mailoutbox: Any, names: int) -> None:
    """A37: one address that tries many people is refused after a hundred, and the administrators are told once."""
    codes = [Client().post(LOGIN, {"login": f"p{n}@example.org", "password": "x"}).status_code for n in range(names)]
    assert codes == [200] * 100 + [429] * (names - 100)
    alarms = BulkJob.objects.filter(name="accounts.guessing_alarm")
    assert [job.ref for job in alarms] == ["sign_in.throttled_address:127.0.0.1"]
    for _ in range(2):
        tell_of_guessing(alarms.get().ref)
    assert [mail.to for mail in mailoutbox] == [[world.ada.email]]


def test_made_up_names_fill_neither_the_audit_nor_the_lanes(world: World, at: FrozenClock) -> None:
    """A37: twenty names, eleven tries each: the address is refused after a hundred, which is one entry of the audit."""
    before = AuditEntry.objects.count()
    for number in range(20):
        for _ in range(11):
            Client().post(LOGIN, {"login": f"p{number}@example.org", "password": "x"})
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))[before:] == [
        "sign_in.throttled_address"
    ]
    assert BulkJob.objects.filter(name="accounts.security_mail").count() <= 10


def test_a_household_of_ipv6_is_one_address(world: World, at: FrozenClock, api: Callable[..., APIClient]) -> None:
    """A37: whoever has a /64 does not begin anew with each of its addresses; the audit names the very one."""
    codes = [
        Client(REMOTE_ADDR=f"2001:db8::{number:x}").post(LOGIN, {"login": f"p{number}@example.org"} | WRONG).status_code
        for number in range(1, 103)
    ]
    assert codes == [200] * 100 + [429] * 2
    assert AuditEntry.objects.get(verb="sign_in.throttled_address").address == "2001:db8::65"
    assert Client(REMOTE_ADDR="2001:db8:0:1::1").post(LOGIN, {"login": "p@example.org"} | WRONG).status_code == 200
    client, doors = api(), ["/api/v1/me/"] * 31
    tried = [
        client.get(door, REMOTE_ADDR=f"2001:db8::{number:x}", HTTP_AUTHORIZATION="Bearer wb_x").status_code
        for number, door in enumerate(doors, 1)
    ]
    assert tried == [401] * 30 + [429]


def test_a_new_password_ends_the_half_sign_in(world: World, at: FrozenClock) -> None:
    """A28: what was begun with the former password leads nowhere; nor does the one of a person shut out."""
    with_app(world.bo, at)
    begun, again = half(world.bo), half(world.bo)
    users.set_password(acts(world.bo), world.bo, password="a quiet harbour at dawn")
    answer = begun.post(STEP, {"code": code_of(SECRET, now())})
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)
    assert not is_in(begun)
    users.deactivate(acts(world.ada), world.bo)
    assert again.post(STEP, {"code": code_of(SECRET, now())})["Location"] == LOGIN
    assert not is_in(again)


def test_whoever_shares_the_browser_starts_anew(world: World, at: FrozenClock) -> None:
    """A42: what one person has shown counts for nobody else; a half sign-in can be left."""
    with_app(world.ada, at)
    client = half(world.ada)
    assert client.get(LOGIN)["Location"] == STEP
    client.post("/accounts/logout/")
    assert client.get(LOGIN).status_code == 200
    full = half(world.ada)
    full.post(STEP, {"code": code_of(SECRET, now())})
    session = full.session
    full.force_login(world.pat)
    assert full.session.session_key != session.session_key
    assert full.get("/now/").status_code == 302, "Pat has shown nothing here"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("each", [20, THOUSAND(125)])
def test_a_thousand_tokens_are_thirty(api: Callable[..., APIClient], mailoutbox: Any, each: int) -> None:
    """A44, issue 4: 401, then 429 with Retry-After; one entry, one mail to the administrators; right tokens go on."""
    ada = person("Ada Admin", role="administrator")
    right, answers = api(ada), []

    def guess() -> None:
        client = APIClient()
        for number in range(each):
            client.credentials(HTTP_AUTHORIZATION=f"Bearer wb_{number}")
            answers.append(client.get("/api/v1/me/"))
        connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    codes = [answer.status_code for answer in answers]
    assert (codes.count(401), codes.count(429)) == (30, 8 * each - 30)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 0 < int(refused["Retry-After"]) <= 900
    assert refused.json()["code"] == "too_many_requests"
    assert right.get("/api/v1/me/").status_code == 200
    assert AuditEntry.objects.filter(verb="token.throttled", address="127.0.0.1").count() == 1
    for job in BulkJob.objects.filter(name="accounts.guessing_alarm"):
        tell_of_guessing(job.ref)
    assert [mail.to for mail in mailoutbox] == [[ada.email]]


def test_tokens_are_guessed_by_no_other_door(world: World, at: FrozenClock) -> None:
    """A31, A44: a socket and /metrics count what the API counts."""
    scope = {"type": "websocket", "headers": [(b"authorization", b"Bearer wb_x")], "client": ("198.51.100.9", 5)}
    for _ in range(29):
        assert socket_actor(scope) is None
    remote = Client(REMOTE_ADDR="198.51.100.9", headers={"authorization": "Bearer wb_y"})
    assert remote.get("/metrics").status_code == 403
    assert remote.get("/api/v1/me/").status_code == 429
    refused = remote.get("/metrics")
    assert (refused.status_code, int(refused["Retry-After"]) <= 900) == (429, True)
    assert set(remote.get("/healthz/engine").json()) == {"healthy"}, "a watcher with an old token learns that still"
    with pytest.raises(TooMany):
        socket_actor(scope)


def test_an_attack_of_days_is_one_mail_a_day(world: World, at: FrozenClock) -> None:
    """A37: each window has its entry of the audit; Bo is mailed once a day for each door.

    What strangers try at the sign-in does not use up the warning that somebody is inside his session.
    """
    for _ in range(8):
        for _ in range(11):
            Client().post(LOGIN, {"login": world.bo.email} | WRONG)
        at.move(minutes=16)
    assert AuditEntry.objects.filter(verb="sign_in.throttled", thing=f"user:{world.bo.pk}").count() == 8
    session = enter(Client(), world.bo)
    for _ in range(11):
        session.post(f"{SECURITY}prove/", WRONG)
    assert AuditEntry.objects.filter(verb="password.throttled").count() == 1
    mails = BulkJob.objects.filter(name="accounts.security_mail")
    assert mails.count() == 2
    at.move(hours=24)
    for _ in range(11):
        Client().post(LOGIN, {"login": world.bo.email} | WRONG)
    assert mails.count() == 3


def test_one_guesser_does_not_shut_the_office_out(world: World, at: FrozenClock) -> None:
    """A37: behind an address that is refused, Bo comes in by the browser that knows him, and by no other.

    The mark spares his own name alone, and of that ten tries, so it is worth nothing to whoever has one.
    """
    laptop = Client()
    laptop.post(LOGIN, {"login": world.bo.email, "password": PASSWORD}, follow=True)
    laptop.post("/accounts/logout/")
    for number in range(101):
        Client().post(LOGIN, {"login": f"p{number}@example.org"} | WRONG)
    rightful = {"login": world.bo.email, "password": PASSWORD}
    assert Client().post(LOGIN, rightful).status_code == 429
    forged = Client()
    forged.cookies["watchbill-who"] = f"{world.bo.pk}:1:made-up"
    assert forged.post(LOGIN, rightful).status_code == 429
    assert laptop.post(LOGIN, {"login": world.cy.email, "password": PASSWORD}).status_code == 429
    assert laptop.post(LOGIN, rightful).status_code == 302
    laptop.post("/accounts/logout/")
    codes = [laptop.post(LOGIN, {"login": world.bo.email} | WRONG).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]
    assert Client().post(LOGIN, {"login": "q@example.org"} | WRONG).status_code == 429, "no count was given back"


# --- passkeys -------------------------------------------------------------------------------------
def options_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="js_data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found, page
    data: dict[str, Any] = json.loads(unescape(found[1]))
    options: dict[str, Any] = next(iter(data.values()))
    return options


def with_passkey(user: User) -> SoftKey:
    """Give the person a passkey, through the page."""
    key = SoftKey()
    client = enter(Client(headers={"host": "localhost"}), user)
    options = options_of(client.get(f"{SECURITY}passkey/").content.decode())
    given = {"name": "Laptop", "passwordless": "on", "credential": key.made(options)}
    answer = client.post(f"{SECURITY}passkey/", given)
    assert answer.status_code == 303, answer.content.decode()
    return key


def challenge(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get(PASSKEY, headers={"accept": "application/json"}).json()["request_options"]
    return found


def test_a_passkey_alone_signs_in(world: World, at: FrozenClock) -> None:
    """And its session counts as one with a second factor: the administration opens (A68)."""
    key = with_passkey(world.ada)
    client = Client(headers={"host": "localhost"})
    answer = client.post(PASSKEY, {"credential": key.answered(challenge(client)), "next": "/admin/"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200


def test_a_passkey_follows_a_password(world: World, at: FrozenClock) -> None:
    key = with_passkey(world.bo)
    client = Client(headers={"host": "localhost"})
    client.post(LOGIN, {"login": world.bo.email, "password": PASSWORD})
    page = client.get(STEP).content.decode()
    assert "Use your passkey" in page
    assert client.post(STEP, {"credential": key.answered(options_of(page))}).status_code == 302
    assert is_in(client)


def test_a_passkey_answers_one_challenge_of_its_own_portal(world: World, at: FrozenClock) -> None:
    """A42: replayed, unverified, foreign, a stranger's, forged, garbage, of somebody shut out: back to sign-in."""
    key = with_passkey(world.bo)
    client = Client(headers={"host": "localhost"})
    options = challenge(client)
    good = key.answered(options)
    foreign, stranger = SoftKey(), SoftKey()
    foreign.__dict__.update(key.__dict__)
    foreign.origin = "https://evil.example"
    stranger.handle = key.handle
    client.get(PASSKEY, headers={"accept": "application/json"})
    forged = json.loads(key.answered(challenge(client)))
    forged["response"]["signature"] = forged["response"]["clientDataJSON"]
    deep = "[" * 9000 + "]" * 9000
    bad = [good, json.dumps(forged), "{}", "null", "[]", "x", '{"id": "x"}', '{"a": ' + deep + "}", "{" * 30_000]
    for each in bad:
        assert client.post(PASSKEY, {"credential": each})["Location"] == f"{LOGIN}?passkey=refused", each[:80]
    for other in (foreign.answered(challenge(client)), stranger.answered(challenge(client))):
        assert client.post(PASSKEY, {"credential": other})["Location"] == f"{LOGIN}?passkey=refused"
    weak = key.answered(challenge(client), verified=False)
    assert client.post(PASSKEY, {"credential": weak})["Location"] == f"{LOGIN}?passkey=refused"
    users.deactivate(acts(world.ada), world.bo)
    gone = key.answered(challenge(client))
    assert client.post(PASSKEY, {"credential": gone})["Location"] == f"{LOGIN}?passkey=refused"
    assert not is_in(client)
    assert "The passkey was not used" in client.get(f"{LOGIN}?passkey=refused").content.decode()


def test_challenges_and_answers_are_limited(world: World, at: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each challenge is a row of a session: at a pace; answers are counted over all processes."""
    assert [Client().post(PASSKEY, {}).status_code for _ in range(61)] == [302] * 60 + [429]
    monkeypatch.setattr(second_step, "challenges", throttle.Pace(per_second=0.01, burst=3))
    assert [Client().get(PASSKEY).status_code for _ in range(4)] == [302] * 3 + [429]


def test_a_passkey_that_is_taken_is_not_counted(world: World, at: FrozenClock) -> None:
    """A37: sixty colleagues behind one address sign in by passkeys, and the next one as well."""
    key = with_passkey(world.bo)
    client = Client(headers={"host": "localhost"})
    assert [client.post(PASSKEY, {}).status_code for _ in range(59)] == [302] * 59
    for _ in range(3):
        client = Client(headers={"host": "localhost"})
        answer = client.post(PASSKEY, {"credential": key.answered(challenge(client))})
        assert (answer.status_code, answer["Location"]) == (302, "/now/")


def test_by_a_number_there_are_no_passkeys(world: World) -> None:
    """Browsers make none for http://127.0.0.1: the pages say so and name the address that works."""
    page = Client(headers={"host": "127.0.0.1:8000"}).get(LOGIN).content.decode()
    assert "passkey" not in page
    client = enter(Client(headers={"host": "127.0.0.1:8000"}), world.bo)
    for path in ("enrol/", "passkey/"):
        assert "http://localhost:8000" in client.get(f"{SECURITY}{path}").content.decode()


def test_the_api_shows_factors_and_a_token_changes_none(
    world: World, at: FrozenClock, api: Callable[..., APIClient]
) -> None:
    """Matrix 3.4, AT: tokens read what is there, without secrets."""
    with_app(world.bo, at)
    rows = api(world.bo).get("/api/v1/me/factors/").json()["results"]
    assert [(row["type"], row["left"]) for row in rows] == [("totp", None), ("recovery_codes", 10)]
    assert SECRET not in json.dumps(rows)
    assert api(world.ana).post(f"/api/v1/users/{world.bo.pk}/reset-factors/").status_code == 403


def test_codes_of_a_key_that_was_taken_away_are_said_to_be_lost(world: World, at: FrozenClock, settings: Any) -> None:
    """A98: neither the page nor the API falls over them, and new ones take their place."""
    with_app(world.bo, at)
    client = enter(Client(), world.bo)
    settings.FIELD_KEYS = ["another key of the same length as the former"]
    assert "Your codes cannot be read any more" in client.get(SECURITY).content.decode()
    rows = client.get("/api/v1/me/factors/").json()["results"]
    assert [(row["type"], row["left"]) for row in rows] == [("totp", None), ("recovery_codes", 0)]
    factors.make_recovery_codes(acts(world.bo), world.bo)
    assert "10 of 10 codes are left" in client.get(SECURITY).content.decode()
