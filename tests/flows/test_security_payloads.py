"""Hostile texts in every field of an alert: inert on every page, in sockets, in mails and in the API (A1-A5)."""

from __future__ import annotations

import email
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from django.test import Client, override_settings

from accounts import actors
from core import clock, worker
from incidents.commands import timeline
from incidents.commands.alerts import accept_batch
from incidents.consumers import render_entry
from incidents.kinds import Normalised
from incidents.models import Incident, TimelineEntry
from tests.conftest import MONDAY
from tests.core.hostile import HTMX, SCRIPTS
from tests.flows.security_doors import ROUNDS
from tests.standing import standing
from tests.world import World, build

pytestmark = pytest.mark.django_db
STORABLE = [text.replace("\0", "") for text in (*SCRIPTS, *HTMX)]  # a NUL is refused before
# What our own templates use; anything else on a page would be somebody's text come alive.
DANGEROUS = {"iframe", "object", "embed", "math", "base", "frame", "frameset", "applet", "foreignobject", "animate",
             "marquee", "xmp", "plaintext", "portal", "audio", "video", "source", "isindex"}  # fmt: skip
SCHEMES = ("javascript:", "data:text", "vbscript:", "file:", "blob:")
ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "srcdoc", "poster", "hx-get", "hx-post", "ws-connect"}


class Reader(HTMLParser):
    """Reads a page as a browser would and remembers what could act."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.alive: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name: value or "" for name, value in attrs}
        self.names |= set(names)
        if tag in DANGEROUS:
            self.alive.append(f"<{tag}>")
        if tag == "script" and not (
            names.get("src", "").startswith("/static/") or names.get("type") == "application/json"
        ):
            self.alive.append(f"<script {names}>")
        if tag == "meta" and "http-equiv" in names:
            self.alive.append(f"<meta {names}>")
        for name, value in names.items():
            squeezed = "".join(value.split()).lower()
            if name.startswith(("on", "hx-on")):
                self.alive.append(f"{tag} {name}={value}")
            if name in ADDRESSES and squeezed.startswith(SCHEMES):
                self.alive.append(f"{tag} {name}={value}")


def living(text: str) -> list[str]:
    """What in this page could act."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader.alive


def test_the_reader_sees_what_is_alive() -> None:
    """The counter-test: most payloads, put onto a page as they are, are found."""
    found = [text for text in SCRIPTS if living(f"<p>{text}</p>")]
    assert len(found) > len(SCRIPTS) * 0.7


class Storm(NamedTuple):
    """The people, the incidents that page them, and the folder of their mails."""

    world: World
    incidents: list[Incident]
    mails: Path


@pytest.fixture(scope="module")
def storms(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Storm]]:
    """The storm, made once for the file."""
    mails = tmp_path_factory.mktemp("mails")
    with standing(django_db_blocker, lambda: _storm(mails), MONDAY) as maker:
        yield maker


@pytest.fixture
def whole(storms: Callable[[], Storm], db: None, at: clock.FrozenClock) -> Storm:
    return storms()


@pytest.fixture
def storm(whole: Storm) -> list[Incident]:
    """An incident for each payload, with the payload in each field, as a name of a field and in a note."""
    return whole.incidents


@pytest.fixture
def world(whole: Storm) -> World:
    """The people whom the storm pages."""
    return whole.world


def _storm(mails: Path) -> Storm:
    world = build()
    assert len(STORABLE) >= 60
    events = [_event(world, number, text) for number, text in enumerate(STORABLE)]
    with transaction.atomic():
        accept_batch(events)
    with override_settings(EMAIL_URL="", MAIL_DIR=mails):
        worker.drain()
    incidents = list(Incident.objects.order_by("number"))
    for incident, text in zip(incidents, STORABLE, strict=False):
        timeline.note(actors.person(world.bo), incident, text=f"{text}\n\n[x]({text}) ![y]({text})")
    return Storm(world, incidents, mails)


