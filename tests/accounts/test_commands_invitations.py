"""Somebody is invited and joins by the mailed link, once (A33, A40, A54, A60)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connections

from accounts.commands import invitations, users
from accounts.jobs import prune_invitations, send_invitation_mail
from accounts.models import Invitation, Membership, User
from core import clock
from core.errors import Conflict, Forbidden, Invalid, Missing, PortalError, TooMany
from core.models import AuditEntry, BulkJob
from tests import world as builders
from tests.world import World, acts

JOINING = {"name": "Kim Yu", "password": "a quiet harbour at dawn", "time_zone": "Europe/Rome"}


@pytest.fixture
def post(settings: Any) -> list[Any]:
    """The mails that leave."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_URL = "smtp://mail.example.org"
    return mail.outbox


def invited(world: World, **more: Any) -> Invitation:
    """Ana invites Kim into Payments."""
    given: Any = {"email": "kim@example.org", "name": "Kim Yu", "team": world.payments, **more}
    return invitations.invite(acts(world.ana), **given).invitation


def mailed(post: list[Any]) -> str:
    """The token of the newest mail, after the bulk lane has run."""
    for ref in BulkJob.objects.filter(name="accounts.invitation_mail").values_list("ref", flat=True):
        send_invitation_mail(ref)
    link = next(line for line in str(post[-1].body).splitlines() if line.startswith("http"))
    assert link.startswith("http://localhost:8000/invitation/")
    return link.removesuffix("/").rpartition("/")[2]


def test_the_mailed_link_takes_in_once(world: World, post: list[Any]) -> None:
    """A33, A40: mailed to that address alone, hashed at rest, spent by joining."""
    waiting = invited(world, team_role="manager")
    raw = mailed(post)
    assert [each.to for each in post] == [["kim@example.org"]]
    assert raw not in str(list(Invitation.objects.values())), "neither in clear text nor, once mailed, at all"
    assert Invitation.objects.get().sealed == ""
    kim = invitations.accept(raw, **JOINING)
    assert (kim.email, kim.role, kim.time_zone) == ("kim@example.org", "responder", "Europe/Rome")
    assert kim.check_password(JOINING["password"])
    assert Membership.objects.get(user=kim).role == "manager"
    waiting.refresh_from_db()
    assert (waiting.state, waiting.joined) == ("joined", kim)
    with pytest.raises(Missing):
        invitations.accept(raw, **JOINING)
    verbs = AuditEntry.objects.filter(thing=f"invitation:{waiting.pk}").values_list("verb", flat=True)
    assert set(verbs) == {"invitation.send", "invitation.accept"}
    send_invitation_mail(str(waiting.pk))
    assert len(post) == 1, "a job that runs twice mails once"


def test_used_expired_revoked_and_guessed_are_alike(world: World, post: list[Any], at: clock.FrozenClock) -> None:
    """A40: one sentence for every link that opens nothing."""
    said = set()
    for number, spoil in enumerate(("revoke", "expire", "guess", "resend")):
        waiting = invited(world, email=f"kim{number}@example.org")
        raw = mailed(post)
        if spoil == "revoke":
            invitations.revoke(acts(world.ana), waiting)
        elif spoil == "resend":
            invitations.resend(acts(world.ana), waiting)
        elif spoil == "expire":
            Invitation.objects.filter(pk=waiting.pk).update(expires_at=clock.now())
        with pytest.raises(Missing) as refusal:
            invitations.accept(raw[::-1] if spoil == "guess" else raw, **JOINING)
        said.add(str(refusal.value))
    assert len(said) == 1
    assert not User.objects.filter(name="Kim Yu").exists()


def test_a_link_is_good_for_seven_days(world: World, post: list[Any], at: clock.FrozenClock) -> None:
    invited(world)
    raw = mailed(post)
    at.move(days=7, seconds=-1)
    assert invitations.open_to(raw).email == "kim@example.org"
    at.move(seconds=1)
    with pytest.raises(Missing):
        invitations.open_to(raw)


