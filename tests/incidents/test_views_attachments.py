"""Files through the pages: sent with the composer, shown in their place, served to those who may (A6, A7, A16, A36)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from incidents.commands import attachments, timeline
from incidents.commands.attachments import Upload
from incidents.models import Attachment, Incident, Participant, TimelineEntry
from tests import world as make
from tests.incidents import pictures
from tests.incidents.conftest import Stage
from tests.pages import EVIL, assert_inert, text_of

Browser = Callable[..., Client]
NOTES, PART = "/incidents/1/notes/", {"HX-Request": "true"}


@pytest.fixture
def opened(stage: Stage, tmp_path: Path, settings: Any) -> Incident:
    settings.ATTACHMENTS_DIR = tmp_path
    stage.fire()
    return stage.incident()


@pytest.fixture
def shot(stage: Stage, opened: Incident) -> Attachment:
    """Bo's screenshot on INC-1."""
    upload = Upload("grafana.png", pictures.picture(size=(1600, 900)), "The pool is full")
    return attachments.attach(make.acts(stage.world.bo), opened, uploads=[upload]).files.get().attachment


def path_of(file: Attachment) -> str:
    return f"/incidents/1/attachments/{file.key}/"


def sent(name: str, content: bytes, kind: str = "application/octet-stream") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, kind)


def test_a_screenshot_without_a_script_stands_in_its_place(stage: Stage, opened: Incident, browser: Browser) -> None:
    """RES-06: shown small, with its size beforehand (no shift) and words for those who cannot see it."""
    files = [sent("grafana.png", pictures.picture(size=(1600, 900)), "image/png"), sent("pods.log", b"pod 3")]
    answer = browser(stage.world.bo).post(NOTES, {"text": "See *this*", "files": files, "alt": ["The pool", ""]})
    assert answer.status_code == 303
    shown = text_of(browser(stage.world.cy).get("/incidents/1/"))
    picture, log = Attachment.objects.order_by("pk")
    assert f'<img src="{path_of(picture)}?small" width="320" height="180" loading="lazy" alt="The pool">' in shown
    assert f'href="{path_of(log)}"' in shown
    assert "pods.log" in shown
    assert "See <em>this</em>" in shown


def test_the_composer_takes_files_and_offers_commands(stage: Stage, opened: Incident, browser: Browser) -> None:
    shown = text_of(browser(stage.world.bo).get("/incidents/1/"))
    form = shown[shown.index('<form class="composer"') : shown.index("</form>", shown.index('<form class="composer"'))]
    assert 'enctype="multipart/form-data"' in form
    assert re.search(r'<input[^>]*type="file" name="files" multiple[^>]*data-paste>', form)
    assert "image/webp" in form
    assert "Take it: escalation stops" in shown, "what /ack does, for the completion"


def test_a_picture_alone_is_an_entry(stage: Stage, opened: Incident, browser: Browser) -> None:
    bo = browser(stage.world.bo)
    assert bo.post(NOTES, {"text": "", "files": sent("a.png", pictures.picture())}, headers=PART).status_code == 204
    assert bo.post(NOTES, {"text": ""}, headers=PART).status_code == 400
    assert TimelineEntry.objects.filter(kind="note").count() == 1


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [("x.svg", pictures.SVG, 415), ("x.png", pictures.HTML, 415), ("x.png", pictures.SVG, 415),
     ("x.pdf", pictures.PDF, 415), ("x.xml", pictures.XXE, 415), ("bomb.png", pictures.bomb(), 413),
     ("x.png", pictures.picture()[:30], 400), ("x.log", b"x" * (1024 * 1024 + 1), 413)],
)  # fmt: skip
def test_a_refused_file_says_why_and_keeps_the_text(
    stage: Stage, opened: Incident, browser: Browser, name: str, content: bytes, status: int
) -> None:
    """A6, A7, A86: whatever type the client says that it is."""
    bo = browser(stage.world.bo)
    answer = bo.post(NOTES, {"text": "kept words", "files": sent(name, content, "image/png")})
    assert answer.status_code == status
    assert "kept words" in text_of(answer)
    assert f"“{name}”" in text_of(answer)
    part = bo.post(NOTES, {"text": "x", "files": sent(name, content, "image/png")}, headers=PART)
    assert (part.status_code, part["HX-Retarget"]) == (status, "#messages")
    assert not Attachment.objects.exists()
    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_a_picture_of_several_megabytes_and_text_beside_it(stage: Stage, opened: Incident, browser: Browser) -> None:
    """A21: of a form that is too long to be looked at whole, its words are still proven to be text."""
    large = pictures.picture("JPEG") + b"\xff" * (3 * 1024 * 1024)
    bo = browser(stage.world.bo)
    assert bo.post(NOTES, {"text": "Café 🚒", "files": sent("a.jpg", large)}).status_code == 303
    assert TimelineEntry.objects.get(kind="note").text == "Café 🚒"
    body = encode_multipart(BOUNDARY, {"text": "caf-", "files": sent("b.jpg", large)}).replace(b"caf-", b"caf\xe9")
    broken = bo.generic("POST", NOTES, body, content_type=MULTIPART_CONTENT)
    assert (broken.status_code, "not UTF-8" in text_of(broken)) == (400, True)


