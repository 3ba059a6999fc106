"""The rows and figures of Now: order, scope, what comes next, what may be counted (design 6, S34, S36, A62)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from core import clock, figures
from incidents.commands import lifecycle, opening, returning
from incidents.commands.changes import record_change
from incidents.commands.priority import set_priority
from incidents.models import Alert, Incident, Participant
from incidents.queries.boards import COUNTED, Scope, counted, tally
from incidents.queries.now import Now, now_of
from oncall.models import Service, ServiceDependency
from tests import world as make
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """Figures that are kept for a while are those of this test."""
    figures.forget()


def seen(user: User, scope: str = "") -> Now:
    """The board as this person sees it now."""
    return now_of(make.acts(user), scope)


def numbers(board: Now) -> list[int]:
    """The rows of the list, in order."""
    return [line.row.incident.number for line in board.lines]


def declare(stage: Stage, title: str, rank: int, *, service: Service | None = None) -> Incident:
    """Somebody declares an incident; a minute later the next may come."""
    made = opening.declare(
        make.acts(stage.world.pat), title=title, service=service or stage.service, priority=make.priority(rank)
    )
    stage.drain()
    stage.at.move(minutes=1)
    return made


def test_what_nobody_has_answered_stands_first_then_priority_then_age(stage: Stage) -> None:
    """Design 6: a triggered P1 or P2 without an owner is always the first row; a triggered P3 waits its turn."""
    worked = declare(stage, "Checkout fails", 1)
    lifecycle.acknowledge(make.acts(stage.world.bo), worked)
    small = declare(stage, "Slow reports", 3)
    young = declare(stage, "Mail is late", 2)
    older = declare(stage, "Odd colours", 5)
    older_still = declare(stage, "Certificate ends", 5)
    expected = [young.number, worked.number, small.number, older.number, older_still.number]
    assert numbers(seen(stage.world.bo)) == expected


def test_the_switch_keeps_to_ones_own_teams_and_is_remembered(stage: Stage, browser: Browser) -> None:
    """My teams by default for whoever has any; what one was put on is there whatever team it is of."""
    search = make.service("Search index", stage.world.search)
    declare(stage, "Checkout fails", 2)
    foreign = declare(stage, "Search is stale", 3, service=search)
    assert numbers(seen(stage.world.di)) == [foreign.number]
    assert len(numbers(seen(stage.world.di, "all"))) == 2
    assert len(numbers(seen(stage.world.eve))) == 2, "who has no team sees everything"
    assert not seen(stage.world.eve, "mine").has_choice
    Participant.objects.create(incident=foreign, user=stage.world.bo)
    assert foreign.number in numbers(seen(stage.world.bo, "mine"))
    di = browser(stage.world.di)
    assert "Checkout fails" not in di.get("/now/").content.decode()
    assert "Checkout fails" in di.get("/now/?scope=all").content.decode()
    assert "Checkout fails" in di.get("/now/").content.decode(), "the choice is remembered"
    assert "Checkout fails" not in di.get("/now/regions/?scope=mine").content.decode()
    assert "Checkout fails" in di.get("/now/").content.decode(), "a live region changes no choice"
    assert di.get("/now/?scope=%22%3E").status_code == 200


def test_a_page_waits_for_its_person_in_every_scope(stage: Stage) -> None:
    """Bo is paged for a service of a team that he is not in: the page is there, the row is not of his teams."""
    search = make.service("Search index", stage.world.search, policy=stage.world.policy)
    asked = declare(stage, "Search is stale", 3, service=search)
    Participant.objects.filter(incident=asked).delete()
    board = seen(stage.world.bo)
    assert [row.incident.number for row in board.pages] == [asked.number]
    assert board.pages[0].policy == "Payments on call"
    assert numbers(board) == []


def test_several_pages_wait_by_priority(stage: Stage) -> None:
    small, large = declare(stage, "Slow reports", 3), declare(stage, "Checkout fails", 1)
    board = seen(stage.world.bo)
    assert board.title == "Two pages are waiting for your answer"
    assert [row.incident.number for row in board.pages] == [large.number, small.number]
    assert board.news is None
    declare(stage, "Again", 3)
    stage.at.move(seconds=-30)
    fresh = seen(stage.world.bo).news
    assert fresh is not None
    assert fresh.incident.title == "Again"


def test_each_row_says_what_comes_next(stage: Stage) -> None:
    """Who is asked next, when it is paged again (O20), when the snooze ends (O27), that nobody is left (O21)."""
    waits = declare(stage, "Checkout fails", 1)
    worked = declare(stage, "Mail is late", 2)
    lifecycle.acknowledge(make.acts(stage.world.bo), worked)
    asleep = declare(stage, "Slow reports", 3)
    until = clock.now() + timedelta(hours=2)
    returning.snooze(make.acts(stage.world.bo), asleep, until=until)
    found = {line.row.incident.number: line for line in seen(stage.world.bo).lines}
    following = found[waits.number].following
    assert following is not None
    assert (following.first_name, found[waits.number].paged_again_at) == ("Cy", None)
    worked.refresh_from_db()
    assert found[worked.number].paged_again_at == worked.status_since + timedelta(minutes=30)
    assert found[asleep.number].row.is_snoozed
    assert found[asleep.number].paged_again_at is None
    stage.wait(minutes=6)
    stage.wait(minutes=6)
    left = {line.row.incident.number: line for line in seen(stage.world.ana).lines}
    assert left[waits.number].is_exhausted


def test_the_counts_name_the_worst_and_what_waited_longest(stage: Stage) -> None:
    first = declare(stage, "Checkout fails", 1)
    second = declare(stage, "Mail is late", 2)
    declare(stage, "Slow reports", 3)
    lifecycle.acknowledge(make.acts(stage.world.bo), first)
    board = seen(stage.world.ana)
    assert (board.tally.total, board.tally.waiting, board.tally.worst_words) == (3, 2, "1 is P1")
    assert board.longest == second.number
    assert board.tally.waiting_since == Incident.objects.get(pk=second.pk).status_since


def test_what_pages_nobody_waits_for_no_answer(stage: Stage, browser: Browser) -> None:
    """DET-05: a P5 that pages nobody is open and untaken; lowered from a P1 whose page is out, it still waits (S10)."""
    quiet = make.priority(5)
    quiet.pages = False
    quiet.save()
    info = declare(stage, "A test event", 5)
    board = seen(stage.world.ana)
    assert (board.tally.total, board.tally.waiting, board.tally.untaken, board.longest) == (1, 0, 1, None)
    assert board.title == "All quiet. One open incident pages nobody."
    assert board.lines[0].pages_nobody
    ana = browser(stage.world.ana)
    assert ">pages nobody<" in ana.get("/now/").content.decode()
    shown = ana.get(f"/incidents/{info.number}/").content.decode()
    assert "P5 pages nobody. It stays open" in shown
    assert "Waiting for" not in shown
    asked = declare(stage, "Checkout fails", 1)
    set_priority(make.acts(stage.world.bo), asked, priority=quiet)
    board = seen(stage.world.ana)
    assert (board.tally.waiting, board.tally.untaken, board.longest) == (1, 1, asked.number)
    assert [line.pages_nobody for line in board.lines] == [True, False]
    shown = ana.get("/incidents/", {"q": "state:waiting"}).content.decode()
    assert f'href="/incidents/{asked.number}/"' in shown
    assert f'href="/incidents/{info.number}/"' not in shown
    assert 'Waiting for an answer</bdi> <span class="n">1</span>' in shown


def test_above_ten_thousand_nobody_counts() -> None:
    assert [counted(number) for number in (0, 9_999, COUNTED, COUNTED + 1)] == ["0", "9,999", "10,000", "10,000+"]


def test_private_incidents_are_in_no_row_count_or_figure(stage: Stage) -> None:
    """A62, S34: Ana manages the team and is not on it; nothing on her board differs from an empty one."""
    stage.fire("disk", severity="critical")
    private = stage.incident()
    lifecycle.acknowledge(make.acts(stage.world.bo), private)
    Incident.objects.update(visibility="private")
    record_change(make.acts(stage.world.bo), stage.service, summary="Checkout 4.18", started_at=clock.now())
    ana, bo = seen(stage.world.ana), seen(stage.world.bo)
    assert (numbers(ana), ana.tally.total, ana.longest) == ([], 0, None)
    assert ana.title == "Nothing is wrong in your teams."
    assert [(each.tone, sum(each.alerts)) for each in ana.services] == [("ok", 0)]
    assert [each.incident for each in ana.changes] == [None]
    assert (ana.pace.words if ana.pace else "", bo.pace.words if bo.pace else "") == ("", ""), "of public ones alone"
    assert (numbers(bo), bo.tally.total) == ([private.number], 1)
    assert [(each.tone, sum(each.alerts)) for each in bo.services] == [("partial", 1)]


def test_a_stakeholder_sees_incidents_and_who_is_on_call_alone(stage: Stage, browser: Browser) -> None:
    """S36: neither services and their alerts nor changes, escalations or the figures of the people who answer."""
    make.schedule("Payments primary", stage.world.payments, stage.world.bo)
    stage.fire("disk", severity="critical")
    record_change(make.acts(stage.world.bo), stage.service, summary="Checkout 4.18", started_at=clock.now())
    page = browser(stage.world.sam).get("/now/?scope=mine").content.decode()
    assert "disk is bad" in page
    assert "Payments primary" in page
    for hidden in (
        "Checkout 4.18",
        "Median",
        "last night",
        "Service health",
        "</bdi> next",
        "My teams",
        "all-schedules",
    ):
        assert hidden not in page, hidden


def test_services_show_how_they_stand_and_their_alerts_of_three_hours(stage: Stage) -> None:
    """Worst first; twenty minutes each, nothing older; archived ones are gone."""
    make.service("Aardvark", stage.world.payments)
    make.service("Gone", stage.world.payments, archived_at=clock.now())
    stage.fire("disk", severity="critical")
    stage.fire("cpu")
    Alert.objects.filter(key="cpu").update(first_seen=clock.now() - timedelta(minutes=170))
    stage.fire("old")
    Alert.objects.filter(key="old").update(first_seen=clock.now() - timedelta(minutes=181))
    found = seen(stage.world.bo).services
    assert [(each.name, each.words) for each in found] == [("Checkout", "Partial"), ("Aardvark", "Healthy")]
    assert found[0].alerts == (1, 0, 0, 0, 0, 0, 0, 0, 1)
    assert not any(found[1].alerts)


def test_a_change_is_put_beside_the_incident_that_came_after_it(stage: Stage) -> None:
    """TRI-08: on the service itself or on one that it needs; not one that began before it or an hour later."""
    ledger = make.service("Ledger", stage.world.payments)
    ServiceDependency.objects.create(service=stage.service, needs=ledger)
    actor = make.acts(stage.world.bo)
    record_change(actor, ledger, summary="Ledger 2.0", kind="deploy", started_at=clock.now())
    stage.at.move(minutes=6)
    begun = declare(stage, "Checkout fails", 1)
    record_change(actor, stage.service, summary="Flag split", kind="flag", started_at=clock.now())
    record_change(actor, stage.service, summary="Long ago", started_at=clock.now() - timedelta(minutes=61))
    later, earlier = seen(stage.world.bo).changes
    assert (later.change.summary, later.incident, later.icon) == ("Flag split", None, "gear")
    assert earlier.incident == begun
    assert (earlier.before, earlier.icon) == (timedelta(minutes=6), "deploy")


def test_an_empty_portal_promises_no_quiet(world: make.World, browser: Browser) -> None:
    """Nothing is watched yet: the next step stands there, and no sentence praises the silence."""
    page = browser(world.ada).get("/now/").content.decode()
    assert "First steps" in page
    assert "No open incidents." in page
    assert "Nothing is wrong" not in page
    assert "Enjoy the quiet" not in page


def test_the_tally_is_of_the_scope(stage: Stage) -> None:
    declare(stage, "Search is stale", 2, service=make.service("Search index", stage.world.search))
    actor = make.acts(stage.world.bo)
    assert tally(actor, Scope(frozenset({stage.world.payments.pk}), stage.world.ana.pk)).total == 0
    assert tally(actor, Scope()).total == 1
