"""The incident page: what responders and stakeholders see, its parts, and hostile text in it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from core import links
from incidents.commands import lifecycle, milestones, timeline
from incidents.commands.alerts import accept_batch
from incidents.models import Incident
from oncall.models import Page
from tests import world as make
from tests.core.hostile import ALL
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]


@pytest.fixture
def opened(stage: Stage) -> Incident:
    stage.fire("disk", severity="error", source="prometheus")
    return stage.incident()


def page(client: Client, path: str = "/incidents/1/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:400]
    return answer.content.decode()


def test_a_responder_sees_everything_that_matters(stage: Stage, opened: Incident, browser: Browser) -> None:
    """TRI-01: state, priority, who answers for it, the step that follows."""
    shown = page(browser(stage.world.bo))
    assert "<title>INC-1: disk is bad" in shown
    assert "Waiting for <bdi>Bo Chen</bdi>" in shown
    assert "<bdi>Cy Novak</bdi> is paged" in shown
    assert "in 5 min" in shown
    assert "state-triggered" in shown
    assert "1, reported 1 time" in shown
    assert "Paged Bo Chen" in shown
    assert 'data-live="/ws/incidents/1/"' in shown


def test_the_page_carries_on_where_the_socket_begins(stage: Stage, opened: Incident, browser: Browser) -> None:
    """RES-20: the feed's number is read before the entries, so that nothing falls between page and socket."""
    bo = browser(stage.world.bo)
    seq = int(re.search(r'data-seq="(\d+)" data-feed', page(bo))[1])  # type: ignore[index]
    assert bo.get(f"/incidents/1/feed/?since={seq}").json() == {"frames": [], "more": False}
    note = timeline.note(make.acts(stage.world.bo), opened, text="looking")
    frames = bo.get(f"/incidents/1/feed/?since={seq}").json()["frames"]
    assert [(f["seq"], f["kind"]) for f in frames] == [(seq + 1, "entry")]
    assert f'id="entry-{note.pk}"' in frames[0]["html"]
    assert bo.get("/incidents/1/feed/?since=x").status_code == 400