def test_a6_a_file_comes_with_a_policy_of_its_own(stage: Stage, shot: Attachment, browser: Browser) -> None:
    cy = browser(stage.world.cy)
    answer: Any = cy.get(path_of(shot))
    assert b"".join(answer.streaming_content)[:4] == b"\x89PNG"
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["Content-Disposition"] == 'inline; filename="grafana.png"'
    small: Any = cy.get(f"{path_of(shot)}?small")
    assert (small["Content-Type"], b"".join(small.streaming_content)[8:12]) == ("image/webp", b"WEBP")
    again = cy.get(path_of(shot), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again["Content-Security-Policy"]) == (304, "sandbox; default-src 'none'")


def test_a6_a_text_is_saved_and_never_shown(stage: Stage, opened: Incident, browser: Browser) -> None:
    name = 'a"; filename="evil.html\r\nX-Evil: 1.log'
    attachments.attach(make.acts(stage.world.bo), opened, uploads=[Upload(name, b"<b>not html</b>")])
    answer: Any = browser(stage.world.bo).get(path_of(Attachment.objects.get()))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert "X-Evil" not in answer.headers
    assert b"".join(answer.streaming_content) == b"<b>not html</b>"


def test_a36_strangers_and_stakeholders_get_nothing(stage: Stage, shot: Attachment, browser: Browser) -> None:
    assert "/accounts/login/" in Client().get(path_of(shot))["Location"]
    assert browser(stage.world.sam).get(path_of(shot)).status_code == 404
    assert shot.key not in text_of(browser(stage.world.sam).get("/incidents/1/"))
    assert browser(stage.world.eve).get(path_of(shot)).status_code == 200  # any staff member reads an open incident


def test_a36_a_private_incident_has_no_files_for_others(stage: Stage, shot: Attachment, browser: Browser) -> None:
    """S34: the same 404 as for a file that never was."""
    Incident.objects.update(visibility="private")
    Participant.objects.exclude(user=stage.world.bo).delete()
    eve, never = browser(stage.world.eve), f"/incidents/1/attachments/{'0' * 32}/"
    assert text_body(eve, path_of(shot)) == text_body(eve, never)
    assert browser(stage.world.bo).get(path_of(shot)).status_code == 200


def text_body(client: Client, path: str) -> str:
    """What a 404 says, without the number of the request and the address."""
    answer = client.get(path)
    assert answer.status_code == 404
    return re.sub(r"[0-9a-f]{16,32}|[A-Za-z0-9]{64}|\d{10,}", "", text_of(answer))


def test_a58_a_file_is_addressed_through_its_own_incident(stage: Stage, shot: Attachment, browser: Browser) -> None:
    stage.fire("cpu", tool_group="other")
    assert browser(stage.world.bo).get(f"/incidents/2/attachments/{shot.key}/").status_code == 404


@pytest.mark.parametrize("key", ["..", "%2e%2e%2fsecret-key", "a" * 300, "secret-key", "..%5c..%5cx", "%00"])
def test_a16_other_names_lead_nowhere(stage: Stage, opened: Incident, browser: Browser, key: str) -> None:
    assert browser(stage.world.bo).get(f"/incidents/1/attachments/{key}/").status_code in (400, 404)


def test_s18_a_struck_entry_hides_its_file_from_all(stage: Stage, shot: Attachment, browser: Browser) -> None:
    entry = TimelineEntry.objects.get(files__attachment=shot)
    timeline.strike(make.acts(stage.world.bo), entry, reason="Names a customer")
    assert browser(stage.world.cy).get(path_of(shot)).status_code == 404
    assert shot.key not in text_of(browser(stage.world.cy).get("/incidents/1/"))


def test_a_disk_that_refuses_says_so_beside_the_field(
    stage: Stage, opened: Incident, browser: Browser, tmp_path: Path, settings: Any
) -> None:
    settings.ATTACHMENTS_DIR = tmp_path / "file"
    settings.ATTACHMENTS_DIR.write_text("no folder")
    bo = browser(stage.world.bo)
    answer = bo.post(NOTES, {"text": "kept words", "files": sent("a.log", b"x")})
    assert answer.status_code == 503
    assert "kept words" in text_of(answer)
    assert "refused it" in text_of(answer)
    part = bo.post(NOTES, {"text": "x", "files": sent("a.log", b"x")}, headers=PART)
    assert (part.status_code, part["HX-Retarget"]) == (503, "#messages")


def test_a_file_that_the_disk_has_lost_is_404(stage: Stage, shot: Attachment, browser: Browser, tmp_path: Path) -> None:
    for path in tmp_path.rglob(f"{shot.key}*"):
        path.unlink()
    assert browser(stage.world.bo).get(path_of(shot)).status_code == 404


def test_a1_a4_hostile_names_and_words(stage: Stage, opened: Incident, browser: Browser) -> None:
    uploads = [Upload(f"{EVIL}.log", b"x"), Upload("x.png", pictures.picture(), EVIL)]
    entry = attachments.attach(make.acts(stage.world.bo), opened, uploads=uploads, text=EVIL)
    for path in ("/incidents/1/", f"/incidents/1/entries/{entry.pk}/", "/incidents/1/feed/"):
        assert_inert(browser(stage.world.bo).get(path))
