"""Sign-in by an identity provider: a real one, and one that lies (A27, A51, A69)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jwt
import oidc_provider_mock
import pytest
import structlog
from django.test import Client

from accounts.commands import identities, invitations, users
from accounts.models import Identity, User
from accounts.views import oidc as views
from core import clock, http, throttle
from core.models import AuditEntry
from tests.issuer import CLIENT, HOME, SECRET, Liar, agree, asked, key, provider
from tests.pages import text_of
from tests.world import World, acts

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
LEAVE, BACK = "/accounts/oidc/", "/accounts/oidc/callback/"
HERE = "http://localhost:8000"
Browser = Callable[..., Client]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "departures", throttle.Pace(per_second=100, burst=1000))


@pytest.fixture
def liar(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Liar:
    """A configured provider that says what it is told."""
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = HOME, CLIENT, SECRET
    made = Liar()
    monkeypatch.setattr(http, "send", made.send)
    return made


@pytest.fixture
def real(settings: Any, world: World) -> Iterator[str]:
    """A real provider on loopback that knows Bo, and Zed whom nobody here knows."""
    people = [
        oidc_provider_mock.User(sub="bo-at-home", claims={"email": world.bo.email, "email_verified": True}),
        oidc_provider_mock.User(sub="zed", claims={"email": "zed@example.org", "email_verified": True}),
    ]
    with provider(people) as issuer:
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = issuer, CLIENT, SECRET
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]
        yield issuer


def gone(liar: Liar, client: Client, following: str = "") -> dict[str, str]:
    """A browser is sent to the provider; with which parameters."""
    sent = client.get(LEAVE, {"next": following} if following else {})
    assert sent.status_code == 302
    found = asked(sent["Location"])
    liar.nonce = found["nonce"]
    return found


def came(liar: Liar, client: Client | None = None, following: str = "", **more: str) -> Any:
    """There and back; the portal's answer."""
    client = client or Client()
    found = gone(liar, client, following)
    return client.get(BACK, {"code": "c-1", "state": found["state"], **more})


def who(client: Client) -> str:
    """The address of the one who is signed in; empty for nobody."""
    answer = client.get("/api/v1/me/")
    return str(answer.json()["email"]) if answer.status_code == 200 else ""


# --- with a real provider -------------------------------------------------------------------------
def test_bo_signs_in_with_a_real_provider(world: World, real: str) -> None:
    """A51: code, PKCE, state, nonce and a signature, and the page that he had asked for."""
    bo = Client()
    page = text_of(bo.get("/accounts/login/?next=/incidents/"))
    assert "with 127.0.0.1" in page
    assert f"{LEAVE}?next=%2Fincidents%2F" in page
    there = bo.get(LEAVE, {"next": "/incidents/"})["Location"]
    assert there.startswith(f"{real}/oauth2/authorize?")
    back = agree(there, "bo-at-home")
    assert back.startswith(f"{HERE}{BACK}?")
    done = bo.get(back.removeprefix(HERE))
    assert (done.status_code, done["Location"]) == (302, "/incidents/"), text_of(done)
    assert who(bo) == world.bo.email
    bound = Identity.objects.get()
    assert (bound.user, bound.issuer, bound.subject) == (world.bo, real, "bo-at-home")
    assert AuditEntry.objects.filter(verb="identity.bind", thing=f"identity:{bound.pk}").exists()
    bo.post("/accounts/logout/")
    assert who(bo) == ""


def test_the_real_providers_answer_works_once_and_in_this_browser_alone(world: World, real: str) -> None:
    """A51."""
    bo, other = Client(), Client()
    back = agree(bo.get(LEAVE)["Location"], "bo-at-home").removeprefix(HERE)
    assert other.get(back).status_code == 403
    kept = bo.cookies[views.COOKIE].value
    assert bo.get(back).status_code == 302
    again = Client()
    again.cookies[views.COOKIE] = kept
    assert again.get(back).status_code == 403
    assert who(again) == who(other) == ""


def test_a_stranger_of_the_provider_stays_outside(world: World, real: str) -> None:
    """A51: nobody signs up by himself."""
    zed = Client()
    answer = zed.get(agree(zed.get(LEAVE)["Location"], "zed").removeprefix(HERE))
    assert answer.status_code == 403
    assert "Nobody here has the address" in text_of(answer)
    assert not User.objects.filter(email="zed@example.org").exists()
    assert not Identity.objects.exists()


def test_an_inside_provider_has_to_be_allowed(world: World, real: str, settings: Any) -> None:
    """A69, A76: discovery goes through the guard like every other call."""
    settings.OUTBOUND_ALLOW = []
    answer = Client().get(LEAVE)
    assert answer.status_code == 502
    assert "WATCHBILL_OUTBOUND_ALLOW" in text_of(answer)


