"""Every verb through a plain form: who may, what a stale form is told, what can be taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from incidents.commands import lifecycle, opening, priority, undoing
from incidents.models import Incident, Milestone, TimelineEntry
from oncall.models import Page
from tests import world as make
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]
VERBS = (
    *("acknowledge", "undo-acknowledge", "decline", "escalate", "reassign", "snooze", "priority", "identify"),
    *("mitigate", "relapse", "resolve", "undo-resolve", "reopen", "cancel", "close"),
)


@pytest.fixture
def opened(stage: Stage) -> Incident:
    """INC-1, triggered, Bo has been paged."""
    stage.fire("disk", severity="error")
    return stage.incident()


def press(client: Client, verb: str, **given: Any) -> int:
    return client.post(f"/incidents/1/{verb}/", given).status_code


def body(client: Client, verb: str, **given: Any) -> str:
    return client.post(f"/incidents/1/{verb}/", given).content.decode()


def version_on(client: Client, path: str = "/incidents/1/") -> str:
    found = re.search(r'name="version" value="(\d+)"', client.get(path).content.decode())
    assert found, path
    return found[1]


def test_from_triggered_to_closed_with_plain_forms(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo, ana = browser(stage.world.bo), browser(stage.world.ana)
    steps: list[tuple[Client, str, dict[str, Any], str]] = [
        (bo, "acknowledge", {}, "acknowledged"),
        (bo, "identify", {"cause": "A full disk"}, "identified"),
        (bo, "mitigate", {"text": "Traffic moved"}, "mitigated"),
        (bo, "relapse", {"text": "It is back"}, "acknowledged"),
        (bo, "resolve", {"resolution": "Disk replaced", "ending": "fixed"}, "resolved"),
        (bo, "reopen", {"reason": "Not quite"}, "acknowledged"),
        (bo, "resolve", {"resolution": "Now it is", "ending": "fixed"}, "resolved"),
        (ana, "close", {}, "closed"),
    ]
    for client, verb, given, status in steps:
        given["version"] = str(stage.incident().version)
        assert press(client, verb, **given) == 303, verb
        assert stage.incident().status == status
        stage.at.move(minutes=1)
    assert stage.incident().suspected_cause == "A full disk"
    assert stage.incident().resolution == "Now it is"


def test_the_buttons_follow_the_state(stage: Stage, opened: Incident, browser: Browser) -> None:
    """Acknowledge keeps its place: the same spot turns into Resolve."""
    bo = browser(stage.world.bo)
    page = bo.get("/incidents/1/").content.decode()
    assert re.search(r'id="main-act"[^>]*>.*?Acknowledge', page)
    assert "/incidents/1/decline/" in page
    press(bo, "acknowledge")
    page = bo.get("/incidents/1/").content.decode()
    assert re.search(r'id="main-act"[^>]*>.*?Resolve', page)
    assert "/incidents/1/decline/" not in page


def test_decline_escalate_reassign_snooze_cancel(stage: Stage, opened: Incident, browser: Browser) -> None:
    """TRI-14 and the rest of the menu."""
    bo, ana = browser(stage.world.bo), browser(stage.world.ana)
    assert press(bo, "decline", reason="On a train") == 303
    assert Page.objects.order_by("pk")[0].answer_reason == "On a train"
    assert stage.pages() == ["Bo", "Cy"]
    assert press(ana, "escalate") == 303
    assert stage.pages() == ["Bo", "Cy", "Ana"]
    assert press(ana, "reassign", to=f"user:{stage.world.di.pk}", reason="Knows disks") == 303
    assert stage.assignees() == {"Di"}
    assert press(ana, "reassign", to=f"policy:{stage.world.policy.pk}") == 303
    assert stage.assignees() == {"Bo"}
    assert press(ana, "snooze", minutes="120") == 303
    assert stage.incident().snoozed_until == stage.at.at + timedelta(hours=2)
    assert press(ana, "cancel", reason="A test") == 303
    assert stage.incident().status == "cancelled"


def test_snooze_until_is_by_the_persons_own_clock(stage: Stage, opened: Incident, browser: Browser) -> None:
    stage.world.bo.time_zone = "Europe/Berlin"
    stage.world.bo.save()
    bo = browser(stage.world.bo)
    assert press(bo, "snooze", until="2026-11-16T12:30") == 303
    until = stage.incident().snoozed_until
    assert until is not None
    assert (until.hour, until.minute) == (11, 30)
    assert press(bo, "snooze", until="2026-12-31T12:30") == 400
    assert press(bo, "snooze", until="yesterday") == 400


def test_priority_in_one_press(stage: Stage, opened: Incident, browser: Browser) -> None:
    """TRI-03: the header holds a button per priority; S11: an outsider may raise, not lower."""
    bo, eve = browser(stage.world.bo), browser(stage.world.eve)
    page = bo.get("/incidents/1/").content.decode()
    for rank in (1, 2, 4, 5):
        assert f'name="priority" value="{make.priority(rank).pk}"' in page
    assert press(bo, "priority", priority=make.priority(4).pk, version=version_on(bo)) == 303
    assert stage.incident().priority.rank == 4
    page = eve.get("/incidents/1/").content.decode()
    assert f'name="priority" value="{make.priority(1).pk}"' in page
    assert f'name="priority" value="{make.priority(5).pk}"' not in page
    assert press(eve, "priority", priority=make.priority(2).pk) == 303
    assert press(eve, "priority", priority=make.priority(3).pk) == 403
    assert press(bo, "priority", priority=999_999) == 400
    assert stage.incident().priority.rank == 2


# --- who may --------------------------------------------------------------------------------------
def test_eve_reads_and_moves_nothing(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A57: a responder of no team sees an open incident and may only raise its priority."""
    eve = browser(stage.world.eve)
    page = eve.get("/incidents/1/").content.decode()
    assert 'id="main-act"' not in page
    assert 'id="entry-form"' not in page
    for verb in VERBS:
        given = {"to": f"user:{stage.world.eve.pk}", "minutes": "30", "priority": make.priority(5).pk}
        expected = 409 if verb == "decline" else 403
        assert press(eve, verb, **given) == expected, verb
    assert (stage.incident().status, stage.incident().version) == ("triggered", opened.version)


