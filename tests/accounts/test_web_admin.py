"""The administration: open by role, and nothing in it goes past the commands (A60, A68)."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.contrib import admin
from django.test import Client

from accounts.commands import tokens
from accounts.models import ApiToken, Membership, Team, User
from core.models import AuditEntry
from tests import world as builders
from tests.pages import text_of
from tests.world import World, acts

Browser = Callable[..., Client]


def test_who_gets_in(world: World, browser: Browser) -> None:
    assert browser(world.ada).get("/admin/").status_code == 200
    assert browser(world.pat).get("/admin/").status_code == 200
    answer = browser().get("/admin/accounts/team/")
    assert answer.status_code == 302
    followed = browser().get("/admin/accounts/team/", follow=True)
    assert followed.redirect_chain[-1][0].startswith("/accounts/login/?next=%2Fadmin%2Faccounts%2Fteam%2F")
    for name in ("ana", "eve", "sam"):
        assert browser(getattr(world, name)).get("/admin/", follow=True).status_code == 403


def test_the_sign_in_of_the_administration_is_the_one_sign_in(db: None, browser: Browser) -> None:
    """A27, A37: no second form without throttles, no open redirect."""
    answer = browser().get("/admin/login/", {"next": "//evil.example"})
    assert answer["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    assert browser().post("/admin/login/", {"username": "x", "password": "y"}).status_code == 302


def test_no_page_of_a_library_writes_past_the_commands(world: World, browser: Browser) -> None:
    ours = {"core", "accounts", "notifications", "oncall", "incidents", "integrations"}
    assert {model._meta.app_label for model in admin.site._registry} <= ours


def test_process_owners_see_config_and_no_people(world: World, browser: Browser) -> None:
    client = browser(world.pat)
    assert client.get("/admin/accounts/team/").status_code == 200
    for path in ("user", "apitoken"):
        assert client.get(f"/admin/accounts/{path}/").status_code == 403
    assert client.get(f"/admin/accounts/user/{world.bo.pk}/change/").status_code == 403


def test_rights_by_role(world: World) -> None:
    assert world.ada.has_perm("accounts.change_user")
    assert world.ada.has_module_perms("django_q")
    assert world.pat.has_perms(["oncall.change_service", "accounts.add_team"])
    assert not world.pat.has_perm("accounts.change_user")
    assert not world.pat.has_module_perms("auth")
    assert not world.ana.has_perm("oncall.change_service")
    world.ada.is_active = False
    assert not world.ada.has_perm("accounts.change_user")


def test_people_are_changed_through_the_commands(world: World, browser: Browser) -> None:
    client = browser(world.ada)
    given = {"name": "Flo", "email": "flo@example.org", "role": "responder", "time_zone": "UTC"}
    assert client.post("/admin/accounts/user/add/", given).status_code == 302
    flo = User.objects.get(email="flo@example.org")
    assert client.post(f"/admin/accounts/user/{flo.pk}/change/", {**given, "role": "process_owner"}).status_code == 302
    flo.refresh_from_db()
    assert flo.role == "process_owner"
    own = {"name": "Ada", "email": world.ada.email, "role": "responder", "time_zone": "UTC"}
    assert client.post(f"/admin/accounts/user/{world.ada.pk}/change/", own).status_code == 403
    chosen = {"action": "deactivate", "_selected_action": [flo.pk], "sure": "yes"}
    assert client.post("/admin/accounts/user/", chosen).status_code == 302
    flo.refresh_from_db()
    assert not flo.is_active
    assert (
        client.post("/admin/accounts/user/", {"action": "reactivate", "_selected_action": [flo.pk]}).status_code == 302
    )
    assert client.post(f"/admin/accounts/user/{flo.pk}/delete/", {"post": "yes"}).status_code == 403
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"user.create", "user.change_role", "user.deactivate", "user.reactivate"} <= verbs


def test_ada_is_asked_before_somebody_is_shut_out(world: World, browser: Browser) -> None:
    """What ends and what loses Ana is told first; the form needs no script, and only it acts (S50)."""
    builders.schedule("Payments weekly", world.payments, world.ana, world.bo)
    builders.policy("Nights", world.payments, [world.ana], fallback=world.ana)
    browser(world.ana).get("/now/")
    builders.token(world.ana)
    client = browser(world.ada)
    person = f"/admin/accounts/user/{world.ana.pk}/change/"
    assert f'href="{person}"' in text_of(client.get(f"/people/{world.ana.pk}/"))
    assert person not in text_of(browser(world.pat).get(f"/people/{world.ana.pk}/"))
    page = text_of(client.get(person))
    assert f'href="/people/{world.ana.pk}/"' in page
    assert "Deactivate…</button>" in page
    asked = text_of(client.post("/admin/accounts/user/", {"action": "deactivate", "_selected_action": [world.ana.pk]}))
    for said in (
        "Deactivate Ana Lima?",
        "and 1 API token end at once",
        "Nobody manages Payments any more",
        "Shifts of theirs are passed over in: Payments weekly.",
        "Escalation policies that name Ana Lima pass over that place: Nights.",
        "lose their last resort: Nights, Payments on call.",
    ):
        assert said in asked, said
    world.ana.refresh_from_db()
    assert world.ana.is_active
    form = asked[asked.index('class="wb-acts"') :].partition("</form>")[0]
    sent = dict(re.findall(r'name="(\w+)" value="(\w+)"', form))
    assert client.post("/admin/accounts/user/", sent).status_code == 302
    world.ana.refresh_from_db()
    assert not world.ana.is_active
    assert "Reactivate</button>" in text_of(client.get(person))


def test_all_of_a_filtered_list_are_those_who_were_shown(world: World, browser: Browser) -> None:
    """Ada chooses everybody of a list of stakeholders, and shuts out Sam alone."""
    client, path = browser(world.ada), "/admin/accounts/user/?role__exact=stakeholder"
    chosen = {"action": "deactivate", "_selected_action": [world.sam.pk], "select_across": "1"}
    asked = text_of(client.post(path, chosen))
    assert "Deactivate Sam" in asked
    form = asked[asked.index("<form", asked.index("Keep it") - 2000) :].partition("</form>")[0]
    action = re.search(r'action="([^"]+)"', form)
    assert action is not None
    sent = dict(re.findall(r'name="(\w+)" value="(\w+)"', form))
    assert client.post(action[1], sent).status_code == 302
    assert list(User.objects.filter(is_active=False)) == [world.sam]


def test_what_is_taken_is_said_beside_its_field(world: World, browser: Browser) -> None:
    """No word of the database: Ada types Bo's address in another spelling, Cy's on Bo's page, a known team's name."""
    client = browser(world.ada)
    given = {"name": "Bo", "role": "responder", "time_zone": "UTC"}
    answers = [
        ("email", client.post("/admin/accounts/user/add/", {**given, "email": "Bo@Example.org"})),
        ("email", client.post(f"/admin/accounts/user/{world.bo.pk}/change/", {**given, "email": world.cy.email})),
        ("name", client.post("/admin/accounts/team/add/", {"name": "payments", "description": ""})),
        (
            "time_zone",
            client.post("/admin/accounts/user/add/", {**given, "email": "x@x.org", "time_zone": "localtime"}),
        ),
    ]
    said = {
        "email": "Somebody with this e-mail address is here already.",
        "name": "There is a team of this name already.",
        "time_zone": "There is no such time zone.",
    }
    for field, answer in answers:
        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors == {field: [said[field]]}
        assert "Constraint" not in answer.content.decode()
    own = {**given, "email": world.bo.email}
    assert client.post(f"/admin/accounts/user/{world.bo.pk}/change/", own).status_code == 302, "one's own is not taken"


def test_the_last_administrator_stays_in_the_administration_too(world: World, browser: Browser) -> None:
    chosen = {"action": "deactivate", "_selected_action": [world.ada.pk], "sure": "yes"}
    answer = browser(world.ada).post("/admin/accounts/user/", chosen, follow=True)
    assert "Nothing was changed. Ada Admin: This is the last administrator." in answer.content.decode()
    world.ada.refresh_from_db()
    assert world.ada.is_active


def test_teams_and_places(world: World, browser: Browser) -> None:
    client = browser(world.pat)
    assert client.post("/admin/accounts/team/add/", {"name": "Platform", "description": ""}).status_code == 302
    platform = Team.objects.get(name="Platform")
    changed = client.post(f"/admin/accounts/team/{platform.pk}/change/", {"name": "Base", "description": "x"})
    assert changed.status_code == 302
    given = {"user": world.di.pk, "team": platform.pk, "role": "manager"}
    assert client.post("/admin/accounts/membership/add/", given).status_code == 302
    place = Membership.objects.get(team=platform)
    assert client.post(f"/admin/accounts/membership/{place.pk}/change/", {"role": "member"}).status_code == 302
    place.refresh_from_db()
    assert place.role == "member"
    assert client.post(f"/admin/accounts/membership/{place.pk}/delete/", {"post": "yes"}).status_code == 302
    chosen = {"action": "delete_selected", "_selected_action": [platform.pk], "post": "yes"}
    assert client.post("/admin/accounts/team/", chosen).status_code == 302
    assert not Team.objects.filter(pk=platform.pk).exists()
    verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["team.create", "team.edit", "team.join", "team.join", "team.leave", "team.delete"]


def test_tokens_are_looked_at_and_revoked(world: World, browser: Browser) -> None:
    """A68: the secret is not there, nothing is added or deleted."""
    made, raw = tokens.issue(acts(world.bo), world.bo, "laptop", ["read"])
    client = browser(world.ada)
    page = client.get(f"/admin/accounts/apitoken/{made.pk}/change/").content.decode()
    assert "laptop" in page
    assert raw not in page
    assert made.digest not in page
    assert client.get("/admin/accounts/apitoken/add/").status_code == 403
    assert client.post(f"/admin/accounts/apitoken/{made.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post("/admin/accounts/apitoken/", {"action": "revoke", "_selected_action": [made.pk]})
    assert ApiToken.objects.get(pk=made.pk).revoked_at is not None