def _event(world: World, number: int, text: str) -> Normalised:
    base = Normalised(
        world.checkout.pk, "trigger", f"k{number}", summary=text[:900], severity="critical", tool="events"
    )
    return replace(
        base, source=text[:250], component=text[:250], group=f"{number}{text[:200]}", kind=text[:250],
        details={text[:100]: text, "nested": {text[:100]: [text]}},
        links=[{"href": text, "text": text}, {"href": f"https://example.org/?{text}", "text": text}],
    )  # fmt: skip


@pytest.mark.parametrize("each", ROUNDS)
def test_every_page_stays_inert(
    storm: list[Incident], world: World, browser: Callable[..., Client], each: bool
) -> None:
    """A1, A2, A3, A4: lists, boards, details, timelines, logs and the administration.

    `make test` opens the page of one incident and an entry of the next one, the long round both of each.
    """
    bo, ada = browser(world.bo), browser(world.ada)
    wrong = []
    paths = [
        "/incidents/?status=all",
        "/now/",
        "/deliveries/",
        "/inbound/",
        "/services/",
        f"/services/{world.checkout.pk}/",
    ]
    for place, incident in enumerate(storm):
        one = f"/incidents/{incident.number}/"
        entry = incident.entries.filter(kind="note").order_by("-pk").first()
        both = [one, *([f"{one}entries/{entry.pk}/"] if entry else [])]
        paths += both if each else [both[place % len(both)]]
    paths += [f"/incidents/{storm[0].number}/{part}/" for part in ("triage", "regions", "feed", "resolve", "notes")]
    for path in paths:
        answer = bo.get(path)
        assert answer.status_code == 200, path
        wrong += [f"{path}: {alive}" for alive in living(answer.content.decode())]
    for name in ("incidents/incident", "incidents/alert", "incidents/timelineentry", "notifications/delivery"):
        page = ada.get(f"/admin/{name}/").content.decode()
        wrong += [f"/admin/{name}/: {text}" for text in STORABLE if len(text) > 12 and text in page and "<" in text]
    assert not wrong, "\n".join(wrong[:20])


def test_frames_of_sockets_stay_inert(storm: list[Incident]) -> None:
    """A1, A3: the HTML that is put into an open page, for both audiences, and no swap out of its place."""
    entries = TimelineEntry.objects.filter(incident__in=storm)
    assert entries.count() > 120
    for entry in entries:
        for brief in (True, False):
            html = render_entry(entry, brief=brief)
            assert living(html) == [], entry.text
            reader = Reader()
            reader.feed(html)
            assert not [name for name in reader.names if name.startswith(("hx-", "ws-", "data-hx"))], entry.text


def test_mails_stay_inert(whole: Storm) -> None:
    """A1, A8: the HTML part holds no picture, style, form or link of another host."""
    files = sorted(whole.mails.rglob("*.eml"))
    assert files
    for file in files:
        for part in email.message_from_bytes(file.read_bytes()).walk():
            if part.get_content_type() == "text/html":
                payload = part.get_payload(decode=True)
                assert isinstance(payload, bytes)
                html = payload.decode()
                assert living(html) == [], file.name
                assert not [tag for tag in ("<img", "<style", "<form", "<link", "<svg") if tag in html.lower()], (
                    file.name
                )


def test_the_api_says_it_in_json_alone(storm: list[Incident], world: World, browser: Callable[..., Client]) -> None:
    """A1, A5: the texts come as they are, as JSON that no browser takes for a page."""
    bo = browser(world.bo)
    for path in ("/api/v1/incidents/", f"/api/v1/incidents/{storm[5].number}/alerts/"):
        answer = bo.get(path)
        assert answer["Content-Type"].startswith("application/json")
        assert answer["X-Content-Type-Options"] == "nosniff"
        json.loads(answer.content)
    refused = bo.get("/api/v1/incidents/?<script>alert(1)</script>=1", headers={"Accept": "text/html"})
    assert not refused["Content-Type"].startswith("text/html")
