"""Files on the record: stored once, removed with a secret, swept where no row wants them (RES-06, S18, A16)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.errors import Conflict, Forbidden, Invalid, TooMany
from core.models import AuditEntry
from incidents.commands import attachments, storing, timeline
from incidents.commands.attachments import Upload
from incidents.engine.files import made_anew
from incidents.jobs import sweep_attachments
from incidents.models import Attachment, Incident, TimelineEntry
from incidents.queries.timeline import broken_links, lines
from tests.incidents.conftest import Stage
from tests.incidents.pictures import bomb, picture
from tests.world import acts

LOG = Upload("pods.log", b"pod 3 restarted")


@pytest.fixture
def folder(tmp_path: Path, settings: object) -> Path:
    """A place for files that is empty."""
    settings.ATTACHMENTS_DIR = tmp_path / "files"  # type: ignore[attr-defined]
    return tmp_path / "files"


@pytest.fixture
def opened(stage: Stage, folder: Path) -> Incident:
    stage.fire()
    return stage.incident()


def on_disk(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def attach(stage: Stage, *uploads: Upload, text: str = "") -> TimelineEntry:
    return attachments.attach(acts(stage.world.bo), stage.incident(), uploads=uploads, text=text)


def test_bo_attaches_a_screenshot_and_a_log(stage: Stage, opened: Incident, folder: Path) -> None:
    shot = Upload("C:\\Users\\bo\\Desktop\\grafana.PNG", picture(size=(1600, 900)), "The pool is full")
    entry = attach(stage, shot, LOG, text="See the graph")
    found = [(place.attachment.name, place.attachment.media_type, place.alt) for place in lines([entry])[0].files]
    assert found == [("grafana.png", "image/png", "The pool is full"), ("pods.log", "text/plain", "")]
    assert (entry.text, entry.kind, entry.visibility) == ("See the graph", "note", "responders")
    assert len(on_disk(folder)) == 3  # the picture, the small one, the log
    assert broken_links(opened) == []


def test_a16_files_have_random_names_and_only_the_portal_reads_them(
    stage: Stage, opened: Incident, folder: Path
) -> None:
    attach(stage, Upload("../../../etc/passwd.txt", b"root"))
    path, row = on_disk(folder)[0], Attachment.objects.get()
    assert path == folder / row.key[:2] / row.key
    assert len(row.key) == 32
    assert "passwd" not in str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "shown"),
    [("..\\..\\boot.txt", "boot.txt"), ("%2e%2e%2fx.txt", "%2e%2e%2fx.txt"), ("/etc/shadow.log", "shadow.log"),
     ("a\u202egnp.exe.txt", "agnp.exe.txt"), ("x" * 300 + ".log", "x" * 116 + ".log"), ("a\r\nb.txt", "a b.txt"),
     ("<img src=x>.csv", "<img src=x>.csv")],
)  # fmt: skip
def test_a16_names_are_for_people(stage: Stage, opened: Incident, name: str, shown: str) -> None:
    entry = attach(stage, Upload(name, b"x"))
    assert entry.files.get().attachment.name == shown


def test_res_06_the_same_content_is_stored_once(stage: Stage, opened: Incident, folder: Path) -> None:
    first = attach(stage, Upload("a.png", picture()))
    again = attach(stage, Upload("b.png", picture()), Upload("c.png", picture()))
    assert Attachment.objects.count() == 1
    assert len(on_disk(folder)) == 1
    assert [place.attachment_id for place in again.files.all()] == [first.files.get().attachment_id]


def test_another_incident_has_its_own(stage: Stage, opened: Incident, folder: Path) -> None:
    attach(stage, LOG)
    stage.fire("cpu", tool_group="other")
    attachments.attach(acts(stage.world.bo), stage.incident(2), uploads=[LOG])
    assert Attachment.objects.count() == 2


def test_one_bad_file_refuses_all_of_them(stage: Stage, opened: Incident, folder: Path) -> None:
    """A86: nothing is written, neither rows nor bytes."""
    with pytest.raises(Invalid):
        attach(stage, LOG, Upload("bomb.png", bomb()))
    assert not Attachment.objects.exists()
    assert not TimelineEntry.objects.filter(kind="note").exists()
    assert on_disk(folder) == []


def test_one_to_five_files(stage: Stage, opened: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (0, 6):
        with pytest.raises(Invalid):
            attach(stage, *[Upload(f"{each}.txt", str(each).encode()) for each in range(number)])
    assert attach(stage, *[Upload(f"{each}.txt", str(each).encode()) for each in range(5)]).files.count() == 5
    monkeypatch.setattr(attachments, "MOST_OF_INCIDENT", 5)
    with pytest.raises(Conflict):
        attach(stage, LOG)


def test_a85_nobody_fills_the_disk_in_an_hour(stage: Stage, opened: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "PER_HOUR", 2)
    attach(stage, LOG)
    attach(stage, LOG)
    with pytest.raises(TooMany):
        attach(stage, LOG)


def test_a94_only_those_on_it_attach(stage: Stage, opened: Incident, folder: Path) -> None:
    for other in (stage.world.eve, stage.world.sam):
        with pytest.raises(Forbidden):
            attachments.attach(acts(other), opened, uploads=[LOG])
    assert on_disk(folder) == []


@pytest.mark.django_db(transaction=True)
def test_s18_a_secret_is_removed_from_the_disk_and_its_hash_stays(stage: Stage, opened: Incident, folder: Path) -> None:
    entry = attach(stage, Upload("password.png", picture(size=(900, 900)), "The root password"), text="hunter2")
    twice = attach(stage, Upload("again.png", picture(size=(900, 900))))
    digest = Attachment.objects.get().sha256
    timeline.strike(acts(stage.world.bo), entry, reason="A password", redact=True)
    row = Attachment.objects.get()
    assert on_disk(folder) == []
    assert (row.name, row.sha256, row.removed_at is None) == ("removed", digest, False)
    assert not row.places.exclude(alt="").exists()
    assert lines([TimelineEntry.objects.get(pk=entry.pk)])[0].files == []
    assert lines([TimelineEntry.objects.get(pk=twice.pk)])[0].files == []
    assert AuditEntry.objects.filter(verb="attachment.removed").count() == 1
    assert broken_links(opened) == []
    assert attach(stage, Upload("fresh.png", picture(size=(900, 900)))).files.count() == 1  # it may come again


@pytest.mark.django_db(transaction=True)
def test_a94_nobody_takes_away_what_others_have_brought(stage: Stage, opened: Incident, folder: Path) -> None:
    """Bo sends the log that Cy sent and removes it with his own entry; Cy's stays until Cy or the owner removes it."""
    bo, cy = acts(stage.world.bo), acts(stage.world.cy)
    evidence = attachments.attach(cy, opened, uploads=[LOG])
    mine = attach(stage, Upload("mine.log", LOG.content, "words"))
    timeline.strike(bo, mine, reason="A secret", redact=True)
    assert len(on_disk(folder)) == 1
    assert [each.attachment.name for each in lines([evidence])[0].files] == ["pods.log"]
    assert not mine.files.exclude(alt="").exists()
    timeline.strike(cy, evidence, reason="A secret", redact=True)
    assert on_disk(folder) == []


