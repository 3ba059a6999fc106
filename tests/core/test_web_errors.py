"""Error pages say what happened, what still works and what to do, in every asker's form (design 10, F48, A96)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.db import OperationalError
from django.test import Client, override_settings

from accounts.commands import users
from accounts.models import User
from accounts.permissions import can
from core.web import errors
from incidents.models import Incident
from incidents.permissions import INCIDENT_CLOSE
from oncall.permissions import SERVICE_EDIT
from portal.people import who_may
from tests import world as builders
from tests.core.test_web_middleware import REFUSALS, STATUS, handler400, handler403, handler404, handler500, urlpatterns
from tests.pages import text_of
from tests.world import World, acts, enter

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture(autouse=True)
def routes() -> object:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def page(world: World, kind: str, **words: Any) -> str:
    """What Bo sees of a refusal."""
    client = Client(raise_request_exception=False)
    client.force_login(world.bo)
    return text_of(client.get(f"/refuse/{kind}/", **words))


@pytest.mark.parametrize("kind", [kind for kind in REFUSALS if STATUS[kind] not in errors.BARE])
def test_bo_stays_inside_the_portal(world: World, kind: str) -> None:
    found = page(world, kind)
    assert found.count("<h1") == 1
    assert 'aria-label="Sections"' in found
    assert f'data-error="{STATUS[kind]}"' in found
    assert "Error number" in found


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_stranger_gets_the_bare_page(kind: str) -> None:
    found = text_of(Client(raise_request_exception=False).get(f"/refuse/{kind}/"))
    assert found.count("<h1") == 1
    assert 'aria-label="Sections' not in found
    assert "Error number" in found
    assert "<script" not in found


@pytest.mark.parametrize("kind", ["broken", "locked"])
def test_what_broke_is_not_asked_again_f48(
    world: World, kind: str, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 and 503 come without the shell: no session, no figures, no database."""
    found = page(world, kind)
    assert 'aria-label="Sections' not in found
    assert "Paging goes on" in found or "Nothing that was saved is lost" in found
    monkeypatch.setattr(SessionBase, "get", lambda *_: pytest.fail("the page of an error read the session"))
    with django_assert_num_queries(0):
        said = errors.Refusal(500, "Something broke", "No page.", "", "abc", {})
        assert "Something broke" in errors._render("errors/error.html", said)