def test_a_stakeholder_opens_no_form(stage: Stage, opened: Incident, browser: Browser) -> None:
    sam = browser(stage.world.sam)
    for verb in VERBS:
        assert sam.get(f"/incidents/1/{verb}/").status_code == 403, verb
        assert press(sam, verb) == 403, verb


def test_a_private_incident_is_not_there(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S34: 404 for everybody who is not on it, word for word as for a number that was never given."""
    Incident.objects.update(visibility="private")
    for person in (stage.world.eve, stage.world.sam, stage.world.ada, stage.world.cy):
        client = browser(person)
        for path in (
            "",
            "regions/",
            "triage/",
            "feed/?since=0",
            *(f"{verb}/" for verb in VERBS),
            "notes/",
            "entries/1/",
        ):
            hidden, absent = client.get(f"/incidents/1/{path}"), client.get(f"/incidents/4711/{path}")
            assert hidden.status_code == absent.status_code == 404, path
            assert len(hidden.content) == len(absent.content)
        assert press(client, "resolve") == 404
    assert browser(stage.world.bo).get("/incidents/1/").status_code == 200


def test_no_verb_without_the_form_token_and_none_on_get(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A23."""
    strict = browser(stage.world.ana, csrf=True)
    before = TimelineEntry.objects.count()
    for verb in VERBS:
        assert strict.get(f"/incidents/1/{verb}/").status_code == 200, verb
        assert strict.head(f"/incidents/1/{verb}/").status_code == 200, verb
        assert press(strict, verb) == 403, verb
        token = strict.cookies["csrf"].value
        for origin in ("null", "https://evil.example"):
            sent = strict.post(f"/incidents/1/{verb}/", {"csrfmiddlewaretoken": token}, headers={"Origin": origin})
            assert sent.status_code == 403, verb
        assert strict.get(f"/incidents/1/{verb}/?_method=post").status_code == 200
    assert stage.incident().version == opened.version
    assert TimelineEntry.objects.count() == before
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', strict.get("/incidents/1/").content.decode())[1]  # type: ignore[index]
    assert press(strict, "acknowledge", csrfmiddlewaretoken=token) == 303


def test_every_method_but_the_two_is_refused(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    for method in ("put", "patch", "delete"):
        assert getattr(bo, method)("/incidents/1/resolve/").status_code == 405


# --- two people at once ---------------------------------------------------------------------------
def test_a_stale_form_is_refused_and_keeps_what_was_typed(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S51, F45: 409 with the present state; the same form can be sent again."""
    bo = browser(stage.world.bo)
    old = version_on(bo, "/incidents/1/resolve/")
    priority.set_priority(make.acts(stage.world.ana), stage.incident(), priority=make.priority(1))
    body = {"version": old, "resolution": "We <b>moved</b> it", "ending": "no_action"}
    answer = bo.post("/incidents/1/resolve/", body)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Nothing was changed." in page
    assert "P1" in page
    assert "We &lt;b&gt;moved&lt;/b&gt; it" in page
    assert re.search(r'value="no_action" selected', page)
    assert stage.incident().status == "triggered"
    fresh = re.search(r'name="version" value="(\d+)"', page)
    assert fresh
    assert press(bo, "resolve", version=fresh[1], resolution="We moved it", code="no_action") == 303
    assert stage.incident().resolution == "We moved it"


def test_two_acknowledge_and_the_second_hears_of_the_first(stage: Stage, opened: Incident, browser: Browser) -> None:
    """O19: one wins."""
    bo, ana = browser(stage.world.bo), browser(stage.world.ana)
    version = version_on(ana)
    assert press(bo, "acknowledge", version=version) == 303
    answer = ana.post("/incidents/1/acknowledge/", {"version": version})
    assert answer.status_code == 409
    assert "Bo Chen acknowledged it" in answer.content.decode()
    assert stage.assignees() == {"Bo"}


def test_a_refusal_names_the_time_by_the_viewers_own_clock(stage: Stage, opened: Incident, browser: Browser) -> None:
    """The incident was taken at 09:00 UTC."""
    bo, ana, cy = browser(stage.world.bo), browser(stage.world.ana), browser(stage.world.cy)
    stage.world.ana.time_zone = "Europe/Berlin"
    stage.world.ana.save()
    version = version_on(ana)
    assert press(bo, "acknowledge", version=version) == 303
    for verb in ("acknowledge", "resolve"):
        assert "Bo Chen acknowledged it at 10:00 CET." in refused(ana, verb, version)
        assert "Bo Chen acknowledged it at 09:00 UTC." in refused(cy, verb, version)


def refused(client: Client, verb: str, version: str) -> str:
    """What the page says to somebody who comes too late."""
    answer = client.post(f"/incidents/1/{verb}/", {"version": version})
    assert answer.status_code == 409
    return answer.content.decode()


def test_a_move_that_is_not_possible_any_more_keeps_the_text(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    lifecycle.cancel(make.acts(stage.world.ana), stage.incident())
    answer = bo.post("/incidents/1/mitigate/", {"text": "We moved traffic"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "We moved traffic" in page
    assert "Mark as mitigated" not in page


def test_scripts_get_the_form_alone_and_where_to_go(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    htmx = {"HX-Request": "true"}
    part = bo.get("/incidents/1/resolve/", headers=htmx).content.decode()
    assert "<html" not in part
    assert 'name="resolution"' in part
    stale = bo.post("/incidents/1/resolve/", {"version": 0, "resolution": "kept"}, headers=htmx)
    assert (stale.status_code, stale["HX-Retarget"]) == (409, "#sheet")
    assert "kept" in stale.content.decode()
    moved = bo.post("/incidents/1/resolve/", {"resolution": "done", "ending": "fixed"}, headers=htmx)
    assert (moved.status_code, moved["HX-Redirect"]) == (204, "/incidents/1/")
    bo.logout()
    assert bo.post("/incidents/1/reopen/", headers=htmx).status_code == 401


# --- taking back ----------------------------------------------------------------------------------
def test_resolve_can_be_taken_back_for_ten_seconds(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    press(bo, "acknowledge")
    press(bo, "resolve", resolution="Too early", code="fixed")
    page = bo.get("/incidents/1/").content.decode()
    path = re.search(r'action="(/incidents/1/undo-resolve/\?version=\d+)"', page)
    assert path
    assert bo.post(path[1]).status_code == 303
    assert (stage.incident().status, stage.incident().resolution) == ("acknowledged", "")
    press(bo, "resolve", resolution="Now", code="fixed")
    stage.at.move(seconds=11)
    assert press(bo, "undo-resolve") == 409


def test_an_undo_leaves_no_milestone_while_the_clock_runs(world: make.World) -> None:
    """The step and its milestone are some microseconds apart in real life: both are taken back."""
    bo = make.acts(world.bo)
    incident = opening.declare(bo, title="Slow", service=world.checkout)
    lifecycle.acknowledge(bo, incident)
    undoing.undo_acknowledge(bo, incident)
    assert not Milestone.objects.filter(incident=incident, kind="acknowledged").exists()
    lifecycle.acknowledge(bo, incident)
    lifecycle.resolve(bo, incident)
    undoing.undo_resolve(bo, incident)
    assert not Milestone.objects.filter(incident=incident, kind="resolved").exists()
    assert incident.impact_intervals.get().ended_at is None


# --- bad input ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("resolve", {"resolution": "x" * 10_001, "ending": "fixed"}),
        ("resolve", {"resolution": "a\0b", "ending": "fixed"}),
        ("resolve", {"resolution": "fine", "ending": "magic"}),
        ("resolve", {"resolution": "fine", "ending": "fixed", "version": "x"}),
        ("resolve", {"resolution": "fine", "ending": "fixed", "version": "9" * 30}),
        ("reassign", {"to": "user:999999"}),
        ("reassign", {"to": "team:1"}),
        ("reassign", {"to": ""}),
        ("snooze", {"minutes": "1"}),
        ("priority", {"priority": "P1"}),
        ("decline", {"reason": "x" * 201}),
    ],
)
def test_what_cannot_be_used_comes_back_beside_its_field(
    stage: Stage, opened: Incident, browser: Browser, verb: str, given: dict[str, str]
) -> None:
    """A21, A22, A58."""
    assert press(browser(stage.world.bo), verb, **given) == 400
    assert stage.incident().version == opened.version
