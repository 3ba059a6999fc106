"""The incident page as people find their way in it: filters with figures, the zone, the card for whoever is late."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import health
from incidents.commands import lifecycle, timeline
from incidents.models import Incident, TimelineEntry
from tests import world as make
from tests.incidents.conftest import Stage

Browser = Callable[..., Client]


@pytest.fixture
def opened(stage: Stage) -> Incident:
    stage.fire("disk", severity="error")
    return stage.incident()


def page(client: Client, path: str = "/incidents/1/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:400]
    return answer.content.decode()


def figures(shown: str) -> dict[str, int]:
    """The figure of each filter."""
    return {key: int(count) for key, count in re.findall(r'data-count="(\w+)">(\d+)<', shown)}


def entries(shown: str) -> list[str]:
    """The moments of the entries that the page shows."""
    return re.findall(r'<li class="tl-e[^>]*data-moment="([^"]*)"', shown)


def test_every_filter_says_how_much_it_shows_and_shows_that(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = make.acts(stage.world.bo)
    lifecycle.acknowledge(bo, opened)
    note = timeline.note(bo, opened, text="a note")
    timeline.note(bo, opened, text="we roll back", kind="decision")
    message = timeline.note(bo, opened, text="hello", kind="chat")
    timeline.pin(bo, note)
    timeline.strike(bo, note, reason="Not so")
    timeline.pin(bo, message)
    secret = timeline.note(bo, opened, text="hunter2", kind="chat")
    timeline.strike(bo, secret, reason="A password", redact=True)
    client = browser(stage.world.bo)
    counts = figures(page(client))
    assert list(counts) == ["all", "key", "note", "action", "chat"]
    assert (counts["note"], counts["action"], counts["chat"]) == (3, 1, 2), "struck ones stand there too"
    for show, count in counts.items():
        moments = entries(page(client, f"/incidents/1/?show={show}"))
        assert len(moments) == count, show
        assert all(show in moment.split() for moment in moments) or show == "all"
    assert "chat" not in " ".join(entries(page(client)))
    assert entries(page(client, "/incidents/1/?show=nonsense")) == entries(page(client))


def test_utc_at_choice_is_kept_by_the_browser(stage: Stage, opened: Incident, browser: Browser) -> None:
    """Without scripts too: the link says so, and the next pages of the incident follow it."""
    stage.world.bo.time_zone = "Asia/Kolkata"
    stage.world.bo.save()
    client = browser(stage.world.bo)
    assert ">14:30<" in page(client)
    shown = page(client, "/incidents/1/?zone=utc")
    assert ">09:00<" in shown
    assert 'data-zone="UTC"' in shown
    assert client.cookies["zone"]["httponly"]
    assert client.cookies["zone"]["path"] == "/incidents/"
    assert ">09:00<" in page(client)
    assert ">09:00<" in client.get("/incidents/1/feed/?since=0").json()["frames"][0]["html"]
    assert ">14:30<" in page(client, "/incidents/1/?zone=own")
    assert ">14:30<" in page(client)
    assert ">14:30<" in page(client, "/incidents/1/?zone=Mars/Base")


def test_the_card_tells_what_has_happened_when_the_incident_is_older_than_five_minutes(
    stage: Stage, opened: Incident, browser: Browser
) -> None:
    """RES-17: state, impact, who answers and the last two key moments."""
    client, bo = browser(stage.world.bo), make.acts(stage.world.bo)
    stage.at.move(minutes=5)
    assert 'id="catch-up"' not in page(client)
    stage.at.move(seconds=1)
    lifecycle.acknowledge(bo, opened)
    lifecycle.identify(bo, opened, cause="a full disk")
    Incident.objects.update(customer_impact="One in five payments fails")
    shown = page(client).split('id="catch-up"')[1].split("</details>")[0]
    assert shown.count("<li>") == 5
    assert "P2, identified since" in shown or "identified since" in shown
    assert "One in five payments fails" in shown
    assert "<bdi>Bo Chen</bdi> answers for it" in shown
    assert "a full disk" in shown
    assert 'id="catch-up"' not in page(client, f"/incidents/1/?before={TimelineEntry.objects.latest('pk').pk}")


def test_a_long_record_leads_to_its_newest_entry(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A phone opens at the oldest: a plain link, which a wide screen hides, leads past what is long known."""
    bo = make.acts(stage.world.bo)
    assert "Newest entry" not in page(browser(stage.world.bo))
    made = [timeline.note(bo, opened, text=f"note {number}") for number in range(6)]
    shown = page(browser(stage.world.bo)).split('id="tl-top"')[1].split("</div>")[0]
    assert f'<a href="#entry-{made[-1].pk}">Newest entry</a>' in shown


def test_impact_stands_in_the_header(stage: Stage, opened: Incident, browser: Browser) -> None:
    """TRI-01."""
    client = browser(stage.world.bo)
    assert "Impact not known yet" in page(client)
    Incident.objects.update(customer_impact="<b>One</b> in five payments fails")
    shown = page(client)
    assert "Customers affected" in shown
    assert "&lt;b&gt;One&lt;/b&gt; in five payments fails" in shown


def test_a_page_for_me_is_the_alert(stage: Stage, opened: Incident, browser: Browser) -> None:
    """Design 11: whoever is paged is told at once, and nobody else is; so is the region that scripts draw anew."""
    for path in ("/incidents/1/", "/incidents/1/regions/"):
        assert 'role="alert">You are paged for INC-1' in page(browser(stage.world.bo), path)
        assert "You are paged" not in page(browser(stage.world.ana), path)
    lifecycle.acknowledge(make.acts(stage.world.bo), opened)
    assert "You are paged" not in page(browser(stage.world.bo))


def test_five_thousand_entries_cost_no_query_more(
    stage: Stage, opened: Incident, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "banner", lambda *, detailed: None)
    client = browser(stage.world.bo)

    def count() -> int:
        page(client)
        with CaptureQueriesContext(connection) as found:
            page(client)
        return len(found)

    few = count()
    TimelineEntry.objects.bulk_create(
        TimelineEntry(incident=opened, seq=1000 + number, kind="note", text=f"note {number}", actor_label="Bo Chen")
        for number in range(5000)
    )
    assert count() == few <= 14
    shown = page(client)
    assert figures(shown)["note"] == 5000
    assert len(entries(shown)) == 200
    assert "Earlier entries" in shown