def test_the_new_link_makes_the_former_one_void(world: World, post: list[Any]) -> None:
    """A40."""
    waiting = invited(world)
    former = mailed(post)
    invitations.resend(acts(world.ada), waiting)
    present = mailed(post)
    with pytest.raises(Missing):
        invitations.accept(former, **JOINING)
    assert invitations.accept(present, **JOINING).email == "kim@example.org"
    for verb in (invitations.resend, invitations.revoke):
        with pytest.raises(Conflict, match="over"):
            verb(acts(world.ada), waiting)


def test_an_invitation_that_ran_out_is_sent_again_or_made_anew(world: World, at: clock.FrozenClock) -> None:
    waiting = invited(world)
    with pytest.raises(Conflict, match="invited already"):
        invited(world, email="KIM@example.org ")
    at.move(days=8)
    invitations.resend(acts(world.ana), waiting)
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
    at.move(days=8)
    assert invited(world).pk != waiting.pk
    waiting.refresh_from_db()
    assert waiting.state == "revoked"


def test_a_weak_password_leaves_the_link_open(world: World, post: list[Any]) -> None:
    invited(world)
    raw = mailed(post)
    with pytest.raises(Invalid) as refusal:
        invitations.accept(raw, **{**JOINING, "password": "short"})
    assert set(refusal.value.fields) == {"password"}
    assert invitations.open_to(raw).state == "waiting"


@pytest.mark.parametrize("inviter", ["ada", "pat", "ana"])
def test_people_invite_as_far_as_they_may(inviter: str, world: World) -> None:
    """A60, matrix 3.4: managers and process owners responders into their teams, administrators anybody."""
    actor = acts(getattr(world, inviter))
    wide = inviter == "ada"
    for role, team in (("process_owner", world.payments), ("administrator", None), ("stakeholder", None),
                       ("responder", None)):  # fmt: skip
        given: Any = {"email": f"{role}@example.org", "name": "Kim Yu", "role": role, "team": team}
        if wide:
            assert invitations.invite(actor, **given).invitation.role == role
            continue
        with pytest.raises(Forbidden):
            invitations.invite(actor, **given)
    if inviter == "ana":
        with pytest.raises(Forbidden):
            invitations.invite(actor, email="kim@example.org", name="Kim Yu", team=world.search)
    sent = invitations.invite(actor, email="kim@example.org", name="Kim Yu", team=world.payments)
    assert sent.invitation.team == world.payments


@pytest.mark.parametrize("who", ["bo", "di", "sam"])
def test_nobody_else_invites(who: str, world: World) -> None:
    waiting = invited(world)
    actor = acts(getattr(world, who))
    with pytest.raises(Forbidden):
        invitations.invite(actor, email="lou@example.org", name="Lou", team=world.payments)
    for verb in (invitations.resend, invitations.revoke):
        with pytest.raises(Forbidden):
            verb(actor, waiting)


def test_a_manager_does_not_send_an_administrators_invitation_again(world: World) -> None:
    """A60: nor takes it back, also where it leads into the manager's team."""
    given: Any = {"email": "kim@example.org", "name": "Kim Yu", "role": "administrator", "team": world.payments}
    waiting = invitations.invite(acts(world.ada), **given).invitation
    for verb in (invitations.resend, invitations.revoke):
        with pytest.raises(Forbidden):
            verb(acts(world.ana), waiting)


def test_a_right_that_was_lost_takes_its_invitations_along(world: World, post: list[Any]) -> None:
    """A60: a deactivated inviter, or one who manages the team no longer, lets nobody in."""
    invited(world)
    raw = mailed(post)
    Membership.objects.filter(user=world.ana).update(role="member")
    with pytest.raises(Missing):
        invitations.accept(raw, **JOINING)
    invitations.resend(acts(world.ada), Invitation.objects.get())
    raw = mailed(post)
    builders.person("Second Admin", role="administrator")
    users.deactivate(acts(User.objects.get(name="Second Admin")), world.ada)
    with pytest.raises(Missing):
        invitations.open_to(raw)