def test_the_phase_bar_follows_milestones(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo, actor = browser(stage.world.bo), make.acts(stage.world.bo)

    def bar() -> list[tuple[str, str]]:
        return re.findall(r'<li class="(now|done|)"[^>]*>(\w+)', page(bo).split('class="phase"')[1].split("</ol>")[0])

    assert bar() == [("now", "Detect"), ("", "Mobilise"), ("", "Diagnose"), ("", "Resolve"), ("", "Learn")]
    lifecycle.acknowledge(actor, opened)
    assert bar()[:3] == [("done", "Detect"), ("done", "Mobilise"), ("now", "Diagnose")]
    lifecycle.mitigate(actor, opened)
    assert "mitigated" in page(bo).split('class="phase"')[1].split("</ol>")[0]
    lifecycle.resolve(actor, opened)
    assert bar() == [("done", name) for name in ("Detect", "Mobilise", "Diagnose", "Resolve")] + [("now", "Learn")]
    lifecycle.reopen(actor, opened)
    assert bar()[2] == ("now", "Diagnose")


def test_milestones_show_both_times(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S20: when it was, and when it was written."""
    lifecycle.acknowledge(make.acts(stage.world.bo), opened)
    stage.at.move(minutes=20)
    milestones.correct(
        make.acts(stage.world.bo), opened, kind="started", at=stage.at.at - timedelta(minutes=45), why="logs"
    )
    shown = page(browser(stage.world.bo)).split('class="miles"')[1].split("</table>")[0]
    assert "08:35:00" in shown
    assert "09:00:00" in shown
    assert "corrected" in shown


def test_changes_and_signals_feed_triage(stage: Stage, opened: Incident, browser: Browser) -> None:
    """DET-12, TRI-08: signals open nothing; changes show their distance from the start."""
    with transaction.atomic():
        accept_batch(
            [
                stage.event(
                    "d1", "change", summary="gateway 4.18", kind="deploy", event_at=stage.at.at - timedelta(minutes=9)
                ),
                stage.event("s1", "info", summary="Checkout slower than usual", source="synthetics"),
            ]
        )
    assert stage.count() == 1
    shown = page(browser(stage.world.bo), "/incidents/1/triage/")
    assert "gateway 4.18" in shown
    assert "9 min before" in shown
    assert "Checkout slower than usual" in shown
    assert browser(stage.world.sam).get("/incidents/1/triage/").status_code == 403


def test_regions_are_the_header_and_the_panels(stage: Stage, opened: Incident, browser: Browser) -> None:
    shown = page(browser(stage.world.bo), "/incidents/1/regions/")
    assert re.findall(r'^<div[^>]* id="([\w-]+)"', shown, re.M) == ["inc-head", "asked", "panels"]
    assert "<html" not in shown
    assert "<textarea" not in shown


def test_days_are_separated_and_by_the_viewers_zone(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S19: several days, each under its date; times of the person who reads."""
    stage.world.bo.time_zone = "Asia/Kolkata"
    stage.world.bo.save()
    stage.at.move(hours=12)
    timeline.note(make.acts(stage.world.bo), opened, text="next morning there")
    shown = page(browser(stage.world.bo))
    log = shown.split('id="log"')[1].split("</ol>")[0]
    assert len(re.findall(r'class="tl-day"', log)) == 2
    assert "Mon 16 Nov" in log
    assert "Today" in log
    assert ">02:30<" in log


def test_late_entries_stand_in_their_place(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S19: sorted by when it happened, with the time at which it was written."""
    actor = make.acts(stage.world.bo)
    stage.at.move(minutes=10)
    timeline.note(actor, opened, text="second thing")
    timeline.note(actor, opened, text="first thing", occurred_at=stage.at.at - timedelta(minutes=7))
    shown = page(browser(stage.world.bo))
    assert shown.index("first thing") < shown.index("second thing")
    assert re.search(rf"written <time [^>]*>{stage.at.at:%H:%M}</time>", shown)


def test_long_records_come_in_stretches(stage: Stage, opened: Incident, browser: Browser) -> None:
    actor = make.acts(stage.world.bo)
    for number in range(210):
        stage.at.move(seconds=1)
        timeline.note(actor, opened, text=f"note {number:03d}")
    bo = browser(stage.world.bo)
    newest = page(bo)
    assert len(re.findall(r'id="entry-\d+"', newest)) == 200
    earlier = re.search(r'href="\?show=all&amp;before=(\d+)"', newest)
    assert earlier
    rest = page(bo, f"/incidents/1/?before={earlier[1]}")
    assert "note 000" in rest
    assert "data-live=" not in rest
    assert bo.get("/incidents/1/?before=99999").status_code == 404
    assert bo.get("/incidents/1/?before=x").status_code == 400


def test_the_log_can_be_narrowed(stage: Stage, opened: Incident, browser: Browser) -> None:
    actor = make.acts(stage.world.bo)
    timeline.note(actor, opened, text="only a thought")
    pinned = timeline.note(actor, opened, text="this matters")
    timeline.pin(actor, pinned)
    bo = browser(stage.world.bo)
    notes, key = page(bo, "/incidents/1/?show=note"), page(bo, "/incidents/1/?show=key")
    assert "only a thought" in notes
    assert "Paged Bo Chen" not in notes
    assert "only a thought" not in key
    assert "this matters" in key
    assert "Opened" in key


# --- stakeholders ---------------------------------------------------------------------------------
def test_a_stakeholder_sees_the_summary_alone(stage: Stage, opened: Incident, browser: Browser) -> None:
    """S36: phase, state and milestones; no notes, findings, alerts or words of a resolution."""
    actor = make.acts(stage.world.bo)
    timeline.note(actor, opened, text="secretnote")
    lifecycle.acknowledge(actor, opened)
    lifecycle.identify(actor, opened, cause="secretcause")
    lifecycle.mitigate(actor, opened, text="secretmove")
    lifecycle.resolve(actor, opened, resolution="secretend")
    sam = browser(stage.world.sam)
    for path in ("/incidents/1/", "/incidents/1/regions/"):
        shown = page(sam, path)
        assert "disk is bad" in shown
        assert "Resolved" in shown
        assert "secret" not in shown
        assert "prometheus" not in shown
        assert '<form method="post" action="/incidents/' not in shown
    frames = sam.get("/incidents/1/feed/?since=0").json()["frames"]
    assert [f["seq"] for f in frames] == list(range(1, len(frames) + 1))
    assert {f["kind"] for f in frames} >= {"skip", "entry"}
    assert "secret" not in json.dumps(frames)
    assert sam.get("/incidents/1/notes/").status_code == 403
    assert sam.get("/incidents/1/entries/1/").status_code in (403, 404)


# --- hostile text ---------------------------------------------------------------------------------
def tags_in(shown: str) -> list[str]:
    """Every tag that a browser would see in the page, with its attributes."""
    return re.findall(r"<[a-zA-Z/][^>]*>", shown)


def assert_inert(shown: str) -> None:
    """No tag of the page can run anything: no handlers, no foreign scripts, no javascript addresses."""
    for tag in tags_in(shown):
        words = html.unescape(re.sub(r'"[^"]*"', '""', tag))
        assert not re.search(r"\son\w+\s*=", words), tag
        assert not re.match(r"<script(?![^>]*(?:\ssrc=\"/static/|type=\"application/json\"))", tag, re.I), tag
        assert not re.search(r'(?:href|src|action|formaction|data)="\s*(?:javascript|data|vbscript):', tag, re.I), tag
        assert not re.match(r"<(?:iframe|object|embed|base|style|math|marquee|video|audio|img)\b", tag, re.I), tag
        for attribute in ("hx-get", "hx-post", "hx-vals", "hx-trigger", "action", "href", "hx-target"):
            for value in re.findall(rf'\s{attribute}="([^"]*)"', tag):
                assert "evil" not in value or attribute == "href", tag


def test_hostile_alerts_are_text_everywhere(stage: Stage, browser: Browser) -> None:
    """A1, A3, A4: summaries, sources, keys, components and details of alerts in list, board, page, title and frames.

    Every incident is opened by `tests/flows/test_security_payloads.py`; here each fifth, with its frames.
    """
    payloads = [payload.replace("\0", "") for payload in ALL]
    assert len(payloads) >= 60
    for number, payload in enumerate(payloads):
        stage.accept(
            stage.event(
                f"{payload[:200]}#{number}",
                summary=payload,
                source=payload[:255],
                component=payload[:255],
                details={payload[:100]: payload},
            )
        )
    stage.drain()
    bo = browser(stage.world.bo)
    assert_inert(page(bo, "/now/"))
    assert_inert(page(bo, "/incidents/?status=all"))
    for incident in Incident.objects.order_by("number")[::5]:
        shown = page(bo, f"/incidents/{incident.number}/")
        assert_inert(shown)
        assert html.escape(incident.title) in shown
        for frame in bo.get(f"/incidents/{incident.number}/feed/?since=0").json()["frames"]:
            assert_inert(frame["html"])
        if incident.number % 20 == 0:
            assert_inert(page(bo, f"/incidents/{incident.number}/resolve/"))
            assert_inert(page(browser(stage.world.sam), f"/incidents/{incident.number}/"))


def test_hostile_notes_are_clean_html(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A2, A3: markdown of people passes the allow list on page, entry page and in frames."""
    actor = make.acts(stage.world.bo)
    for payload in ALL:
        timeline.note(actor, opened, text=payload.replace("\0", "") or "x")
    bo = browser(stage.world.bo)
    assert_inert(page(bo))
    for frame in bo.get("/incidents/1/feed/?since=0").json()["frames"]:
        assert_inert(frame["html"])


def test_hostile_names_of_people_teams_and_services(stage: Stage, browser: Browser) -> None:
    """A4: attribute break-outs in names."""
    trick = '"><svg onload=alert(1)>\' onfocus=alert(2) x="'
    stage.world.bo.name = trick
    stage.world.bo.save()
    stage.world.payments.name = trick[:80]
    stage.world.payments.save()
    stage.service.name = trick
    stage.service.save()
    stage.fire()
    bo = browser(stage.world.bo)
    for path in (
        "/now/",
        "/incidents/",
        "/incidents/1/",
        "/incidents/1/reassign/",
        "/incidents/new/",
        "/incidents/1/triage/",
    ):
        assert_inert(page(bo, path))


def test_pages_are_private_framed_by_nobody_and_without_inline_scripts(
    stage: Stage, opened: Incident, browser: Browser
) -> None:
    """A5, A26, A30, A32."""
    for path in ("/now/", "/incidents/", "/incidents/1/", "/incidents/1/resolve/", "/incidents/1/feed/"):
        answer = browser(stage.world.bo).get(path)
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert answer["Cache-Control"] == "no-store, private"
        assert not re.search(r"<script(?![^>]*(?:\ssrc=|type=\"application/json\"))", answer.content.decode())


def test_addresses_lead_nowhere_else(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A27: nothing of the query decides where a form leads."""
    bo = browser(stage.world.bo)
    for trick in (
        "//evil.example",
        "https:evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "%09//evil.example",
    ):
        answer = bo.post(f"/incidents/1/resolve/?next={trick}&version=99", {"next": trick, "version": "1"})
        assert answer.status_code in (303, 409)
        assert answer.get("Location", "/incidents/1/") == "/incidents/1/"


def test_the_header_says_that_all_alerts_have_ended(stage: Stage, browser: Browser) -> None:
    """S13: a major is not resolved by itself, so the people who are still paged are told."""
    stage.fire("disk", severity="critical")
    stage.fire("disk2", severity="critical")
    incident = Incident.objects.get(number=1)
    incident.alerts.all().update(state="open")
    bo = browser(stage.world.bo)
    assert "All its alerts ended" not in page(bo)
    incident.alerts.all().update(state="resolved", resolved_at=stage.at.at + timedelta(minutes=4))
    stage.at.move(minutes=5)
    assert re.search(r"All its alerts ended at <time [^>]*>09:04</time>", page(bo))
    assert "All its alerts ended" in page(bo, "/incidents/1/regions/")
    stage.at.move(days=1)
    assert re.search(r"All its alerts ended on <time [^>]*>Mon 16 Nov, 09:04 UTC</time>", page(bo))
    lifecycle.acknowledge(make.acts(stage.world.bo), incident)
    assert "All its alerts ended" not in page(bo)


def test_the_answer_page_says_that_all_alerts_have_ended(stage: Stage) -> None:
    """S13: Bo, who is paged for a major, learns it before he answers, by his own clock; later it is of no use."""
    stage.world.bo.time_zone = "Europe/Berlin"
    stage.world.bo.save()
    stage.fire("disk", severity="critical")
    incident = stage.incident()
    sent = Page.objects.get(user=stage.world.bo)
    client, path = Client(), f"/answer/{links.sign('answer', str(sent.pk))}/"
    assert "All its alerts ended" not in page(client, path)
    incident.alerts.update(state="resolved", resolved_at=stage.at.at + timedelta(minutes=4))
    assert "All its alerts ended at 10:04." in page(client, path)
    lifecycle.acknowledge(make.acts(stage.world.cy), incident)
    assert "All its alerts ended" not in client.get(path).content.decode()