def test_the_password_opens_while_the_provider_is_down(world: World, settings: Any) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "http://127.0.0.1:9", CLIENT, SECRET
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    client = Client()
    answer = client.get(LEAVE)
    assert answer.status_code == 502
    assert "127.0.0.1 does not answer at the moment. " in text_of(answer).replace("</p>", " ")
    client.post("/accounts/login/", {"login": world.bo.email, "password": "correct horse battery"})
    assert who(client) == world.bo.email


# --- with one that lies ---------------------------------------------------------------------------
def test_the_honest_answer_signs_in(world: World, liar: Liar) -> None:
    """The case beside all those that are refused."""
    client = Client()
    assert came(liar, client)["Location"] == "/now/"
    assert who(client) == world.bo.email
    posted = next(given for method, _, given in liar.calls if method == "POST")
    assert len(posted["form"]["code_verifier"]) >= 43
    assert posted["headers"]["Authorization"].startswith("Basic ")


def put(liar: Liar, name: str, value: object) -> object:
    """Let the provider say something else."""
    setattr(liar, name, value)
    return value


LIES: dict[str, Callable[[Liar], object]] = {
    "alg none": lambda liar: put(liar, "token", jwt.encode(_usual(liar), "", algorithm="none")),
    "hs with the public key": lambda liar: put(liar, "token", _mixed(liar)),
    "hs with our secret": lambda liar: put(liar, "token", jwt.encode(_usual(liar), SECRET, algorithm="HS256")),
    "another key": lambda liar: put(liar, "signing", key(1)),
    "unknown key number": lambda liar: put(liar, "header", {"kid": "two"}),
    "short key": lambda liar: (put(liar, "signing", key(2, 1024)),
                               put(liar, "published", [liar.jwk(key(2, 1024))])),
    "key for encryption": lambda liar: put(liar, "published", [liar.jwk(key(), use="enc")]),
    "no keys": lambda liar: put(liar, "published", []),
    "wrong aud": lambda liar: liar.claims.update(aud="another-client"),
    "aud among others without azp": lambda liar: liar.claims.update(aud=[CLIENT, "another-client"]),
    "azp of another": lambda liar: liar.claims.update(azp="another-client"),
    "wrong iss": lambda liar: liar.claims.update(iss="https://evil.example"),
    "issuer changed in discovery": lambda liar: liar.about.update(issuer="https://evil.example"),
    "endpoint without TLS": lambda liar: liar.about.update(token_endpoint="http://login.example.org/token"),
    "endpoint inside": lambda liar: liar.about.update(jwks_uri="https://169.254.169.254/keys"),
    "missing nonce": lambda liar: put(liar, "drop", ("nonce",)),
    "nonce of another": lambda liar: liar.claims.update(nonce="n-2"),
    "expired": lambda liar: liar.claims.update(exp=int(clock.now().timestamp()) - 120),
    "no end": lambda liar: put(liar, "drop", ("exp",)),
    "no subject": lambda liar: put(liar, "drop", ("sub",)),
    "no text": lambda liar: put(liar, "token", "not.a.token"),
    "no token": lambda liar: put(liar, "token", ""),
    "code refused": lambda liar: liar.status.update(token=400),
    "e-mail not verified": lambda liar: liar.claims.update(email_verified=False),
    "e-mail said to be verified by a word": lambda liar: liar.claims.update(email_verified="yes"),
    "verified not said": lambda liar: put(liar, "drop", ("email_verified",)),
    "Entra's word of another": lambda liar: (put(liar, "drop", ("email_verified",)),
                                             liar.claims.update(xms_edov=True)),
    "two addresses": lambda liar: liar.claims.update(email="bo@example.org, ada@example.org"),
    "userinfo of another": lambda liar: (put(liar, "drop", ("email",)),
                                         liar.userinfo.update(sub="s-2", email="bo@example.org", email_verified=True)),
}  # fmt: skip


