"""The whole portal ends and comes back: in time, late, with another key, with nobody to listen (F2, F3, F53, F63)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.system.conftest import Make
from tests.system.scene import Scene, eventually, fields_of, link_of
from tools.chaos.portal import ROOT, fetch

pytestmark = [pytest.mark.system, pytest.mark.faults]


def test_sigterm_in_the_middle_of_sending_f2_g18(make: Make) -> None:
    """Ends within 10 s with exit code 0; what was being sent is finished, the rest waits; nothing twice or lost."""
    scene = make(WORKERS="2")
    scene.portal.start()
    scene.sink.delay = 0.4
    tokens = scene.post_many(40)
    eventually(lambda: len(scene.sink.log) >= 4, 20, "the first mails")
    code, took = scene.portal.stop()
    left = sum(not scene.mails(token) for token in tokens)
    assert code == 0
    assert took <= 10
    assert left, "it should have ended in the middle"
    assert scene.sql("SELECT count(*) FROM core_duerow WHERE state = 'leased'") == [(0,)]
    scene.sink.delay = 0.0
    scene.portal.start()
    eventually(lambda: all(scene.mails(token) for token in tokens), 40, "a mail for each")
    scene.at_rest()
    assert set(scene.counts(tokens).values()) == {1}


@pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed (Debian: faketime)")
def test_everything_killed_and_started_ten_minutes_later_f3(make: Make) -> None:
    """Each level once, not three at once; what was answered stays quiet; what had not left says that it is late."""
    scene = make(WORKERS="2")
    scene.portal.start()
    asked, answered = (scene.post(key) for key in scene.ladders)
    assert scene.arrives(asked).to.startswith("lea")
    assert scene.arrives(answered).to.startswith("tia")
    scene.api(f"incidents/{scene.incident(answered)['number']}/acknowledge/", {})
    scene.at_rest()
    scene.sink.mode = "hold"
    waiting = scene.post()
    eventually(lambda: scene.holders(waiting), 10, "the page is being sent")
    scene.portal.kill_all()
    scene.sink.mode = "ok"
    before = len(scene.sink.log)
    scene.portal.start(60, prefix=("faketime", "-f", "+10m"))
    late = scene.arrives(waiting, 10)
    assert "Late by 10 min" in late.text
    eventually(lambda: len(scene.mails(asked)) == 2, 10, "the second level")
    time.sleep(3)
    new = [mail for mail in scene.sink.log[before:] if not mail.subject.startswith("[Watchbill]")]
    assert sorted(mail.to.split("@")[0] for mail in new) == sorted([late.to.split("@")[0], "moe"])
    assert len(scene.mails(asked)) == 2
    assert len(scene.mails(answered)) == 1
    scene.portal.kill_all()


def test_another_secret_key_f53(make: Make) -> None:
    """Old links end with a sentence, new ones work, also in what has waited: stored secrets have keys of their own."""
    scene = make(SECRET_KEY="the-first-secret-key-of-this-portal-" * 2)
    scene.portal.start()
    told = link_of(scene.arrives(scene.post()).text)
    assert fetch(told)[0] == 200
    scene.sink.mode = "hold"
    waiting = scene.post()
    eventually(lambda: scene.holders(waiting), 10, "the page is being sent")
    scene.portal.kill_all()
    scene.sink.mode = "ok"
    scene.portal.environment |= {"WATCHBILL_SECRET_KEY": "another-secret-key-of-the-same-portal-" * 2}
    scene.portal.start()
    mail = scene.arrives(waiting, 15)
    assert fetch(link_of(mail.text))[0] == 200  # signed as it left, so with the new key
    status, page = fetch(told)
    assert status == 404
    assert "not one of ours" in page.decode()
    fresh = scene.post()
    mail = scene.arrives(fresh)
    status, page = fetch(link_of(mail.text))
    assert status == 200
    fields = fields_of(page.decode()) | {"answer": "accept"}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    assert fetch(link_of(mail.text), body, Content_Type="application/x-www-form-urlencoded")[0] == 200
    assert scene.incident(fresh)["status"] == "acknowledged"
    assert "Traceback" not in scene.portal.tail(100_000)


def test_nobody_reads_the_output_f63(make: Make) -> None:
    """`manage.py up | head -1`: the pipe is closed, pages leave all the same, and it ends in order."""
    scene = make()
    portal = scene.portal
    command = [sys.executable, str(ROOT / "manage.py"), "up"]
    portal.process = subprocess.Popen(
        command,
        env=portal.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert portal.process.stdout is not None
    assert portal.process.stdout.readline()
    portal.process.stdout.close()
    eventually(lambda: _answers(scene), 30, "the portal answers")
    token = scene.post()
    scene.arrives(token)
    worker = next(pid for pid in portal.tree() if scene_role(pid, portal.pid))
    os.kill(worker, signal.SIGKILL)  # what is started later has nobody to talk to either
    scene.arrives(scene.post(), 30)
    assert len(scene.mails(token)) == 1
    code, took = portal.stop()
    assert code == 0
    assert took <= 10


def _answers(scene: Scene) -> bool:
    try:
        return fetch(f"{scene.portal.url}/healthz", timeout=2)[0] == 200
    except OSError:
        return False


def scene_role(pid: int, runner: int) -> bool:
    """Whether a process is a direct child of the runner."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[1]) == runner
