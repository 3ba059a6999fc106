"""People come, change and go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection, connections

from accounts import actors
from accounts.commands import tokens, users
from accounts.models import ApiToken, User
from core.errors import Conflict, Forbidden, Invalid, PortalError
from core.models import AuditEntry, BulkJob, Fact
from tests.world import World, acts, person

GOOD = "a quiet harbour at dawn"


def test_the_administrator_creates_a_person(world: World) -> None:
    made = users.create(acts(world.ada), email=" Flo@Example.ORG ", name="Flo Rossi", time_zone="Europe/Rome")
    assert (made.email, made.role, made.time_zone) == ("flo@example.org", "responder", "Europe/Rome")
    assert not made.has_usable_password()
    assert Fact.objects.filter(kind="user.created", payload={"user_id": made.pk}).count() == 1
    entry = AuditEntry.objects.get(verb="user.create")
    assert (entry.actor, entry.thing) == (f"user:{world.ada.pk}", f"user:{made.pk}")


@pytest.mark.parametrize("name", ["eve", "bo", "ana", "pat", "sam"])
def test_nobody_else_creates_people(world: World, name: str) -> None:
    with pytest.raises(Forbidden):
        users.create(acts(getattr(world, name)), email="x@example.org", name="X")


@pytest.mark.parametrize(
    "email",
    [
        "a@x.org, b@y.org",
        '"x" <a@b.org>',
        "аna@example.org",
        "a" * 320 + "@example.org",
        '"quoted local"@example.org',
        "ana\0@example.org",
        "ana\n@example.org",
        "ana@exämple.org",
        "",
    ],
)
def test_addresses_that_are_not_one_plain_address(world: World, email: str) -> None:
    """A10: lists, display names, look-alikes, over-long and quoted ones are refused."""
    with pytest.raises(Invalid):
        users.create(acts(world.ada), email=email, name="X")


@pytest.mark.parametrize("name", ["", "   ", "a\0b", "\ud83d", "Ana\r\nBcc: x@example.org", "n" * 121])
def test_names_that_cannot_be_stored_or_break_lines(world: World, name: str) -> None:
    """A9, A21."""
    with pytest.raises(Invalid):
        users.edit_profile(acts(world.bo), world.bo, name=name)


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Olympus"), ("time_zone", "../../etc/passwd"), ("theme", "x"), ("locale", 7)],
)
def test_zones_and_themes_of_the_set_only(world: World, field: str, value: object) -> None:
    """A4."""
    changes: dict[str, Any] = {field: value}
    with pytest.raises(Invalid) as refusal:
        users.edit_profile(acts(world.bo), world.bo, **changes)
    assert field in refusal.value.fields


def test_an_address_is_taken_whatever_its_case(world: World) -> None:
    with pytest.raises(Conflict) as refusal:
        users.create(acts(world.ada), email="BO@example.org", name="Another Bo")
    assert refusal.value.code == "taken"


def test_bo_edits_his_own_profile_and_nobody_elses(world: World) -> None:
    changed = users.edit_profile(acts(world.bo), world.bo, name="Bo Chen-Silva", time_zone="Asia/Tokyo", theme="dark")
    assert (changed.name, changed.time_zone, changed.theme) == ("Bo Chen-Silva", "Asia/Tokyo", "dark")
    with pytest.raises(Forbidden):
        users.edit_profile(acts(world.eve), world.bo, name="Eve was here")


@pytest.mark.parametrize("field", ["role", "is_active", "email", "session_epoch", "password", "is_staff"])
def test_mass_assignment_is_refused(world: World, field: str) -> None:
    """A59."""
    changes: dict[str, Any] = {field: "administrator"}
    with pytest.raises(Invalid):
        users.edit_profile(acts(world.bo), world.bo, **changes)
    world.bo.refresh_from_db()
    assert world.bo.role == "responder"


def test_a_form_opened_on_an_older_version_is_refused(world: World) -> None:
    """F45."""
    users.edit_profile(acts(world.bo), world.bo, name="One", version=world.bo.version)
    with pytest.raises(Conflict) as refusal:
        users.edit_profile(acts(world.bo), world.bo, name="Two", version=world.bo.version)
    assert refusal.value.code == "stale"


def test_roles_are_given_by_administrators_only(world: World) -> None:
    """A60: a manager grants nothing, a process owner grants nothing."""
    for name in ("eve", "ana", "pat"):
        with pytest.raises(Forbidden):
            users.change_role(acts(getattr(world, name)), world.bo, role="administrator")
    assert users.change_role(acts(world.ada), world.bo, role="process_owner").role == "process_owner"
    with pytest.raises(Invalid):
        users.change_role(acts(world.ada), world.bo, role="emperor")


def test_nobody_changes_the_own_role(world: World) -> None:
    """A60."""
    for name in ("eve", "ana", "ada"):
        user = getattr(world, name)
        with pytest.raises(Forbidden):
            users.change_role(acts(user), user, role="administrator")


def test_the_last_administrator_stays(world: World) -> None:
    """A60: also against the portal itself and against herself."""
    with pytest.raises(Conflict) as refusal:
        users.change_role(actors.system(), world.ada, role="responder")
    assert refusal.value.code == "last_administrator"
    with pytest.raises(Conflict):
        users.deactivate(acts(world.ada), world.ada)
    second = person("Ben Second", role="administrator")
    users.deactivate(acts(second), world.ada)
    with pytest.raises(Conflict):
        users.deactivate(acts(second), second)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_remove_each_other_leave_one() -> None:
    """A60 under concurrency: exactly one of the two succeeds."""
    first, second = person("Ada One", role="administrator"), person("Ben Two", role="administrator")
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def remove(mine: User, other: User) -> None:
        actor = acts(mine)
        together.wait(5)
        outcomes.append(_outcome(lambda: users.deactivate(actor, other)))
        connections.close_all()

    threads = [
        threading.Thread(target=remove, args=(first, second)),
        threading.Thread(target=remove, args=(second, first)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["conflict", "done"]
    assert User.objects.filter(role="administrator", is_active=True).count() == 1


def _outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except PortalError as error:
        return "conflict" if isinstance(error, Conflict) else type(error).__name__
    return "done"


def test_deactivation_ends_tokens_and_tells_the_rooms_above(world: World) -> None:
    """S50: what the person held is given to others by the readers of the fact."""
    made, _ = tokens.issue(acts(world.bo), world.bo, "laptop", ["read"])
    gone = users.deactivate(acts(world.ada), world.bo)
    assert not gone.is_active
    assert gone.deactivated_at is not None
    assert ApiToken.objects.get(pk=made.pk).revoked_at is not None
    assert Fact.objects.filter(kind="user.deactivated", payload={"user_id": world.bo.pk}).count() == 1
    users.deactivate(acts(world.ada), world.bo)
    assert Fact.objects.filter(kind="user.deactivated").count() == 1, "a second time changes nothing"


def test_eve_deactivates_and_reactivates_nobody(world: World) -> None:
    for verb in (users.deactivate, users.reactivate):
        with pytest.raises(Forbidden):
            verb(acts(world.eve), world.bo)


def test_reactivation_does_not_revive_tokens(world: World) -> None:
    made, _ = tokens.issue(acts(world.bo), world.bo, "laptop", ["read"])
    users.deactivate(acts(world.ada), world.bo)
    assert users.reactivate(acts(world.ada), world.bo).is_active
    assert ApiToken.objects.get(pk=made.pk).revoked_at is not None


def test_a_password_is_set_by_its_owner_within_the_rules(world: World) -> None:
    before = world.bo.session_epoch
    changed = users.set_password(acts(world.bo), world.bo, password=GOOD)
    assert changed.check_password(GOOD)
    assert changed.session_epoch == before + 1
    told = BulkJob.objects.get(name="accounts.security_mail")
    assert told.ref.startswith(f"password_set:{world.bo.pk}:"), "who did not do so himself learns of it"
    for weak in ("short", "password123", "bo@example.org", "x" * 257, "nul\0nul\0nul"):
        with pytest.raises(Invalid):
            users.set_password(acts(world.bo), world.bo, password=weak)
    with pytest.raises(Forbidden):
        users.set_password(acts(world.eve), world.bo, password=GOOD)


def test_a_password_change_does_not_undo_a_deactivation(world: World) -> None:
    """A28, S50: Bo's form was open when Ada shut him out; what he sends then lets nobody in."""
    bo = User.objects.get(pk=world.bo.pk)
    actor = actors.person(bo)
    users.deactivate(acts(world.ada), world.bo)
    with pytest.raises(Forbidden) as refusal:
        users.set_password(actor, bo, password=GOOD)
    assert refusal.value.code == "inactive"
    world.bo.refresh_from_db()
    assert (world.bo.is_active, world.bo.check_password(GOOD)) == (False, False)