REASONS = {
    **dict.fromkeys(("alg none", "hs with the public key", "hs with our secret"), "algorithm"),
    **dict.fromkeys(("unknown key number", "key for encryption", "no keys"), "key"),
    **dict.fromkeys(("aud among others without azp", "azp of another"), "another party"),
    **dict.fromkeys(("missing nonce", "no end", "no subject"), "MissingRequiredClaimError"),
    **dict.fromkeys(("e-mail not verified", "e-mail said to be verified by a word", "verified not said"), "unverified"),
    **dict.fromkeys(("Entra's word of another", "two addresses"), "unverified"),
    "another key": "InvalidSignatureError",
    "short key": "short key",
    "wrong aud": "InvalidAudienceError",
    "wrong iss": "InvalidIssuerError",
    "issuer changed in discovery": "another issuer",
    "endpoint without TLS": "no token_endpoint",
    "endpoint inside": "address_not_allowed",
    "nonce of another": "nonce",
    "expired": "ExpiredSignatureError",
    "no text": "DecodeError",
    "no token": "DecodeError",
    "code refused": "status 400",
    "userinfo of another": "another subject",
}


def _usual(liar: Liar) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    return {**liar.claims, "iss": HOME, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": liar.nonce}


def _mixed(liar: Liar) -> str:
    """Signed with the public key as if it were a secret."""
    return jwt.encode(_usual(liar), str(liar.published[0]["n"]), algorithm="HS256", headers={"kid": "one"})


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_signs_nobody_in(lie: str, world: World, liar: Liar) -> None:
    """A51: one page, 403 or, for an address inside, 502; no session, nothing bound."""
    client = Client()
    found = gone(liar, client)
    LIES[lie](liar)
    with structlog.testing.capture_logs() as said:
        answer = client.get(BACK, {"code": "c-1", "state": found["state"]})
    assert REASONS[lie] in (said[0]["reason"], said[0]["code"]), "refused, and for that very lie"
    assert answer.status_code == (502 if lie == "endpoint inside" else 403)
    assert "You are not signed in" in text_of(answer)
    assert who(client) == ""
    assert not Identity.objects.exists()


@pytest.mark.parametrize("state", ["", "x", "another's", "é"])
def test_a_missing_or_foreign_state_is_refused(state: str, world: World, liar: Liar) -> None:
    """A51: the provider is not even asked."""
    client = Client()
    if state == "another's":
        state = gone(liar, Client())["state"]
    gone(liar, client)
    before = len(liar.calls)
    answer = client.get(BACK, {"code": "c-1", **({"state": state} if state else {})})
    assert (answer.status_code, len(liar.calls)) == (403, before)
    assert who(client) == ""


def test_the_answer_of_another_issuer_is_refused(world: World, liar: Liar) -> None:
    """A51: also where it says so itself."""
    assert came(liar, iss="https://evil.example").status_code == 403
    assert came(liar, iss=HOME).status_code == 302


def test_an_answer_is_taken_once(world: World, liar: Liar) -> None:
    """A51: also with the cookie of the first time, and by a provider that takes its codes twice."""
    client, again = Client(), Client()
    found = gone(liar, client)
    again.cookies[views.COOKIE] = client.cookies[views.COOKIE].value
    answer = {"code": "c-1", "state": found["state"]}
    assert client.get(BACK, answer).status_code == 302
    before = len(liar.calls)
    assert (again.get(BACK, answer).status_code, len(liar.calls)) == (403, before)


def test_an_answer_after_ten_minutes_is_refused(world: World, liar: Liar, at: clock.FrozenClock) -> None:
    client = Client()
    found = gone(liar, client)
    at.move(minutes=10, seconds=1)
    assert client.get(BACK, {"code": "c-1", "state": found["state"]}).status_code == 403


def test_saying_no_at_the_provider_leads_back(world: World, liar: Liar) -> None:
    answer = came(liar, error="access_denied")
    assert answer.status_code == 403
    assert "let nobody in" in text_of(answer)


def test_answers_that_sign_nobody_in_are_counted(world: World, liar: Liar) -> None:
    """A37."""
    codes = [Client().get(BACK, {"code": "c", "state": "s"}).status_code for _ in range(31)]
    assert codes == [403] * 30 + [429]


@pytest.mark.parametrize("following", ["//evil.example", "https://evil.example/", "/%09//evil.example", "/\\evil"])
def test_it_leads_nowhere_else(following: str, world: World, liar: Liar) -> None:
    """A27."""
    assert came(liar, following=following)["Location"] == "/now/"


def test_whoever_is_signed_in_is_sent_nowhere(world: World, liar: Liar, browser: Browser) -> None:
    assert browser(world.bo).get(LEAVE, {"next": "/incidents/"})["Location"] == "/incidents/"


# --- who is who -----------------------------------------------------------------------------------
def test_a_changed_address_at_the_provider_opens_nobody_elses_account(world: World, liar: Liar) -> None:
    """A51, takeover: Bo's account there takes Ada's address; he stays Bo."""
    came(liar)
    liar.claims["email"] = world.ada.email
    client = Client()
    came(liar, client)
    assert who(client) == world.bo.email


def test_an_address_that_went_to_another_account_there_opens_nothing(world: World, liar: Liar) -> None:
    """A51, takeover: a new employee gets Bo's former address at the provider."""
    came(liar)
    liar.claims["sub"] = "s-2"
    answer = came(liar)
    assert answer.status_code == 403
    assert "Another account of the identity provider" in text_of(answer)
    identities.unbind(acts(world.ada), Identity.objects.get())
    assert came(liar).status_code == 302


def test_unbinding_signs_the_person_out(world: World, liar: Liar) -> None:
    """A28, A51: whoever has the account at the provider may have opened the sessions."""
    client = Client()
    came(liar, client)
    assert who(client) == world.bo.email
    identities.unbind(acts(world.ada), Identity.objects.get())
    assert client.get("/now/").status_code == 302


def test_the_same_subject_of_another_issuer_is_another(world: World, liar: Liar) -> None:
    Identity.objects.create(user=world.ada, issuer="https://former.example.org", subject="s-1")
    client = Client()
    came(liar, client)
    assert who(client) == world.bo.email


def test_a_deactivated_person_stays_outside(world: World, liar: Liar) -> None:
    """A51: before and after the account was bound."""
    came(liar)
    users.deactivate(acts(world.ada), world.bo)
    users.deactivate(acts(world.ada), world.cy)
    assert came(liar).status_code == 403
    liar.claims |= {"sub": "s-3", "email": world.cy.email}
    assert "has been shut" in text_of(came(liar))
    assert Identity.objects.count() == 1


def test_somebody_invited_joins_by_the_provider(world: World, liar: Liar) -> None:
    """A40, A51: the verified address is as good as the mailed link, which is spent with it."""
    sent = invitations.invite(acts(world.ada), email="kim@example.org", name="Kim Yu", team=world.payments)
    liar.claims |= {"sub": "s-4", "email": "Kim@Example.org", "name": "Kim\nYu\u202e" + "x" * 200}
    client = Client()
    assert came(liar, client)["Location"] == "/profile/contact-methods/"
    assert who(client) == "kim@example.org"
    kim = User.objects.get(email="kim@example.org")
    assert (kim.name, kim.has_usable_password()) == ("Kim Yu", False)
    assert kim.memberships.get().team == world.payments
    assert Client().get(f"/invitation/{sent.raw}/").status_code == 404


def test_an_invitation_does_not_help_an_unverified_address(world: World, liar: Liar) -> None:
    """A40, A51."""
    invitations.invite(acts(world.ada), email="kim@example.org", name="Kim Yu")
    liar.claims |= {"sub": "s-4", "email": "kim@example.org", "email_verified": False}
    assert came(liar).status_code == 403
    assert not User.objects.filter(email="kim@example.org").exists()


def test_the_address_may_stand_in_userinfo(world: World, liar: Liar) -> None:
    liar.drop = ("email", "email_verified", "name")
    liar.userinfo = {"sub": "s-1", "email": world.bo.email, "email_verified": True}
    client = Client()
    came(liar, client)
    assert who(client) == world.bo.email


def test_entras_own_word_for_a_verified_address_counts_at_entra(world: World, liar: Liar, settings: Any) -> None:
    issuer = "https://login.microsoftonline.com/0000/v2.0"
    settings.OIDC_ISSUER = liar.about["issuer"] = liar.claims["iss"] = issuer
    liar.drop = ("email_verified",)
    assert came(liar).status_code == 403
    liar.claims["xms_edov"] = True
    assert came(liar).status_code == 302


# --- the doors ------------------------------------------------------------------------------------
def test_nothing_is_there_unless_the_environment_names_a_provider(world: World) -> None:
    """A51."""
    assert Client().get(LEAVE).status_code == 404
    assert Client().get(BACK, {"code": "c", "state": "s"}).status_code == 404
    assert "/accounts/oidc/" not in text_of(Client().get("/accounts/login/"))


def test_the_cookie_of_the_way_is_sealed(world: World, liar: Liar) -> None:
    """A29, A98: neither the verifier nor the nonce is to be read from it."""
    client = Client()
    found = gone(liar, client, "/incidents/")
    cookie = client.cookies[views.COOKIE]
    assert (bool(cookie["httponly"]), cookie["samesite"], cookie["max-age"]) == (True, "Lax", 600)
    assert found["state"] not in cookie.value
    assert found["nonce"] not in cookie.value
    assert found["code_challenge_method"] == "S256"
    assert found["redirect_uri"] == f"{HERE}{BACK}", "from the configured address, not from Host (A33)"
    assert timedelta(minutes=10) == views.LIFE
