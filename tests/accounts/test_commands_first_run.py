"""The first visit makes the administrator, once (A41)."""

from __future__ import annotations

import threading

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.commands import first_run
from accounts.greeting import set_up_link
from accounts.models import FirstRun, User
from accounts.queries import digest_of
from core.errors import Invalid, Missing, PortalError
from tests.world import World

ADA = {
    "name": "Ada Admin",
    "email": "ada@example.org",
    "password": "a quiet harbour at dawn",
    "time_zone": "Europe/Rome",
}


def token() -> str:
    raw = first_run.prepare()
    assert raw is not None
    return raw


@pytest.mark.django_db
def test_the_link_makes_the_administrator_and_is_spent() -> None:
    raw = token()
    assert raw not in str(list(FirstRun.objects.values()))
    made = first_run.complete(raw, **ADA)
    assert made.role == "administrator"
    assert made.check_password(ADA["password"])
    assert first_run.prepare() is None
    assert not first_run.is_open(raw)
    with pytest.raises(Missing):
        first_run.complete(raw, **{**ADA, "email": "second@example.org"})


@pytest.mark.django_db
def test_a_wrong_or_former_link_makes_nobody() -> None:
    former, present = token(), token()
    for raw in (former, "guess", "", "\ud83d"):
        assert not first_run.is_open(raw)
        with pytest.raises(Missing):
            first_run.complete(raw, **ADA)
    assert first_run.is_open(present)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_weak_password_leaves_the_link_open() -> None:
    raw = token()
    with pytest.raises(Invalid):
        first_run.complete(raw, **{**ADA, "password": "short"})
    assert first_run.is_open(raw)


def test_no_link_where_an_administrator_exists(world: World) -> None:
    """Also when somebody made one on the command line after the link was printed."""
    assert first_run.prepare() is None
    assert set_up_link() == []
    FirstRun.objects.create(digest=digest_of("old"))
    assert not first_run.is_open("old")
    with pytest.raises(Missing):
        first_run.complete("old", **{**ADA, "email": "more@example.org"})


@pytest.mark.django_db(transaction=True)
def test_two_first_visits_at_once_make_one_administrator() -> None:
    """A41: five threads with connections of their own, one link."""
    raw = token()
    together, outcomes = threading.Barrier(5), []

    def visit(number: int) -> None:
        together.wait(5)
        try:
            first_run.complete(raw, **{**ADA, "email": f"ada{number}@example.org"})
            outcomes.append("made")
        except PortalError as error:
            outcomes.append(error.code)
        connections.close_all()

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["made", *["not_found"] * 4]
    assert User.objects.filter(role="administrator").count() == 1


@pytest.mark.django_db
def test_the_page_sets_up_signs_in_and_is_gone() -> None:
    lines = set_up_link()
    assert len(lines) == 1
    path = lines[0].split("http://localhost:8000")[1]
    browser = Client(enforce_csrf_checks=True)
    assert "Create the administrator" in browser.get(path).content.decode()
    assert browser.post(path, ADA).status_code == 403, "a form without its token (A23)"
    given = {**ADA, "csrfmiddlewaretoken": browser.cookies["csrf"].value}
    weak = browser.post(path, {**given, "password": "short"})
    assert weak.status_code == 400
    assert "short" in weak.content.decode()
    done = browser.post(path, given)
    assert (done.status_code, done["Location"]) == (302, "/first-steps/")
    assert browser.session["_auth_user_id"] == str(User.objects.get().pk)
    assert Client().get(path).status_code == 404
    assert Client().post(path, ADA).status_code == 404


@pytest.mark.django_db
def test_a_link_of_a_former_start_says_where_the_present_one_is() -> None:
    """A41: the portal was started twice; a guessed link reads the same, and neither learns the present one."""
    former, present = token(), token()
    answers = [Client().get(f"/setup/{raw}/") for raw in (former, "guess")]
    answers.append(Client().post(f"/setup/{former}/", ADA))
    for answer in answers:
        page = answer.content.decode()
        assert answer.status_code == 404
        assert "This set-up link is not valid (any more)" in page
        assert "Look at the console or log of the portal for the present one." in page
        assert present not in page
        assert "no-store" in answer["Cache-Control"]
    assert not User.objects.exists()


def test_a_link_says_that_everything_is_set_up_already(world: World) -> None:
    """A41: a used link and a guessed one read the same and lead to the sign-in; nobody is named."""
    for answer in (Client().get("/setup/guess/"), Client().post("/setup/guess/", ADA)):
        page = answer.content.decode()
        assert answer.status_code == 404
        assert "Watchbill has been set up already" in page
        assert 'href="/accounts/login/"' in page
        assert world.ada.name not in page
        assert world.ada.email not in page


@pytest.mark.django_db
def test_the_sign_in_page_of_an_empty_portal_says_so() -> None:
    """Nobody can pass it before the first administrator is made; the link itself is not on the page (A41)."""
    raw = token()
    page = Client().get("/", follow=True).content.decode()
    assert "This portal has not been set up yet." in page
    assert "console or log" in page
    assert raw not in page
    first_run.complete(raw, **ADA)
    with CaptureQueriesContext(connections["default"]) as asked:
        assert "not been set up" not in Client().get("/accounts/login/").content.decode()
    assert len(asked) == 2, "whether somebody is there, and whose portal it is"


@pytest.mark.django_db
def test_looking_at_the_page_changes_nothing() -> None:
    """A23: a crawler that follows the link leaves it unused."""
    path = reverse("first_administrator", kwargs={"token": token()})
    for _ in range(3):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200
    assert not User.objects.exists()