def test_a_password_change_does_not_undo_a_demotion_or_a_new_name(world: World) -> None:
    """A60, F45: the row that the page had read is older than what Ada changed."""
    second = person("Ben Second", role="administrator")
    stale = User.objects.get(pk=second.pk)
    users.change_role(acts(world.ada), second, role="responder")
    users.edit(acts(world.ada), second, name="Ben Third")
    changed = users.set_password(actors.person(stale), stale, password=GOOD)
    assert (changed.role, changed.name) == ("responder", "Ben Third")
    second.refresh_from_db()
    assert (second.role, second.name, second.check_password(GOOD)) == ("responder", "Ben Third", True)


def test_the_row_is_not_held_while_the_password_is_hashed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash is slow on purpose; nobody else's write waits for it."""
    depth = len(connection.savepoint_ids)
    seen: list[int] = []

    def slow(password: str) -> str:
        seen.append(len(connection.savepoint_ids))
        return make_password(password)

    monkeypatch.setattr(users, "make_password", slow)
    users.set_password(acts(world.bo), world.bo, password=GOOD)
    assert seen == [depth]


def test_only_an_administrator_changes_an_address_and_sessions_end(world: World) -> None:
    before = world.bo.session_epoch
    changed = users.edit(acts(world.ada), world.bo, email="bo.chen@example.org", name="Bo")
    assert (changed.email, changed.session_epoch) == ("bo.chen@example.org", before + 1)
    with pytest.raises(Forbidden):
        users.edit(acts(world.eve), world.bo, email="eve@example.org")
    with pytest.raises(Conflict):
        users.edit(acts(world.ada), world.bo, email="cy@example.org")
    assert not connection.needs_rollback


def test_passwords_are_argon2(world: World) -> None:
    assert world.bo.password.startswith("argon2$argon2id$")
