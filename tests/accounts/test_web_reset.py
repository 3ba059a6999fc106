"""The mailed link to a new password opens once, for a day, and nothing after a change (A28, A33, A39)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from django.core import mail
from django.test import Client

from accounts.commands import users
from accounts.jobs import send_reset_mail
from accounts.models import User
from core.models import BulkJob
from tests.pages import text_of
from tests.world import PASSWORD, World, acts

OTHER = "a quiet harbour at dawn"
ROOT = "http://localhost:8000"


@pytest.fixture(autouse=True)
def _in_memory(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def asked(user: User) -> str:
    """The path of the link that Bo gets for asking, whatever host his request claims."""
    Client().post("/accounts/password/reset/", {"email": user.email})
    job = BulkJob.objects.filter(name="accounts.reset_mail").latest("pk")
    send_reset_mail(job.ref)
    link = next(line for line in str(mail.outbox[-1].body).splitlines() if line.startswith("http"))
    assert link.startswith(f"{ROOT}/accounts/password/reset/key/")
    return link.removeprefix(ROOT)


def opened(path: str) -> tuple[Client, str, int]:
    """A browser at the form to which the link leads, the form's own path, and the status."""
    client = Client()
    answer = client.get(path, follow=True)
    return client, answer.redirect_chain[-1][0] if answer.redirect_chain else path, answer.status_code


def choose(path: str, password: str = OTHER) -> int:
    """Follow the link and set a password; the last status."""
    client, form, status = opened(path)
    if status != 200:
        return status
    return client.post(form, {"password1": password, "password2": password}).status_code


SPOILS: list[Callable[[World, str], object]] = [
    lambda world, path: choose(path),
    lambda world, path: users.set_password(acts(world.bo), world.bo, password=OTHER),
    lambda world, path: users.edit(acts(world.ada), world.bo, email="bo.chen@example.org"),
    lambda world, path: choose(asked(world.bo)),
    lambda world, path: Client().post("/accounts/login/", {"login": world.bo.email, "password": PASSWORD}),
    lambda world, path: users.deactivate(acts(world.ada), world.bo),
]


@pytest.mark.parametrize(
    "number", range(6), ids=["used", "password", "address", "second link", "signed in", "shut out"]
)
def test_a_change_makes_the_link_void(number: int, world: World) -> None:
    """A39: used, after another password or address, a second link, a sign-in, or leaving."""
    path = asked(world.bo)
    assert opened(path)[2] == 200
    SPOILS[number](world, path)
    world.bo.refresh_from_db()
    before = world.bo.password
    assert opened(path)[2] == 400
    assert "used or is too old" in text_of(Client().get(path, follow=True))
    assert choose(path, "another quiet harbour") == 400
    world.bo.refresh_from_db()
    assert world.bo.password == before


def test_a_form_that_was_opened_before_the_change_sets_nothing(world: World) -> None:
    """A39: the key is looked at again when the form comes."""
    client, form, _ = opened(asked(world.bo))
    users.set_password(acts(world.bo), world.bo, password=OTHER)
    answer = client.post(form, {"password1": "another quiet harbour", "password2": "another quiet harbour"})
    assert answer.status_code == 400
    world.bo.refresh_from_db()
    assert world.bo.check_password(OTHER)


def test_the_link_is_good_for_a_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A39."""
    path = asked(world.bo)
    made = datetime.now()
    for hours, status in ((23.9, 200), (24.1, 400)):
        later = made + timedelta(hours=hours)
        monkeypatch.setattr(type(default_token_generator), "_now", lambda self, later=later: later)
        assert opened(path)[2] == status


def test_the_key_goes_into_no_referer(world: World) -> None:
    """A39: the form stands at an address without the key, and nothing is told to other sites."""
    path = asked(world.bo)
    _, form, _ = opened(path)
    key = path.rstrip("/").rpartition("-")[2]
    assert key not in form
    first = Client().get(path)
    assert (first.status_code, first["Referrer-Policy"]) == (302, "same-origin")
    assert "no-store" in first["Cache-Control"]


def test_the_link_is_built_on_our_own_address(world: World, settings: Any) -> None:
    """A33: what the request claims to be its host is in no mail."""
    settings.ALLOWED_HOSTS = ["*"]
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    Client().post("/accounts/password/reset/", {"email": world.bo.email}, headers=headers)
    send_reset_mail(BulkJob.objects.get(name="accounts.reset_mail").ref)
    assert "evil" not in str(mail.outbox[0].body)


def test_another_ones_key_sets_nothing(world: World) -> None:
    """A39: Bo's key under Ana's number."""
    key = asked(world.bo).rstrip("/").rpartition("/")[2].partition("-")[2]
    ana = asked(world.ana).rstrip("/").rpartition("/")[2].partition("-")[0]
    assert opened(f"/accounts/password/reset/key/{ana}-{key}/")[2] == 400