def test_an_address_that_has_an_account_is_refused(world: World) -> None:
    users.deactivate(acts(world.ada), world.cy)
    for email in ("BO@example.org", world.cy.email):
        with pytest.raises(Conflict) as refusal:
            invited(world, email=email)
        assert (refusal.value.code, set(refusal.value.fields)) == ("taken", {"email"})


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "kim@example.org, lou@example.org"), ("email", "kim"), ("name", ""), ("name", "Kim\nBcc: x"),
     ("role", "root"), ("team_role", "owner")],
)  # fmt: skip
def test_what_is_no_person_is_refused(field: str, value: str, world: World) -> None:
    """A9, A10."""
    given: Any = {"email": "kim@example.org", "name": "Kim", field: value}
    with pytest.raises(Invalid) as refusal:
        invitations.invite(acts(world.ada), **given)
    assert field in refusal.value.fields
    assert not Invitation.objects.exists()


def test_a_stakeholder_is_in_no_team(world: World) -> None:
    with pytest.raises(Invalid) as refusal:
        invitations.invite(
            acts(world.ada), email="kim@example.org", name="Kim", role="stakeholder", team=world.payments
        )
    assert set(refusal.value.fields) == {"team"}


def test_nobodys_mailbox_is_filled(world: World) -> None:
    """A54: five mails a day to one address, a hundred invitations an hour by one person."""
    waiting = invited(world)
    for _ in range(4):
        invitations.resend(acts(world.ana), waiting)
    with pytest.raises(TooMany):
        invitations.resend(acts(world.ana), waiting)
    for number in range(94):
        invited(world, email=f"kim{number}@example.org")
    with pytest.raises(TooMany):
        invited(world, email="one.more@example.org")


def test_without_a_mail_server_an_administrator_sees_the_link(world: World, settings: Any) -> None:
    """A40: shown to whoever could make the account anyhow, to nobody where mail goes out."""
    settings.EMAIL_URL = ""
    sent = invitations.invite(acts(world.ada), email="kim@example.org", name="Kim")
    assert invitations.open_to(sent.raw) == sent.invitation
    assert invitations.resend(acts(world.ana), invited(world, email="lou@example.org")).raw == ""
    settings.EMAIL_URL = "smtp://mail.example.org"
    assert invitations.resend(acts(world.ada), sent.invitation).raw == ""


@pytest.mark.django_db(transaction=True)
def test_of_five_who_join_at_once_one_does(settings: Any) -> None:
    """A40: threads with connections of their own, one link."""
    settings.EMAIL_URL = ""
    ada = builders.person("Ada Admin", role="administrator")
    raw = invitations.invite(acts(ada), email="kim@example.org", name="Kim").raw
    together, outcomes = threading.Barrier(5), []

    def join() -> None:
        together.wait(10)
        try:
            outcomes.append(invitations.accept(raw, **JOINING).email)
        except PortalError as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=join) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["Missing"] * 4 + ["kim@example.org"]
    assert User.objects.filter(email="kim@example.org").count() == 1
    assert Invitation.objects.get().expires_at - Invitation.objects.get().made_at == timedelta(days=7)


def test_what_has_long_been_over_is_forgotten(world: World, post: list[Any], at: clock.FrozenClock) -> None:
    """Nobody's address is kept who never came; who invited whom stands in the audit."""
    old, joined = invited(world), invited(world, email="lou@example.org")
    invitations.accept(mailed(post), **JOINING)
    at.move(days=96)
    young = invited(world, email="max@example.org")
    prune_invitations("")
    assert set(Invitation.objects.values_list("pk", flat=True)) == {old.pk, joined.pk, young.pk}
    at.move(days=2)
    prune_invitations("")
    assert list(Invitation.objects.values_list("pk", flat=True)) == [young.pk]
    assert AuditEntry.objects.filter(verb="invitation.accept").exists()
