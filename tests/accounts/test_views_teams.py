"""Pages of teams as their people and others use them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.commands import users
from accounts.models import Membership, Team
from core import clock
from incidents.models import Incident
from oncall.models import Service
from tests import world as builders
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World, acts

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db


def open_incident(service: Service, title: str, *, rank: int = 3, **fields: str) -> Incident:
    """An open incident of the service, past every command."""
    prio = builders.priority(rank)
    same = {"priority": prio, "initial_priority": prio, "peak_priority": prio}
    return Incident.objects.create(number=Incident.objects.count() + 1, title=title, service=service, **same, **fields)


def test_pat_makes_a_team_and_ana_takes_people_in(world: World, browser: Browser) -> None:
    made = browser(world.pat).post("/teams/new/", {"name": "Identity", "description": "Sign-in"})
    team = Team.objects.get(name="Identity")
    assert (made.status_code, made["Location"]) == (303, f"/teams/{team.pk}/")
    page = f"/teams/{world.payments.pk}/"
    ana = browser(world.ana)
    joined = ana.post(f"{page}members/", {"user": world.di.pk, "role": "member"})
    assert "Di Okoro is in Payments" in after(ana, joined)
    browser(world.ana).post(f"{page}members/{world.di.pk}/", {"role": "manager"})
    assert Membership.objects.get(user=world.di, team=world.payments).role == "manager"
    question = browser(world.ana).get(f"{page}members/{world.di.pk}/remove/")
    assert "Take Di Okoro out of Payments?" in text_of(question)
    assert "autofocus>Keep it as it is</a>" in text_of(question)  # a stray Enter takes nobody out
    assert Membership.objects.filter(user=world.di, team=world.payments).exists(), "a question changes nothing"
    browser(world.ana).post(f"{page}members/{world.di.pk}/remove/")
    assert not Membership.objects.filter(user=world.di, team=world.payments).exists()


def test_the_team_says_how_it_stands_and_who_is_on_call(world: World, browser: Browser) -> None:
    """What is open, the services worst first, and whose turn it is (O7, O12); all of it on the list as well."""
    builders.schedule("Payments weekly", world.payments, world.bo)
    builders.schedule("Empty", world.payments)
    builders.service("Refunds", world.payments)
    builders.service("Old", world.payments, archived_at=clock.now())
    incident = open_incident(world.checkout, "Cards are declined", rank=1)
    hidden = open_incident(world.checkout, "Payroll data stolen", rank=1, visibility="private")
    page = text_of(browser(world.eve).get(f"/teams/{world.payments.pk}/"))
    for found in ("Cards are declined", f"/incidents/{incident.number}/", "Major outage", "Refunds", "Payments weekly"):
        assert found in page, found
    assert page.index(">Checkout</bdi>") < page.index(">Refunds</bdi>"), "worst first"
    assert page.rindex(">Ana Lima</bdi>") < page.rindex(">Cy Novak</bdi>"), "managers first"
    for absent in ("Payroll", f"/incidents/{hidden.number}/", ">Old<"):
        assert absent not in page, absent
    assert "Nobody</span>" in page, "the schedule without people is a gap"
    listed = text_of(browser(world.eve).get("/teams/"))
    for found in ("Major outage", "2 services", "Bo Chen", "Ana Lima</bdi> manages it", "nobody takes turns"):
        assert found in listed, found


def test_a_manager_who_was_shut_out_answers_for_nothing(world: World, browser: Browser) -> None:
    """The pages name the administrators instead, and Ana no more as the one who manages the team."""
    users.deactivate(acts(world.ada), world.ana)
    listed = text_of(browser(world.bo).get("/teams/"))
    assert "Ana Lima</bdi> manages it" not in listed
    assert f"No manager: <bdi>{world.ada.name}</bdi> as administrator" in listed
    page = text_of(browser(world.bo).get(f"/teams/{world.payments.pk}/"))
    assert "Nobody manages this team." in page
    assert f"The administrators answer for what it owns: <bdi>{world.ada.name}</bdi>." in page


def test_addresses_are_for_oneself_and_administrators(world: World, browser: Browser) -> None:
    """A57: a team's page tells the addresses of its people to administrators, and to each his or her own."""
    page = f"/teams/{world.payments.pk}/"
    assert "cy@example.org" in text_of(browser(world.ada).get(page))
    ana = text_of(browser(world.ana).get(page))
    assert "ana@example.org" in ana
    assert "cy@example.org" not in ana


def test_whoever_may_finds_the_way_to_invite(world: World, browser: Browser) -> None:
    """Only for those who may: the team's page leads to the form, with the team chosen (A40)."""
    path = f"/people/invite/?team={world.payments.pk}"
    for who in (world.ada, world.pat, world.ana):
        assert f'href="{path}"' in text_of(browser(who).get(f"/teams/{world.payments.pk}/"))
        assert f'value="{world.payments.pk}" selected' in text_of(browser(who).get(path))
    for other in (world.bo, world.eve):
        assert "Somebody is missing?" not in text_of(browser(other).get(f"/teams/{world.payments.pk}/"))


def test_a_manager_chooses_people_without_learning_their_addresses(world: World, browser: Browser) -> None:
    """A57: addresses are for oneself and administrators; people of one name differ by team, at last by number."""
    twin = builders.person("Di Okoro", email="di.two@example.org")
    third, fourth = (builders.person("Kim Ruiz", email=f"kim.{each}@example.org") for each in "ab")
    page = browser(world.ana).get(f"/teams/{world.payments.pk}/").content.decode()
    people = re.search(r'<select name="user".*?</select>', page, re.DOTALL)
    assert people is not None
    assert "@" not in people[0]
    labels = dict(re.findall(r'<option value="(\d+)"[^>]*>([^<]*)<', people[0]))
    assert labels[str(world.eve.pk)] == world.eve.name
    assert {labels[str(world.di.pk)], labels[str(twin.pk)]} == {"Di Okoro, Search", "Di Okoro"}
    assert labels[str(third.pk)] == f"Kim Ruiz, no. {third.pk}"
    assert labels[str(fourth.pk)] == f"Kim Ruiz, no. {fourth.pk}"


