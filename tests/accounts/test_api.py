"""People, teams and tokens over the API: the same verbs, the same rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.commands import tokens, users
from accounts.models import ApiToken, Membership, User
from tests.world import PASSWORD, World, acts, token

Api = Callable[..., APIClient]
Browser = Callable[..., Client]
BASE = "/api/v1"
OTHER = "a quiet harbour at dawn"


def test_me(world: World, api: Api) -> None:
    me = api(world.ana).get(f"{BASE}/me/").json()
    assert (me["name"], me["email"], me["role"]) == ("Ana Lima", "ana@example.org", "responder")
    assert me["teams"] == [{"id": world.payments.pk, "name": "Payments", "role": "manager"}]
    assert me["scopes"] == ["admin", "read", "write"]
    changed = api(world.ana).patch(f"{BASE}/me/", {"time_zone": "Asia/Tokyo"}, format="json")
    assert changed.json()["time_zone"] == "Asia/Tokyo"


def test_nobody_gets_in_without_signing_in(db: None) -> None:
    """A67: every route of the room is closed."""
    for path in ("me/", "users/", "users/1/", "teams/", "teams/1/", "teams/1/members/", "tokens/", "tokens/1/"):
        answer = APIClient().get(f"{BASE}/{path}")
        assert answer.status_code == 401, path
        assert answer["Content-Type"] == "application/problem+json"


def test_tokens_that_open_nothing(world: World) -> None:
    """A44: revoked 401, expired 401, owner deactivated 403, scope missing 403, in the address 400, as cookie 401."""
    made, raw = tokens.issue(acts(world.bo), world.bo, "x", ["read", "write"])

    def ask(sent: str = raw, path: str = "me/", **extra: Any) -> int:
        return APIClient().get(f"{BASE}/{path}", HTTP_AUTHORIZATION=f"Bearer {sent}", **extra).status_code

    assert ask() == 200
    assert ask("wb_" + "x" * 43) == 401
    assert ask("") == 401
    assert APIClient().get(f"{BASE}/me/", {"token": raw}).status_code == 400
    assert APIClient().get(f"{BASE}/me/", HTTP_COOKIE=f"token={raw}; watchbill={raw}").status_code == 401
    assert APIClient().get(f"{BASE}/me/", HTTP_AUTHORIZATION=f"Basic {raw}").status_code == 401
    narrow = APIClient()
    narrow.credentials(HTTP_AUTHORIZATION=f"Bearer {token(world.bo, 'read')}")
    assert narrow.patch(f"{BASE}/me/", {"name": "B"}, format="json").status_code == 403
    users.deactivate(acts(world.ada), world.bo)
    assert ask() == 403
    users.reactivate(acts(world.ada), world.bo)
    assert ask() == 401, "a former token stays dead"
    assert made.prefix == raw[:8]


def test_last_use_is_noted(world: World, api: Api) -> None:
    api(world.bo).get(f"{BASE}/me/")
    assert ApiToken.objects.get().last_used_at is not None


def test_a_session_needs_the_csrf_token(world: World, browser: Browser) -> None:
    """A24."""
    client = browser(world.bo, csrf=True)
    answer = client.patch(f"{BASE}/me/", {"name": "Mallory"}, content_type="application/json")
    assert answer.status_code == 403
    client.get("/accounts/password/change/")
    key = client.cookies["csrf"].value
    headers = {"X-CSRFToken": key}
    answer = client.patch(f"{BASE}/me/", {"name": "Bo C."}, content_type="application/json", headers=headers)
    assert answer.status_code == 200
    headers["Origin"] = "https://evil.example"
    answer = client.patch(f"{BASE}/me/", {"name": "Mallory"}, content_type="application/json", headers=headers)
    assert answer.status_code == 403
    world.bo.refresh_from_db()
    assert world.bo.name == "Bo C."


def test_another_site_reads_nothing_through_a_browser(world: World, browser: Browser) -> None:
    """A25, A35."""
    client = browser(world.bo)
    answer = client.get(f"{BASE}/me/", headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize("field", ["role", "is_staff", "is_active", "id", "email", "session_epoch"])
def test_mass_assignment(world: World, api: Api, field: str) -> None:
    """A59."""
    assert api(world.bo).patch(f"{BASE}/me/", {field: "administrator"}, format="json").status_code == 400
    world.bo.refresh_from_db()
    assert (world.bo.role, world.bo.is_active) == ("responder", True)


def test_the_directory_shows_names_and_hides_addresses(world: World, api: Api) -> None:
    """Matrix 3.4: names for staff, contact data for oneself and administrators, nothing for stakeholders."""
    listed = api(world.eve).get(f"{BASE}/users/").json()["results"]
    assert [each["name"] for each in listed][:3] == ["Ada Admin", "Ana Lima", "Bo Chen"]
    assert [each["email"] for each in listed if each["email"]] == ["eve@example.org"]
    assert all(each["email"] for each in api(world.ada).get(f"{BASE}/users/").json()["results"])
    assert [each["name"] for each in api(world.sam).get(f"{BASE}/users/").json()["results"]] == ["Sam Stake"]
    assert api(world.sam).get(f"{BASE}/users/{world.bo.pk}/").status_code == 404


def test_lists_take_only_their_own_filters(world: World, api: Api) -> None:
    """A13, A65."""
    client = api(world.ada)
    assert len(client.get(f"{BASE}/users/", {"role": "administrator"}).json()["results"]) == 1
    for query in ("password__startswith=a", "ordering=password", "role=x", "q='", "expand=teams", "page_size=100000"):
        assert client.get(f"{BASE}/users/?{query}").status_code == 400, query


@pytest.mark.parametrize("number", ["0", "999999999999", "9" * 40, "9" * 5000, "-1", "1e3", "x"])
def test_numbers_that_name_nobody(world: World, api: Api, number: str) -> None:
    """A22, A57."""
    for noun in ("users", "teams", "tokens"):
        assert api(world.ada).get(f"{BASE}/{noun}/{number}/").status_code == 404


def test_administrators_run_the_directory(world: World, api: Api) -> None:
    client = api(world.ada)
    given = {"name": "Flo", "email": "flo@example.org", "password": OTHER}
    made = client.post(f"{BASE}/users/", given, format="json")
    assert made.status_code == 201
    one = f"{BASE}/users/{made.json()['id']}"
    assert client.patch(f"{one}/", {"name": "Flo R.", "version": 1}, format="json").json()["name"] == "Flo R."
    assert client.patch(f"{one}/", {"name": "Late", "version": 1}, format="json").status_code == 409
    assert client.post(f"{one}/role/", {"role": "process_owner"}, format="json").json()["role"] == "process_owner"
    assert client.post(f"{one}/deactivate/").json()["is_active"] is False
    assert client.post(f"{one}/reactivate/").json()["is_active"] is True
    assert client.post(f"{BASE}/users/", given, format="json").status_code == 409
    assert client.post(f"{BASE}/users/{world.ada.pk}/deactivate/").status_code == 409


def test_eve_changes_nobody(world: World, api: Api) -> None:
    """A57, A60: 403 for what she may see, and nothing has changed."""
    client, one = api(world.eve), f"{BASE}/users/{world.bo.pk}"
    before = User.objects.filter(pk=world.bo.pk).values().get()
    assert client.post(f"{BASE}/users/", {"name": "X", "email": "x@example.org"}, format="json").status_code == 403
    assert client.patch(f"{one}/", {"name": "X"}, format="json").status_code == 403
    for verb, body in (("role", {"role": "administrator"}), ("deactivate", {}), ("reactivate", {})):
        assert client.post(f"{one}/{verb}/", body, format="json").status_code == 403
    own = f"{BASE}/users/{world.eve.pk}/role/"
    assert client.post(own, {"role": "administrator"}, format="json").status_code == 403
    team = f"{BASE}/teams/{world.payments.pk}"
    assert client.patch(f"{team}/", {"name": "X"}, format="json").status_code == 403
    assert client.delete(f"{team}/").status_code == 403
    assert client.put(f"{team}/members/{world.eve.pk}/", {"role": "manager"}, format="json").status_code == 403
    assert client.delete(f"{team}/members/{world.bo.pk}/").status_code == 403
    assert User.objects.filter(pk=world.bo.pk).values().get() == before


def test_teams(world: World, api: Api) -> None:
    made = api(world.pat).post(f"{BASE}/teams/", {"name": "Platform"}, format="json")
    assert made.status_code == 201
    one = f"{BASE}/teams/{made.json()['id']}"
    client = api(world.pat)
    assert client.put(f"{one}/members/{world.di.pk}/", {"role": "manager"}, format="json").json()["role"] == "manager"
    assert [each["name"] for each in client.get(f"{one}/members/").json()["results"]] == ["Di Okoro"]
    assert api(world.di).patch(f"{one}/", {"description": "Clusters"}, format="json").status_code == 200
    assert api(world.di).delete(f"{one}/members/{world.di.pk}/").status_code == 204
    assert client.delete(f"{one}/").status_code == 204
    assert client.delete(f"{BASE}/teams/{world.payments.pk}/").status_code == 409
    assert api(world.sam).get(f"{BASE}/teams/").json()["results"] == []
    assert Membership.objects.filter(team=world.payments).count() == 3


def test_tokens_are_made_in_the_browser_only(world: World, api: Api, browser: Browser) -> None:
    """Matrix 3.4, column AT; A98: the answer holds the token once, nothing keeps it."""
    given = {"name": "laptop", "scopes": ["read"]}
    assert api(world.bo).post(f"{BASE}/tokens/", given, format="json").status_code == 403
    client = browser(world.bo)
    made = client.post(f"{BASE}/tokens/", given, content_type="application/json")
    assert made.status_code == 201
    raw = made.json()["token"]
    assert APIClient().get(f"{BASE}/me/", HTTP_AUTHORIZATION=f"Bearer {raw}").json()["scopes"] == ["read"]
    listed = client.get(f"{BASE}/tokens/")
    assert raw not in listed.content.decode()
    assert "digest" not in listed.content.decode()
    once = client.post(f"{BASE}/tokens/", given, content_type="application/json", headers={"Idempotency-Key": "k"})
    assert once.status_code == 400
    one = f"{BASE}/tokens/{made.json()['id']}/"
    assert browser(world.eve).delete(one).status_code == 404
    assert browser(world.eve).get(one).status_code == 404
    assert browser(world.ada).get(one).json()["name"] == "laptop"
    assert client.delete(one).status_code == 204
    assert APIClient().get(f"{BASE}/me/", HTTP_AUTHORIZATION=f"Bearer {raw}").status_code == 401


def test_the_password_over_the_api(world: World, api: Api, browser: Browser) -> None:
    given = {"current": PASSWORD, "password": OTHER}
    assert api(world.bo).post(f"{BASE}/me/password/", given, format="json").status_code == 403
    client, elsewhere = browser(world.bo), browser(world.bo)
    wrong = client.post(f"{BASE}/me/password/", {**given, "current": "no"}, content_type="application/json")
    assert wrong.json()["fields"] == {"current": ["This is not your present password."]}
    for number in range(12):  # A37: a right one is no guess
        given = {"current": given["password"], "password": f"{OTHER} {number}"} if number else given
        assert client.post(f"{BASE}/me/password/", given, content_type="application/json").status_code == 204
    assert client.get(f"{BASE}/me/").status_code == 200
    assert elsewhere.get(f"{BASE}/me/").status_code == 401
