"""The second person of a portal, step by step as docs/process-owners/index.md tells it; no invitation is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client

from accounts.jobs import send_reset_mail
from accounts.models import User
from core import clock, worker
from core.models import BulkJob
from notifications.models import ContactMethod
from oncall.models import Page
from tests import world as builders
from tests.world import World

NEW_PASSWORD = "a door of green glass"


@pytest.mark.django_db
def test_nora_is_added_chooses_a_password_and_is_paged(
    world: World, browser: Callable[..., Client], settings: object, at: clock.FrozenClock
) -> None:
    """RES-20: Ada adds her, the reset mail lets her in, Ana takes her into the team, and her turn pages her."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # type: ignore[attr-defined]
    given = {"name": "Nora Berg", "email": "nora@example.org", "role": "responder", "time_zone": "Europe/Oslo"}
    made = browser(world.ada).post("/admin/accounts/user/add/", given)
    assert made.status_code == 302, made.content.decode()[:2000]
    worker.drain()
    nora = User.objects.get(email="nora@example.org")
    assert not mail.outbox, "nobody is invited by mail"
    assert ContactMethod.objects.get(user=nora).verified_at is not None, "the administrator vouches for the address"

    Client().post("/accounts/password/reset/", {"email": nora.email})
    for ref in BulkJob.objects.filter(name="accounts.reset_mail").values_list("ref", flat=True):
        send_reset_mail(ref)
    link = next(line for line in str(mail.outbox[0].body).splitlines() if line.startswith("http"))
    client = Client()
    form = client.get(link.removeprefix("http://localhost:8000"), follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert client.post("/accounts/login/", {"login": nora.email, "password": NEW_PASSWORD}).status_code == 302
    assert client.get("/profile/contact-methods/").status_code == 200

    taken = browser(world.ana).post(f"/teams/{world.payments.pk}/members/", {"user": nora.pk, "role": "member"})
    assert taken.status_code == 303, taken.content.decode()[:2000]
    world.checkout.policy = builders.policy("Nora first", world.payments, [nora], [world.bo])
    world.checkout.save()
    client.post(f"/services/{world.checkout.pk}/test-event/", {"summary": "Hello", "severity": "critical"})
    worker.drain()
    assert Page.objects.get().user == nora
