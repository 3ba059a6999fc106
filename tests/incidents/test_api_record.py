"""The record over the API: files, commands, versions (RES-06, S18, S20, A36, A57)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from incidents.commands import timeline
from incidents.models import Attachment, Incident, Milestone, TimelineEntry
from tests.incidents import pictures
from tests.incidents.conftest import Stage
from tests.world import acts

Api = Callable[..., APIClient]
TIMELINE, FILES = "/api/v1/incidents/1/timeline/", "/api/v1/incidents/1/attachments/"


@pytest.fixture
def opened(stage: Stage, tmp_path: Path, settings: Any) -> Incident:
    settings.ATTACHMENTS_DIR = tmp_path
    stage.fire()
    return stage.incident()


def shot(name: str = "grafana.png", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, pictures.picture(size=(900, 900)) if content is None else content)


def test_bo_sends_files_with_words(stage: Stage, opened: Incident, api: Api) -> None:
    sent = {"files": [shot(), shot("pods.log", b"pod 3")], "alt": ["The pool", ""], "text": "See", "kind": "finding"}
    made = api(stage.world.bo).post(FILES, sent, format="multipart")
    assert made.status_code == 201
    body = made.json()
    assert (body["kind"], body["text"], body["version"]) == ("finding", "See", 1)
    assert [(each["alt"], each["file"]["name"]) for each in body["files"]] == [
        ("The pool", "grafana.png"),
        ("", "pods.log"),
    ]
    url = body["files"][0]["file"]["url"]
    file: Any = api(stage.world.cy).get(url)
    assert (file.status_code, file["Content-Type"]) == (200, "image/png")
    assert file["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert file["Content-Disposition"].startswith("attachment")
    listed = api(stage.world.cy).get(FILES).json()["results"]
    assert [each["url"] for each in listed][-1] == url
    shown = api(stage.world.cy).get(TIMELINE).json()["results"][-1]
    assert shown["files"] == body["files"]


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [("x.svg", pictures.SVG, 415, "unknown_kind"), ("x.png", pictures.bomb(), 413, "too_big"),
     ("x.png", pictures.picture()[:30], 400, "invalid")],
)  # fmt: skip
def test_a6_a86_a_refusal_says_why(
    stage: Stage, opened: Incident, api: Api, name: str, content: bytes, status: int, code: str
) -> None:
    """A6, A86: with the status of its kind."""
    answer = api(stage.world.bo).post(FILES, {"files": shot(name, content)}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert f"“{name}”" in answer.json()["fields"]["files"][0]


def test_what_is_missing_or_unknown_is_refused(stage: Stage, opened: Incident, api: Api) -> None:
    """A59: and JSON is not read here, as files are not read elsewhere."""
    bo = api(stage.world.bo)
    assert bo.post(FILES, {"text": "no file"}, format="multipart").status_code == 400
    assert bo.post(FILES, {"files": shot(), "actor_label": "Ana"}, format="multipart").status_code == 400
    assert bo.post(FILES, {"text": "x"}, format="json").status_code in (400, 415)
    assert bo.post(TIMELINE, {"text": "x", "files": shot()}, format="multipart").status_code in (400, 415)
    assert bo.post(FILES, {"files": shot()}, format="multipart", headers={"Idempotency-Key": "x"}).status_code == 400
    assert not Attachment.objects.exists()


def test_a36_stakeholders_see_no_files(stage: Stage, opened: Incident, api: Api) -> None:
    url = api(stage.world.bo).post(FILES, {"files": shot()}, format="multipart").json()["files"][0]["file"]["url"]
    sam = api(stage.world.sam)
    assert sam.get(url).status_code == 404
    assert sam.get(FILES).json()["results"] == []
    assert sam.post(FILES, {"files": shot()}, format="multipart").status_code == 403
    assert api(stage.world.eve).post(FILES, {"files": shot()}, format="multipart").status_code == 403


def test_a_list_of_entries_takes_the_same_queries(
    stage: Stage, opened: Incident, api: Api, django_assert_max_num_queries: Any
) -> None:
    bo = api(stage.world.bo)
    for number in range(8):
        entry = bo.post(FILES, {"files": shot(f"{number}.txt", str(number).encode())}, format="multipart").json()
        written = TimelineEntry.objects.get(pk=entry["id"])
        timeline.edit(acts(stage.world.bo), written, text=f"text {number}")
        if number > 3:
            timeline.strike(acts(stage.world.bo), written, reason="Not so")
    with django_assert_max_num_queries(8):
        rows = bo.get(TIMELINE).json()["results"]
    assert [row["version"] for row in rows][-8:] == [2] * 4 + [3] * 4
    assert rows[-1]["text"] == "text 7", "its author may read what was struck"
    assert api(stage.world.cy).get(TIMELINE).json()["results"][-1]["text"] == ""


def test_a_command_by_its_slash(stage: Stage, opened: Incident, api: Api) -> None:
    """The same rule as on the page; without `slash` a text is a text."""
    bo = api(stage.world.bo)
    plain = bo.post(TIMELINE, {"text": "/ack"}, format="json")
    assert (plain.status_code, plain.json()["text"]) == (201, "/ack")
    asked = bo.post(TIMELINE, {"text": "/escalate", "slash": True}, format="json")
    assert (asked.status_code, asked.json()["code"]) == (409, "needs_its_door")
    assert "/api/v1/incidents/1/escalate-now/" in asked.json()["hint"]
    done = bo.post(TIMELINE, {"text": "/ack", "slash": True}, format="json")
    assert (done.status_code, done.json()["says"].startswith("You have acknowledged")) == (200, True)
    wrong = bo.post(TIMELINE, {"text": "/prority P2", "slash": True}, format="json")
    assert "Did you mean /priority?" in wrong.json()["fields"]["text"][0]
    late = bo.post(TIMELINE, {"text": "/at 08:40 /decide roll back", "slash": True}, format="json").json()
    assert (late["kind"], late["occurred_at"]) == ("decision", "2026-11-16T08:40:00Z")


def test_s19_the_writers_zone_counts_over_the_api_too(stage: Stage, opened: Incident, api: Api) -> None:
    stage.world.bo.time_zone = "Europe/Berlin"
    stage.world.bo.save()
    late = api(stage.world.bo).post(TIMELINE, {"text": "/at 09:40 x", "slash": True}, format="json").json()
    assert late["occurred_at"] == "2026-11-16T08:40:00Z"


def test_s51_a_stale_edit_is_409_with_both_texts(stage: Stage, opened: Incident, api: Api) -> None:
    bo = api(stage.world.bo)
    made = bo.post(TIMELINE, {"text": "first"}, format="json").json()
    path = f"{TIMELINE}{made['id']}/"
    assert bo.patch(path, {"text": "second", "version": 1}, format="json").json()["version"] == 2
    stale = bo.patch(path, {"text": "mine", "version": 1}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert stale.json()["fields"] == {"version": ["2"], "present": ["second"], "yours": ["mine"]}
    assert bo.patch(path, {"text": "mine"}, format="json", headers={"If-Match": '"2"'}).status_code == 200


def test_s20_a_stale_milestone_is_409_with_both_times(stage: Stage, opened: Incident, api: Api) -> None:
    seen = Milestone.objects.get(kind="started").at.isoformat()
    bo, path = api(stage.world.bo), "/api/v1/incidents/1/milestones/"
    sent = {"kind": "started", "at": "2026-11-16T08:20:00Z", "seen": seen}
    assert bo.post(path, sent, format="json").status_code == 200
    stale = bo.post(path, {**sent, "at": "2026-11-16T08:10:00Z"}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert stale.json()["fields"]["present"] == ["2026-11-16T08:20:00+00:00"]