@pytest.mark.django_db(transaction=True)
def test_s18_the_copy_of_a_message_holds_no_secret_back(stage: Stage, opened: Incident, folder: Path) -> None:
    bo = acts(stage.world.bo)
    message = attachments.attach(bo, opened, uploads=[LOG], kind="chat")
    timeline.pin(acts(stage.world.cy), message)
    timeline.strike(acts(stage.world.cy), TimelineEntry.objects.get(copied_from=message), reason="Why", redact=True)
    assert len(on_disk(folder)) == 1, "the message is not Cy's"
    second = attachments.attach(bo, opened, uploads=[Upload("b.log", b"secret")], kind="chat")
    timeline.pin(acts(stage.world.cy), second)
    timeline.strike(bo, second, reason="A secret", redact=True)
    assert len(on_disk(folder)) == 1
    assert broken_links(opened) == []


def test_s18_striking_hides_and_keeps_the_file(stage: Stage, opened: Incident, folder: Path) -> None:
    entry = attach(stage, LOG)
    struck = timeline.strike(acts(stage.world.bo), entry, reason="Wrong incident")
    assert lines([struck])[0].files == []
    assert len(on_disk(folder)) == 1


@pytest.mark.django_db(transaction=True)
def test_files_without_a_row_are_swept_after_an_hour(
    stage: Stage, opened: Incident, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the file and its row, or between a removal and its file, leaves nothing behind for long."""
    kept = attach(stage, LOG).files.get().attachment
    with pytest.raises(DatabaseError):
        _lose(stage, Upload("lost.png", picture(size=(900, 900))))
    monkeypatch.setattr(storing, "erase", lambda key: None)
    timeline.strike(acts(stage.world.bo), attach(stage, Upload("x.txt", b"secret")), reason="A secret", redact=True)
    monkeypatch.undo()
    assert len(on_disk(folder)) == 4
    fresh = (stage.at.at.timestamp(),) * 2
    for path in on_disk(folder):
        os.utime(path, fresh)
    sweep_attachments("")
    assert len(on_disk(folder)) == 4, "they might belong to a transaction that is still open"
    stage.at.move(hours=2)
    sweep_attachments("")
    assert [path.name for path in on_disk(folder)] == [kept.key]


def _lose(stage: Stage, upload: Upload) -> None:
    """The files are written, and then the transaction is not kept."""
    with transaction.atomic():
        attach(stage, upload)
        raise DatabaseError("the server went away")


def test_a16_the_folder_itself_is_the_portals_alone(stage: Stage, opened: Incident, folder: Path) -> None:
    before = os.umask(0o022)
    try:
        attach(stage, LOG)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_disk_that_refuses_is_told_and_nothing_is_written(stage: Stage, opened: Incident, folder: Path) -> None:
    """A full disk, or a shared folder that is away: the text is not lost in an error of ours."""
    folder.write_text("no folder")
    with pytest.raises(storing.NotStored) as refusal:
        attach(stage, LOG, text="See the log")
    assert (refusal.value.status, "without it" in refusal.value.fields["files"][0]) == (503, True)
    assert not TimelineEntry.objects.filter(kind="note").exists()


def test_a_repeat_while_the_first_is_drawn_writes_nothing_twice(
    stage: Stage, opened: Incident, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was late, the page sent it again, and both were on their way (RES-06)."""
    bo, mark = acts(stage.world.bo), "mark12345"
    drawn = made_anew

    def slow(name: str, content: bytes) -> object:
        monkeypatch.setattr(attachments, "made_anew", drawn)
        attachments.attach(bo, opened, uploads=[LOG], text="See the log", mark=mark)
        return drawn(name, content)

    monkeypatch.setattr(attachments, "made_anew", slow)
    attachments.attach(bo, stage.incident(), uploads=[LOG], text="See the log", mark=mark)
    assert TimelineEntry.objects.filter(text="See the log").count() == 1


def test_a_timeline_reads_its_files_in_one_query(stage: Stage, opened: Incident) -> None:
    for number in range(6):
        attach(stage, Upload(f"{number}.txt", str(number).encode()))
    rows = list(opened.entries.select_related("incident"))
    with CaptureQueriesContext(connection) as seen:
        assert sum(len(line.files) for line in lines(rows)) == 6
    assert len(seen) == 1
