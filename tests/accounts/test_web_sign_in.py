"""Signing in: one sentence for every failure, exact throttles, nowhere else to go."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connections
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse

from accounts.commands import users
from accounts.jobs import prune_sessions, send_reset_mail
from accounts.models import User
from core import clock
from core.clock import FrozenClock
from core.models import AuditEntry, BulkJob
from tests.world import PASSWORD, World, acts, person

LOGIN = "/accounts/login/"
OTHER = "a quiet harbour at dawn"
Browser = Callable[..., Client]


def sign_in(client: Client, email: str, password: str = PASSWORD, **headers: str) -> int:
    return client.post(LOGIN, {"login": email, "password": password}, **headers).status_code  # type: ignore[arg-type]


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_bo_signs_in_and_gets_a_new_session(world: World) -> None:
    """A28: the key of before is worth nothing."""
    client = Client()
    session = client.session
    session["basket"] = "kept"
    session.save()
    client.cookies["watchbill"] = session.session_key or ""
    answer = client.post(LOGIN, {"login": "Bo@Example.org ", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/now/")
    assert client.cookies["watchbill"].value != session.session_key
    assert signed_in(client)


def test_a_wrong_password_puts_the_cursor_where_it_is_typed_again(world: World) -> None:
    """Neither half is named as the wrong one; the sentence is read out with the field that is empty again."""
    page = Client().post(LOGIN, {"login": world.bo.email, "password": "not it"}).content.decode()
    fields = {name: tag for tag, name in re.findall(r'(<input[^>]*name="(login|password)"[^>]*>)', page)}
    assert 'aria-invalid="true" autofocus' in fields["password"]
    assert 'aria-describedby="form-say ' in fields["password"]
    assert 'id="form-say"' in page
    assert "autofocus" not in fields["login"]
    assert "form-say" not in Client().get(LOGIN).content.decode()


def test_the_cookie_is_marked(world: World) -> None:
    """A29; the __Host- prefix and Secure come with an https address."""
    client = Client()
    sign_in(client, world.bo.email)
    cookie = client.cookies["watchbill"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["domain"] == ""


def test_unknown_wrong_and_deactivated_read_the_same(world: World) -> None:
    """A38: same text, same status, and the hash is computed once for each."""
    users.deactivate(acts(world.ada), world.cy)
    pages, hashes = [], []
    for email in ("nobody@example.org", world.bo.email, world.cy.email):
        counted: list[int] = []
        with pytest.MonkeyPatch.context() as patch:
            _count(patch, counted)
            answer = Client().post(LOGIN, {"login": email, "password": "wrong horse battery"})
        hashes.append(len(counted))
        pages.append((answer.status_code, _without_token(answer.content.decode()).replace(email, "")))
    assert pages[0] == pages[1] == pages[2]
    assert hashes == [1, 1, 1]
    assert "do not belong together" in pages[0][1]


def _count(patch: pytest.MonkeyPatch, counted: list[int]) -> None:
    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)

        def once(*args: object, _real: Callable[..., object] = real, **kwargs: object) -> object:
            counted.append(1)
            return _real(*args, **kwargs)

        patch.setattr(Argon2PasswordHasher, name, once)


def _without_token(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page)


def test_the_eleventh_try_is_too_many(world: World, at: FrozenClock) -> None:
    """A37: 10 in 15 minutes per person and address, whatever the spelling, then 429 with Retry-After."""
    spellings = ["bo@example.org", "BO@EXAMPLE.ORG", " bo@example.org", "Bo@example.org ", "ｂｏ@example.org"]
    client = Client()
    for number in range(10):
        assert sign_in(client, spellings[number % 4], "wrong horse battery") == 200
    refused = client.post(LOGIN, {"login": spellings[1], "password": PASSWORD})
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 900
    assert not signed_in(client)
    assert sign_in(client, world.cy.email) == 302, "others sign in from the same address"
    at.move(minutes=15, seconds=1)
    assert sign_in(Client(), world.bo.email) == 302


def test_a_rightful_sign_in_is_not_counted(world: World) -> None:
    for _ in range(12):
        assert sign_in(Client(), world.bo.email) == 302
    for _ in range(10):
        assert sign_in(Client(), world.bo.email, "wrong horse battery") == 200
    assert sign_in(Client(), world.bo.email, "wrong horse battery") == 429


def test_a_made_up_forwarded_address_does_not_help(world: World) -> None:
    """A37: without a trusted proxy the header is somebody's word."""
    for number in range(10):
        sign_in(Client(), world.bo.email, "wrong horse battery", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    assert sign_in(Client(), world.bo.email, HTTP_X_FORWARDED_FOR="203.0.113.99") == 429


@override_settings(TRUSTED_PROXIES=["127.0.0.1"])
def test_behind_a_proxy_the_rightmost_foreign_hop_counts(world: World) -> None:
    """A37: what the client wrote to the left of it changes nothing."""
    for number in range(10):
        forwarded = f"198.51.100.{number}, 203.0.113.7"
        sign_in(Client(), world.bo.email, "wrong horse battery", HTTP_X_FORWARDED_FOR=forwarded)
    assert sign_in(Client(), world.bo.email, HTTP_X_FORWARDED_FOR="1.2.3.4, 203.0.113.7") == 429
    assert sign_in(Client(), world.bo.email, HTTP_X_FORWARDED_FOR="203.0.113.8") == 302


@override_settings(TRUSTED_PROXIES=["127.0.0.1"])
def test_a_distributed_attack_on_one_person_is_slowed(world: World) -> None:
    """A37: also when every try comes from another address."""
    codes = [
        sign_in(Client(), world.bo.email, "wrong horse battery", HTTP_X_FORWARDED_FOR=f"203.0.{n // 250}.{n % 250}")
        for n in range(62)
    ]
    assert codes[:60] == [200] * 60
    assert codes[60:] == [429, 429]


@pytest.mark.django_db(transaction=True)
def test_throttles_are_exact_for_tries_at_once() -> None:
    """A37: sixteen tries in parallel on connections of their own: ten are looked at."""
    person("Bo Chen")
    codes: list[int] = []

    def attempt() -> None:
        codes.append(sign_in(Client(), "bo@example.org", "wrong horse battery"))
        connections.close_all()

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(codes) == [200] * 10 + [429] * 6


@pytest.mark.parametrize(
    "following",
    [
        "//evil.example",
        "https:evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
        "/\t/evil.example",
        " //evil.example",
        "/%09//evil.example",
        "/%2509//evil.example",
        "/%0a/evil.example",
        "/%00/evil.example",
        "/now/%5C%5Cevil.example",
        "/%2f/evil.example",
        "http:///evil.example",
        "/%0d%0aSet-Cookie:x=1\r\n",
        "//localhost:8000@evil.example",
    ],
)
def test_there_is_no_open_redirect(world: World, following: str) -> None:
    """A27: after sign-in and after sign-out."""
    client = Client()
    answer = client.post(LOGIN, {"login": world.bo.email, "password": PASSWORD, "next": following})
    assert (answer.status_code, answer["Location"]) == (302, "/now/")
    answer = client.post("/accounts/logout/", {"next": following})
    assert (answer.status_code, answer["Location"]) == (302, LOGIN)


@pytest.mark.parametrize("following", ["%2509//evil", "%252509//evil", "%255cevil", "%2500/evil", "%09//evil"])
def test_the_address_of_the_sign_in_page_leads_nowhere_else(world: World, following: str) -> None:
    """A27: neither its form nor the one who is signed in already, nor signing out, nor the admin takes it on."""
    page = Client().get(f"{LOGIN}?next=/{following}").content.decode()
    assert "evil" not in page
    client = Client()
    answer = client.post(f"{LOGIN}?next=/{following}", {"login": world.bo.email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/now/")
    assert client.get(f"{LOGIN}?next=/{following}")["Location"] == "/now/"
    assert "evil" not in client.get(f"/accounts/logout/?next=/{following}").content.decode()
    assert client.post(f"/accounts/logout/?next=/{following}")["Location"] == LOGIN
    assert "evil" not in Client().get(f"/admin/login/?next=/{following}")["Location"]


def test_the_page_that_was_asked_for_comes_next(world: World) -> None:
    client = Client()
    page = client.get(LOGIN, {"next": "/incidents/42/?tab=log"}).content.decode()
    assert 'value="/incidents/42/?tab=log"' in page
    answer = client.post(LOGIN, {"login": world.bo.email, "password": PASSWORD, "next": "/incidents/42/?tab=log"})
    assert answer["Location"] == "/incidents/42/?tab=log"


def test_signing_out_needs_a_post(world: World, browser: Browser) -> None:
    """A23: no state changes on GET."""
    client = browser(world.bo)
    assert "Sign out?" in client.get("/accounts/logout/").content.decode()
    assert signed_in(client)
    client.post("/accounts/logout/")
    assert not signed_in(client)


def test_forms_need_their_token(world: World, browser: Browser) -> None:
    """A23."""
    for path, user in ((LOGIN, None), ("/accounts/logout/", world.bo), ("/accounts/password/change/", world.bo)):
        assert browser(user, csrf=True).post(path, {"login": "x", "password": "y"}).status_code == 403
        foreign = browser(user, csrf=True).post(path, {}, HTTP_ORIGIN="https://evil.example")
        assert foreign.status_code == 403


@pytest.mark.parametrize(
    "name", ["account_signup", "account_email", "account_set_password", "account_request_login_code"]
)
def test_there_is_no_sign_up(db: None, name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)
    assert Client().post("/accounts/signup/", {"email": "x@example.org"}).status_code == 404


def test_role_deactivation_and_password_end_other_sessions(world: World, browser: Browser) -> None:
    """A28."""
    changes: list[Callable[[], object]] = [
        lambda: users.change_role(acts(world.ada), world.bo, role="process_owner"),
        lambda: users.deactivate(acts(world.ada), world.bo),
        lambda: users.reactivate(acts(world.ada), world.bo),
    ]
    for change in changes:
        world.bo.refresh_from_db()
        client = browser(world.bo)
        change()
        assert client.get("/accounts/password/change/").status_code == 302, "sent to sign-in"


def test_changing_the_password_keeps_this_session_and_ends_the_others(world: World, browser: Browser) -> None:
    """A28, A39."""
    here, elsewhere = browser(world.bo), browser(world.bo)
    page = "/accounts/password/change/"
    wrong = here.post(page, {"oldpassword": "no", "password1": OTHER, "password2": OTHER})
    assert "not your present password" in wrong.content.decode()
    assert 'href="/profile/contact-methods/"' in wrong.content.decode(), "a lost device still gets pages until removed"
    done = here.post(page, {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})
    assert done.status_code == 302
    assert here.get(page).status_code == 200
    assert elsewhere.get(page).status_code == 302
    assert sign_in(Client(), world.bo.email, OTHER) == 302


def test_a_stolen_session_does_not_guess_the_password(world: World, browser: Browser) -> None:
    """A37."""
    client = browser(world.bo)
    given = {"oldpassword": "no", "password1": OTHER, "password2": OTHER}
    codes = [client.post("/accounts/password/change/", given).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


def test_whoever_knows_the_password_does_not_guess(world: World, browser: Browser) -> None:
    """A37: nine wrong ones, then the right one, by a new one too weak and one that stands: neither was a try."""
    client, page = browser(world.bo), "/accounts/password/change/"
    given = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    for _ in range(9):
        client.post(page, given | {"oldpassword": "no"})
    assert client.post(page, given | {"password1": "short", "password2": "short"}).status_code == 200
    assert client.post(page, given).status_code == 302
    assert client.post(page, given | {"oldpassword": "no"}).status_code == 200
    assert client.post(page, given | {"oldpassword": "no"}).status_code == 429


def test_a_stranger_is_sent_to_sign_in_and_guesses_nobodys_password(world: World) -> None:
    """A37: what a stranger sends to the form is no try of anybody's: no entry of the audit, nothing in the lanes."""
    before = AuditEntry.objects.count()
    page = "/accounts/password/change/"
    for _ in range(11):
        answer = Client().post(page, {"oldpassword": "no", "password1": OTHER, "password2": OTHER})
        assert (answer.status_code, answer["Location"]) == (302, f"{LOGIN}?next={page}")
    assert (AuditEntry.objects.count(), BulkJob.objects.count()) == (before, 0)


def test_whoever_has_no_password_is_led_to_the_mail_that_sets_one(world: World, browser: Browser) -> None:
    """A51: Bo came by the identity provider; the form that asks for his present password is none for him."""
    world.bo.set_unusable_password()
    world.bo.save()
    client, page = browser(world.bo), "/accounts/password/change/"
    for answer in (client.get(page), client.post(page, {"oldpassword": ""})):
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/password/reset/")
    assert client.get("/accounts/password/reset/").status_code == 200
    said = client.get("/profile/security/").content.decode()
    assert "Mail me the link" in said
    assert page not in said


def test_a_reset_says_the_same_for_everybody(world: World) -> None:
    """A38: same answer, same work in the request; the bulk lane finds out."""
    pages = []
    for email in (world.bo.email, "nobody@example.org"):
        answer = Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        pages.append((answer.status_code, answer.content))
    assert pages[0] == pages[1]
    assert BulkJob.objects.filter(name="accounts.reset_mail").count() == 2


def test_the_reset_link_works_once(world: World, settings: object) -> None:
    """A33, A39: built on the configured address, single use, signs every session out."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # type: ignore[attr-defined]
    for email in ("nobody@example.org", world.bo.email):
        Client().post("/accounts/password/reset/", {"email": email})
    for ref in BulkJob.objects.values_list("ref", flat=True):
        send_reset_mail(ref)
    assert [message.to for message in mail.outbox] == [[world.bo.email]]
    link = next(line for line in str(mail.outbox[0].body).splitlines() if line.startswith("http"))
    assert link.startswith("http://localhost:8000/accounts/password/reset/key/")
    path = link.removeprefix("http://localhost:8000")
    client = Client()
    form = client.get(path, follow=True)
    assert "Choose a new password" in form.content.decode()
    given = {"password1": OTHER, "password2": OTHER}
    done = client.post(form.redirect_chain[-1][0], given, follow=True)
    assert "Your new password is set" in done.content.decode()
    assert sign_in(Client(), world.bo.email, OTHER) == 302
    assert Client().get(path).status_code == 400
    assert Client().get(path[:-3] + "xx/").status_code == 400


def test_an_address_of_any_length_may_ask_for_a_reset(world: World) -> None:
    """A38: Bo's long address, or a stranger's that no column would hold, is answered like every other."""
    User.objects.filter(pk=world.bo.pk).update(email=f"bo@{'x' * 60}.{'y' * 60}.{'z' * 60}.example.org")
    world.bo.refresh_from_db()
    longest = f"{'s' * 64}@{'.'.join(['x' * 60] * 4)}.org"
    for email in (world.bo.email, longest):
        answer = Client().post("/accounts/password/reset/", {"email": email})
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/password/reset/done/")
    assert list(BulkJob.objects.order_by("pk").values_list("ref", flat=True)) == [str(world.bo.pk), ""]


def test_sessions_that_have_run_out_are_forgotten(world: World) -> None:
    """F46: Bo's session of last month goes with what was noted of it, Ana's of today stays."""
    for user in (world.bo, world.ana):
        sign_in(Client(), user.email)
    now = clock.now()
    of = dict(UserSession.objects.values_list("user_id", "session_key"))
    Session.objects.filter(pk=of[world.bo.pk]).update(expire_date=now - timedelta(days=1))
    Session.objects.filter(pk=of[world.ana.pk]).update(expire_date=now + timedelta(days=1))
    UserSession.objects.update(created_at=now - timedelta(days=30))
    prune_sessions("")
    assert list(Session.objects.values_list("pk", flat=True)) == [of[world.ana.pk]]
    assert list(UserSession.objects.values_list("user_id", flat=True)) == [world.ana.pk]


def test_the_note_of_a_sign_in_may_come_before_its_session(world: World) -> None:
    UserSession.objects.create(user=world.bo, session_key="soon", ip="192.0.2.1", created_at=clock.now())
    prune_sessions("")
    assert UserSession.objects.count() == 1


def test_resets_are_limited(world: World) -> None:
    codes = [Client().post("/accounts/password/reset/", {"email": "bo@example.org"}).status_code for _ in range(6)]
    assert codes == [302] * 5 + [429]


def test_pages_tell_the_password_manager_what_is_what(db: None) -> None:
    page = Client().get(LOGIN).content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert all('src="/static/' in tag or "application/json" in tag for tag in re.findall("<script[^>]*>", page)), "CSP"
