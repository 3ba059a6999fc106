"""Invitations through the API (A40, A44, A57, A60)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from accounts.models import Invitation
from tests.world import World

Api = Callable[..., APIClient]
ROOT = "/api/v1/invitations/"
KIM = {"name": "Kim Yu", "email": "kim@example.org"}


def test_an_administrator_invites_resends_and_revokes(world: World, api: Api, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example.org"
    ada = api(world.ada)
    made = ada.post(ROOT, KIM, format="json")
    assert made.status_code == 201
    assert made.json()["state"] == "waiting"
    assert made.json()["link"] is None, "it goes by mail alone (A40)"
    assert "token" not in str(made.json())
    path = f"{ROOT}{made.json()['id']}/"
    assert ada.get(path).json()["email"] == "kim@example.org"
    assert ada.post(f"{path}resend/").status_code == 200
    assert ada.post(f"{path}revoke/").json()["state"] == "revoked"
    assert ada.post(f"{path}revoke/").json()["code"] == "over"
    assert [row["id"] for row in ada.get(ROOT).json()["results"]] == [made.json()["id"]]


def test_without_a_mail_server_the_answer_holds_the_link(world: World, api: Api, settings: Any) -> None:
    settings.EMAIL_URL = ""
    link = api(world.ada).post(ROOT, KIM, format="json").json()["link"]
    assert link.startswith("http://localhost:8000/invitation/")
    lou = {**KIM, "email": "lou@example.org", "team": world.payments.pk}
    assert api(world.ana).post(ROOT, lou, format="json").json()["link"] is None


def test_managers_see_those_of_their_teams(world: World, api: Api) -> None:
    """A57, A62."""
    for email, team in (("kim@example.org", world.payments.pk), ("lou@example.org", world.search.pk)):
        api(world.ada).post(ROOT, {"name": "X", "email": email, "team": team}, format="json")
    hers, other = Invitation.objects.order_by("pk")
    seen = {who: [row["email"] for row in api(getattr(world, who)).get(ROOT).json()["results"]]
            for who in ("ada", "pat", "ana", "bo", "sam")}  # fmt: skip
    assert seen == {"ada": ["lou@example.org", "kim@example.org"], "pat": ["lou@example.org", "kim@example.org"],
                    "ana": ["kim@example.org"], "bo": [], "sam": []}  # fmt: skip
    assert api(world.ana).get(f"{ROOT}{hers.pk}/").status_code == 200
    for verb in ("resend", "revoke"):
        assert api(world.ana).post(f"{ROOT}{other.pk}/{verb}/").status_code == 404


def test_a_token_needs_the_scope_of_administration(world: World, api: Api) -> None:
    """A44: reading is one thing, letting people in another."""
    reader = api(world.ada, "read", "write")
    assert reader.get(ROOT).status_code == 200
    assert reader.post(ROOT, KIM, format="json").status_code == 403
    assert api(world.ada, "admin").post(ROOT, KIM, format="json").status_code == 201


def test_bad_input_is_named(world: World, api: Api) -> None:
    ada = api(world.ada)
    for field, value in (("email", "a@b, c@d"), ("email", ""), ("role", "root"), ("team", "x"), ("team_role", "owner"),
                         ("name", "\0")):  # fmt: skip
        answer = ada.post(ROOT, {**KIM, field: value}, format="json")
        assert answer.status_code == 400
        assert field in answer.json()["fields"]
    assert ada.post(ROOT, {**KIM, "team": 999_999}, format="json").status_code == 404
    taken = ada.post(ROOT, {**KIM, "email": world.bo.email}, format="json")
    assert (taken.status_code, taken.json()["code"]) == (409, "taken")
    assert not Invitation.objects.exists()


def test_a_kept_answer_would_hold_the_link(world: World, api: Api) -> None:
    """A98."""
    answer = api(world.ada).post(ROOT, KIM, format="json", headers={"Idempotency-Key": "once"})
    assert answer.status_code == 400
