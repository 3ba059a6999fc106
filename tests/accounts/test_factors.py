"""Second factors under Security: added, renamed, removed against password and code, reset by a manager (A42)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from rest_framework.test import APIClient

from accounts.actors import token_holder
from accounts.commands import factors, teams, users
from accounts.jobs import SECURITY_MAILS, send_security_mail
from accounts.models import User
from core import audit, clock
from core.clock import FrozenClock
from core.errors import Conflict, Forbidden
from core.models import AuditEntry, BulkJob
from tests.accounts.test_second_factor import SECRET, half, is_in, now, with_app, with_passkey
from tests.pages import after, text_of
from tests.world import PASSWORD, World, acts, join
from tools.enrolment import code_of

SECURITY = "/profile/security/"
PROVE = f"{SECURITY}prove/"
Browser = Callable[..., Client]
Type = Authenticator.Type


def proven(client: Client, code: str, following: str = SECURITY) -> Any:
    return client.post(PROVE, {"password": PASSWORD, "code": code, "next": following})


def test_a_factor_is_removed_by_password_and_code_alone(world: World, at: FrozenClock, browser: Browser) -> None:
    """A42: a session is not enough, a password is not, a used code is not; one proof is for one act."""
    with_app(world.bo, at)
    app = Authenticator.objects.get(user=world.bo, type=Type.TOTP)
    path = f"{SECURITY}factors/{app.pk}/remove/"
    bo = browser(world.bo)
    for asked in (bo.get(path), bo.post(path)):
        assert asked["Location"].startswith(PROVE)
    assert bo.post(PROVE, {"password": PASSWORD, "next": path}).status_code == 400
    assert proven(bo, "000000", path).status_code == 400
    assert bo.post(path)["Location"].startswith(PROVE)
    assert Authenticator.objects.filter(pk=app.pk).exists()
    assert proven(bo, code_of(SECRET, now()), path)["Location"] == path
    assert "Remove the app?" in text_of(bo.get(path))
    assert "Removed: the app." in after(bo, bo.post(path))
    assert not Authenticator.objects.filter(user=world.bo).exists(), "the recovery codes go with the last factor"
    factors.add_app(acts(world.bo), world.bo, secret=SECRET, code=code_of(SECRET, now()))
    again = Authenticator.objects.get(user=world.bo, type=Type.TOTP)
    assert bo.post(f"{SECURITY}factors/{again.pk}/remove/")["Location"].startswith(PROVE), "the proof is spent"


def test_a_stolen_session_guesses_neither_password_nor_code(world: World, at: FrozenClock, browser: Browser) -> None:
    """A37, A42."""
    with_app(world.bo, at)
    bo = browser(world.bo)
    codes = [bo.post(PROVE, {"password": "x", "code": "1"}).status_code for _ in range(11)]
    assert codes == [400] * 10 + [429]
    at.move(minutes=16)
    codes = [proven(bo, "000000").status_code for _ in range(6)]
    assert codes == [400] * 5 + [429]


def test_the_proof_goes_on_inside_the_portal_alone(world: World, browser: Browser) -> None:
    """A27."""
    for following in ("//evil.example", "https://evil.example", "/%09//evil.example", ""):
        answer = browser(world.bo).post(PROVE, {"password": PASSWORD, "next": following})
        assert answer["Location"] == SECURITY


def test_passkeys_are_renamed_and_removed(world: World, at: FrozenClock, browser: Browser) -> None:
    with_passkey(world.bo)
    row = Authenticator.objects.get(user=world.bo, type=Type.WEBAUTHN)
    bo = browser(world.bo)
    assert bo.post(f"{SECURITY}factors/{row.pk}/", {"name": ""}).status_code == 400
    assert "The passkey was renamed" in after(bo, bo.post(f"{SECURITY}factors/{row.pk}/", {"name": "Blue key"}))
    assert "Blue key" in text_of(bo.get(SECURITY))
    assert browser(world.ana).get(f"{SECURITY}factors/{row.pk}/").status_code == 404
    assert AuditEntry.objects.get(verb="factor.rename").after == {"name": "Blue key"}


def test_new_recovery_codes_need_a_proof_and_are_shown_once(world: World, at: FrozenClock, browser: Browser) -> None:
    with_app(world.bo, at)
    bo = browser(world.bo)
    codes = f"{SECURITY}codes/"
    assert bo.post(codes)["Location"].startswith(PROVE)
    proven(bo, code_of(SECRET, now()), codes)
    assert "Make ten new ones" in text_of(bo.get(codes))
    shown = after(bo, bo.post(codes))
    assert "never again" in shown
    assert bo.get(codes)["Location"].startswith(PROVE)


def test_the_last_factor_of_staff_stays_while_the_rule_is_on(world: World, at: FrozenClock) -> None:
    with_app(world.ada, at)
    app = Authenticator.objects.get(user=world.ada, type=Type.TOTP)
    with pytest.raises(Conflict, match="your role needs one"):
        factors.remove_factor(acts(world.ada), world.ada, app)
    with_passkey(world.ada)
    factors.remove_factor(acts(world.ada), world.ada, app)
    assert set(Authenticator.objects.filter(user=world.ada).values_list("type", flat=True)) == {
        Type.WEBAUTHN,
        Type.RECOVERY_CODES,
    }


def test_there_is_one_app(world: World, at: FrozenClock) -> None:
    with_app(world.bo, at)
    with pytest.raises(Conflict, match="an app already"):
        factors.add_app(acts(world.bo), world.bo, secret=SECRET, code=code_of(SECRET, now()))


def test_nobody_else_and_no_token_changes_factors(world: World, at: FrozenClock) -> None:
    """Matrix 3.4: own alone; tokens never (PERSON)."""
    with_app(world.bo, at)
    app = Authenticator.objects.get(user=world.bo, type=Type.TOTP)
    for actor in (acts(world.ada), acts(world.ana), token_holder(world.bo, ["read", "write", "admin"])):
        for act in (
            lambda a=actor: factors.remove_factor(a, world.bo, app),
            lambda a=actor: factors.make_recovery_codes(a, world.bo),
            lambda a=actor: factors.add_app(a, world.bo, secret=SECRET, code="1"),
            lambda a=actor: factors.add_passkey(a, world.bo, name="x", credential={}),
            lambda a=actor: factors.rename_passkey(a, world.bo, app, name="x"),
        ):
            with pytest.raises(Forbidden):
                act()


# --- a colleague's ---------------------------------------------------------------------------------
def reset_path(user: User) -> str:
    return f"/people/{user.pk}/reset-factors/"


def test_a_manager_resets_lost_factors(world: World, at: FrozenClock, browser: Browser, mailoutbox: Any) -> None:
    """Audited, told by mail, sessions ended; Bo signs in by the password and may enrol again."""
    with_app(world.bo, at)
    phone = half(world.bo)
    phone.post("/accounts/second-step/", {"code": code_of(SECRET, now())})
    assert is_in(phone)
    ana = browser(world.ana)
    assert reset_path(world.bo) in text_of(ana.get(f"/people/{world.bo.pk}/"))
    assert "by another way" in text_of(ana.get(reset_path(world.bo)))
    assert Authenticator.objects.filter(user=world.bo).exists()
    assert "told by mail" in after(ana, ana.post(reset_path(world.bo)))
    assert not Authenticator.objects.filter(user=world.bo).exists()
    assert not is_in(phone)
    entry = AuditEntry.objects.get(verb="factor.reset")
    assert (entry.actor, entry.thing) == (f"user:{world.ana.pk}", f"user:{world.bo.pk}")
    for job in BulkJob.objects.filter(name="accounts.security_mail", ref__startswith=f"factors_reset:{world.bo.pk}:"):
        send_security_mail(job.ref)
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [([world.bo.email], "Your second factors were reset")]
    assert "By: Ana Lima" in mailoutbox[0].body
    assert "From:" not in mailoutbox[0].body, "where a colleague sits is not told"
    assert Client().post("/accounts/login/", {"login": world.bo.email, "password": PASSWORD})["Location"] == "/now/"


def test_who_may_not_reset(world: World, browser: Browser, api: Callable[..., APIClient]) -> None:
    """A60: no colleague, no manager of another team, nobody above the own rank, nobody himself, no token."""
    for user, of in ((world.cy, world.bo), (world.di, world.bo), (world.ana, world.di), (world.pat, world.bo)):
        assert browser(user).post(reset_path(of)).status_code == 403
        assert reset_path(of) not in text_of(browser(user).get(f"/people/{of.pk}/"))
    join(world.ada, world.payments)
    assert browser(world.ana).post(reset_path(world.ada)).status_code == 403
    for user in (world.ana, world.ada):
        assert browser(user).post(reset_path(user)).status_code == 403
    assert api(world.ada).post(f"/api/v1/users/{world.bo.pk}/reset-factors/").status_code == 403
    ada = browser(world.ada)
    answer = ada.post(f"/api/v1/users/{world.bo.pk}/reset-factors/", content_type="application/json")
    assert answer.status_code == 204


def test_a_manager_comes_by_no_right_over_whom_he_has_just_taken_in(world: World, at: FrozenClock) -> None:
    """A60: Ana takes Di of Search into Payments; for a day her factors are for her own manager and administrators."""
    teams.join(acts(world.ana), world.payments, user=world.di)
    for _ in range(2):
        with pytest.raises(Forbidden):
            factors.reset_factors(acts(world.ana), world.di)
        at.move(hours=23)
        teams.join(acts(world.ana), world.payments, user=world.di, role="manager")
    at.move(hours=1)
    factors.reset_factors(acts(world.ana), world.di)


def test_whoever_enters_the_administration_is_reset_by_administrators_alone(world: World, at: FrozenClock) -> None:
    """A60: a team that Pat makes and puts a fellow process owner into gives no way to her factors."""
    world.bo.role = "process_owner"
    world.bo.save()
    own = teams.create(acts(world.pat), name="Own")
    teams.join(acts(world.pat), own, user=world.pat, role="manager")
    teams.join(acts(world.pat), own, user=world.bo)
    for manager in (world.pat, world.ana):
        with pytest.raises(Forbidden):
            factors.reset_factors(acts(manager), world.bo)
    factors.reset_factors(acts(world.ada), world.bo)


def test_the_administration_resets_too(world: World, at: FrozenClock, browser: Browser) -> None:
    with_app(world.bo, at)
    chosen = {"action": "reset_factors", "_selected_action": [world.bo.pk]}
    assert browser(world.ada).post("/admin/accounts/user/", chosen).status_code == 302
    assert not Authenticator.objects.filter(user=world.bo).exists()


def test_every_security_mail_can_be_written(world: World, mailoutbox: Any) -> None:
    for kind in SECURITY_MAILS:
        send_security_mail(f"{kind}:{world.bo.pk}")
        send_security_mail(f"{kind}:")
    assert len(mailoutbox) == len(SECURITY_MAILS)
    assert all("http://localhost:8000/profile/security/" in str(mail.body) for mail in mailoutbox)


def test_a_mail_says_which_factor_when_and_from_where(world: World, at: FrozenClock, mailoutbox: Any) -> None:
    """A42: Bo, who lives in Lisbon, adds an app, signs in by a recovery code, and has a passkey removed."""
    world.bo.time_zone = "Europe/Lisbon"
    world.bo.save()
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    with audit.seen_from("192.0.2.7", firefox):
        codes = with_app(world.bo, at)
        begun = Client(headers={"user-agent": firefox}, REMOTE_ADDR="192.0.2.8")
        begun.post("/accounts/login/", {"login": world.bo.email, "password": PASSWORD})
        begun.post("/accounts/second-step/", {"code": codes[0]})
        with_passkey(world.bo)
        passkey = Authenticator.objects.get(user=world.bo, type=Type.WEBAUTHN)
        factors.remove_factor(acts(world.bo), world.bo, passkey)
        users.set_password(acts(world.bo), world.bo, password="a quiet harbour at dawn")
    for job in BulkJob.objects.filter(name="accounts.security_mail").order_by("pk"):
        send_security_mail(job.ref)
    added, used, _, removed, changed = [str(mail.body) for mail in mailoutbox]
    assert "Which: the app that shows codes\nWhen: " in added
    assert "From: 192.0.2.7, Firefox on Linux\n" in added
    assert "Left: 9 of 10 codes\n" in used
    assert "From: 192.0.2.8, Firefox on Linux\n" in used
    assert f"Which: the passkey “{passkey.data['name']}”\n" in removed
    lisbon = clock.now().astimezone(ZoneInfo("Europe/Lisbon"))
    assert f"When: {lisbon:%a} {lisbon.day} {lisbon:%b %Y}, {lisbon:%H:%M} {lisbon:%Z}\n" in changed