def test_a_shell_that_cannot_be_read_leaves_the_bare_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """F48: the database went away between the view and its refusal."""

    def away(*_: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("core.web.navigation.Shell.groups", property(away))
    found = page(world, "conflict")
    assert "Bo has acknowledged it already." in found
    assert 'aria-label="Sections' not in found


def test_what_still_works_is_said(world: World) -> None:
    assert "Paging goes on by every other way." in page(world, "unreachable")
    often = page(world, "often")
    assert "Paging goes on" in often
    assert "Try again in about a minute." in often
    assert "Too many tries." not in often, "the heading says it"
    assert "Shorten the text" in page(world, "big")


def test_not_found_offers_search_and_the_pages_seen_last(world: World) -> None:
    found = page(world, "nowhere")
    assert re.search(r'<form[^>]*action="/incidents/"[^>]*method="get"', found)
    assert "data-recent hidden" in found
    assert "data-recent" not in page(world, "denied")


def refused(user: User, path: str) -> str:
    """What somebody is told who opens a page that is not for him or her."""
    with override_settings(ROOT_URLCONF="portal.urls"):
        answer = enter(Client(), user).get(path)
    assert answer.status_code == 403
    return text_of(answer).partition("<h1>")[2].partition("Go to Now")[0]


def test_a_refusal_names_the_nearest_who_may_do_it(world: World) -> None:
    """The team's managers where they may; once the only one was shut out, those who come after her."""
    path = f"/services/{world.checkout.pk}/edit/"
    for asking in (world.bo, world.di, world.eve):
        found = refused(asking, path)
        assert "Whom to ask" in found
        assert "Ana Lima, manager of Payments" in found
        assert not any(other.name in found for other in (world.pat, world.ada, world.di))
    users.deactivate(acts(world.ada), world.ana)
    found = refused(world.bo, path)
    assert f"{world.pat.name}, process owner" in found
    assert "Ana Lima" not in found
    assert "manager" not in found


def test_a_stakeholder_is_told_of_no_team(world: World) -> None:
    """Who manages which team is the staff's to know; only another role would help."""
    assert who_may(acts(world.bo), (SERVICE_EDIT, world.checkout)) == ["Ana Lima, manager of Payments"]
    assert who_may(acts(world.sam), (SERVICE_EDIT, world.checkout)) == [f"{world.ada.name}, administrator"]


def test_nobody_is_named_for_what_is_private(world: World) -> None:
    """S34: the managers of the service's team may not know of it, and asking them would tell."""
    incident = Incident(number=7, title="Payroll", service=world.checkout, visibility="private", codename="Heron")
    lacking = (INCIDENT_CLOSE, incident)
    assert not can(acts(world.bo), *lacking)
    assert who_may(acts(world.bo), lacking) == []
    incident.visibility = "open"
    assert who_may(acts(world.bo), lacking) == ["Ana Lima, manager of Payments"]


def test_what_only_administrators_may_names_three_of_them(world: World) -> None:
    """Pat keeps the process, and may not help with it; neither may an administrator who was shut out."""
    builders.person("Abe Gone", role="administrator", is_active=False)
    found = refused(world.pat, "/admin/accounts/user/")
    assert f"{world.ada.name}, administrator" in found
    assert not any(name in found for name in ("Abe Gone", "or another", world.pat.name, "owner", "manager"))
    for name in ("Ben Ode", "Cat Roe", "Dan Poe"):
        builders.person(name, role="administrator")
    found = refused(world.bo, "/admin/login/")
    assert found.count(", administrator") == 3
    assert "or another administrator" in found
    assert "Ana Lima" not in found


def test_what_nobody_could_give_names_nobody(world: World) -> None:
    for kind in ("forbidden", "denied"):
        found = page(world, kind)
        assert "Whom to ask" not in found
        assert "Ask a" not in found
    assert "Whom to ask" not in text_of(Client().get("/refuse/forbidden/"))


def test_a_conflict_leads_to_the_present_state(world: World) -> None:
    client = Client()
    client.force_login(world.bo)
    with override_settings(ROOT_URLCONF="portal.urls"):
        answer = client.post("/help/", headers={"Accept": "text/html"})
    assert answer.status_code == 405
    assert "This address takes no form" in text_of(answer)
    shown = text_of(client.post("/refuse/conflict/"))
    assert "See how it stands now" in shown
    assert "Reload to see the present state." in shown


def test_an_expired_form_says_so_and_where_to_go(world: World) -> None:
    """A23: to Bo inside the portal, to a stranger bare, to a script without a session as 401."""
    for user, words in ((world.bo, "Go back. Reload the page"), (None, "Sign in again, then go back.")):
        client = Client(enforce_csrf_checks=True)
        if user is not None:
            client.force_login(user)
        answer = client.post("/zone/", {"text": "kept"})
        assert answer.status_code == 403
        assert "<h1>This form has expired</h1>" in text_of(answer)
        assert words in text_of(answer)
        assert "Whom to ask" not in text_of(answer)
    assert Client(enforce_csrf_checks=True).post("/zone/", headers={"HX-Request": "true"}).status_code == 401


def test_a_broken_template_still_gives_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """F48: the very last page is plain."""

    def broken(*_: Any, **__: Any) -> str:
        raise OSError

    monkeypatch.setattr(errors, "render_to_string", broken)
    found = text_of(Client(raise_request_exception=False).get("/refuse/conflict/"))
    assert "<h1>This has changed in the meantime</h1>" in found
    assert "Bo has acknowledged it already." in found