def test_what_was_typed_comes_back_with_the_sentence_beside_the_field(world: World, browser: Browser) -> None:
    answer = browser(world.pat).post("/teams/new/", {"name": "payments", "description": "My long text"})
    assert answer.status_code == 409
    page = text_of(answer)
    assert "There is a team of this name already." in page
    assert "My long text" in page
    empty = browser(world.pat).post("/teams/new/", {"name": "", "description": "Kept"})
    assert empty.status_code == 400
    assert 'aria-invalid="true"' in text_of(empty)
    assert "autofocus" in text_of(empty)


def test_a_stale_edit_keeps_both_texts(world: World, browser: Browser) -> None:
    """F45: nothing is overwritten silently."""
    page = f"/teams/{world.payments.pk}/edit/"
    browser(world.ana).post(page, {"name": "Payments", "description": "From Ana", "version": 1})
    late = browser(world.pat).post(page, {"name": "Payments", "description": "From Pat", "version": 1})
    assert late.status_code == 409
    assert "From Pat" in text_of(late)
    assert "Stored meanwhile: From Ana" in text_of(late)
    world.payments.refresh_from_db()
    assert world.payments.description == "From Ana"
    assert f'name="version" value="{world.payments.version}"' in text_of(late)
    again = {"name": "Payments", "description": "From Pat", "version": world.payments.version}
    assert browser(world.pat).post(page, again).status_code == 303


def test_a_team_in_use_is_not_deleted(world: World, browser: Browser) -> None:
    answer = browser(world.ada).post(f"/teams/{world.payments.pk}/delete/")
    assert answer.status_code == 409
    assert "still owns services" in text_of(answer)


def test_eve_looks_and_changes_nothing(world: World, browser: Browser) -> None:
    """A57, A60: pages that change are refused, the team stays as it is."""
    eve, page = browser(world.eve), f"/teams/{world.payments.pk}/"
    assert eve.get(page).status_code == 200
    assert "/edit/" not in text_of(eve.get(page))
    for path, data in (
        ("/teams/new/", {"name": "Mine"}),
        (f"{page}edit/", {"name": "Mine"}),
        (f"{page}delete/", {}),
        (f"{page}members/", {"user": world.eve.pk, "role": "manager"}),
        (f"{page}members/{world.bo.pk}/", {"role": "manager"}),
        (f"{page}members/{world.bo.pk}/remove/", {}),
    ):
        assert eve.post(path, data).status_code == 403, path
    assert world.payments.memberships.count() == 3
    assert browser(world.sam).get(page).status_code == 404, "a stakeholder knows of no team"
    assert browser(world.sam).get("/teams/").status_code == 403


def test_a_member_of_another_team_is_not_reached_through_this_one(world: World, browser: Browser) -> None:
    """A58."""
    path = f"/teams/{world.payments.pk}/members/{world.di.pk}/"
    assert browser(world.ana).post(path, {"role": "manager"}).status_code == 404
    assert browser(world.ana).get(f"{path}remove/").status_code == 404


def test_strangers_sign_in_first_and_forms_need_their_token(world: World, browser: Browser) -> None:
    """A23."""
    assert browser().get("/teams/")["Location"].startswith("/accounts/login/?next=/teams/")
    assert browser(world.pat, csrf=True).post("/teams/new/", {"name": "X"}).status_code == 403
    assert not Team.objects.filter(name="X").exists()
    assert browser(world.ana).get(f"/teams/{world.payments.pk}/members/").status_code == 405


def test_hostile_names_are_inert(world: World, browser: Browser) -> None:
    """A4."""
    team = builders.team(EVIL[:80], managers=[world.ana])
    builders.person(EVIL, email="evil@example.org", teams=[team])
    assert_inert(browser(world.ana).get("/teams/"))
    assert_inert(browser(world.ana).get(f"/teams/{team.pk}/"))
    assert_inert(browser(world.ana).get(f"/teams/{team.pk}/edit/"))


def test_fields_that_are_not_asked_for_are_ignored(world: World, browser: Browser) -> None:
    """A59."""
    given = {"name": "Ana", "time_zone": "UTC", "announce": "all"}
    browser(world.ana).post("/profile/", {**given, "role": "administrator", "is_staff": "on"})
    world.ana.refresh_from_db()
    assert (world.ana.name, world.ana.role) == ("Ana", "responder")


def test_pages_cost_the_same_for_few_and_many(world: World, browser: Browser) -> None:
    ana, page = browser(world.ana), f"/teams/{world.payments.pk}/"
    builders.schedule("Payments weekly", world.payments, world.bo)
    few = {"teams": count(ana, "/teams/"), "team": count(ana, page)}
    for number in range(12):
        team = builders.team(f"Team {number}", managers=[world.di])
        builders.person(f"Person {number}", email=f"p{number}@example.org", teams=[team, world.payments])
        for owner in (team, world.payments):
            builders.schedule(f"Turns {number} {owner}", owner, world.di, world.bo)
            service = builders.service(
                f"Service {number} {owner}", owner, policy=builders.policy(f"{owner} {number}", owner, [world.di])
            )
            open_incident(service, f"Trouble {number}")
    assert {"teams": count(ana, "/teams/"), "team": count(ana, page)} == few
    assert few == {name: recorded(__file__)[name] for name in few}
