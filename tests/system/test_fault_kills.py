"""Processes die or freeze at chosen moments (F4, F5, F6, F7, F12, G1, G2, G9, G18); the sink's log is the witness."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.system.conftest import Make
from tests.system.scene import Scene, eventually
from tools.chaos.portal import children, fetch

pytestmark = [pytest.mark.system, pytest.mark.faults]
WORKERS = 5


@pytest.fixture(scope="module")
def scene(make: Make) -> Scene:
    """One portal with five workers for the whole module; each test leaves it running."""
    made = make(WORKERS=str(WORKERS))
    made.portal.start()
    return made


@pytest.fixture(autouse=True)
def _whole(scene: Scene) -> None:
    """Every process is back and the sink answers at once."""
    scene.sink.delay, scene.sink.mode = 0.0, "ok"
    eventually(lambda: len(scene.portal.roles()) == WORKERS + 2, 20, "all processes run")


def test_five_workers_do_each_step_once_f12_g9(scene: Scene) -> None:
    tokens = scene.post_many(40)
    eventually(lambda: all(scene.mails(token) for token in tokens), 30, "a mail for each")
    scene.at_rest()
    assert set(scene.counts(tokens).values()) == {1}
    twice = scene.sql(
        "SELECT escalation_id, level, user_id, pass_number FROM oncall_page"
        " GROUP BY escalation_id, level, user_id, pass_number HAVING count(*) > 1"
    )
    assert twice == []


def test_killed_between_the_providers_answer_and_the_mark_f4(scene: Scene) -> None:
    """The mail server has taken it; the worker dies before it hears so: once more, with the same Message-ID."""
    scene.sink.delay = 2.0
    token = scene.post()
    scene.arrives(token)
    holders = eventually(lambda: scene.holders(token), 2, "somebody holds the page")
    scene.sink.delay = 0.0
    for pid in holders:
        scene.portal.kill(pid)
    eventually(lambda: len(scene.mails(token)) == 2, 15, "the second mail")
    scene.at_rest()
    assert len(scene.mails(token)) == 2
    assert len({mail.message_id for mail in scene.mails(token)}) == 1


def test_web_killed_right_after_each_202_f5(scene: Scene) -> None:
    """The wake-up may be lost with the process: the workers find the event by themselves within 5 s."""
    for _ in range(5):
        token = scene.fresh()
        eventually(partial(scene.is_taken, token), 20, "202")
        scene.portal.kill(scene.portal.roles()["web"])
        mail = scene.arrives(token)
        assert mail.at - scene.accepted[token] <= 5.0
        eventually(lambda: "web" in scene.portal.roles(), 10, "web is back")


def test_killed_before_the_commit_f6(scene: Scene) -> None:
    """Whoever hears no 2xx sends again with the same key: one incident per key, whatever had been written."""
    tokens = [scene.fresh() for _ in range(5)]
    for step, token in enumerate(tokens):
        web = _web(scene)
        after = 0.004 * step if step else 0.3
        assert _cut_off(scene, scene.body(token), whole=step > 0, after=after, web=web) in {b"", b"202"}
        eventually(partial(scene.is_taken, token), 20, "202")
    eventually(lambda: all(scene.mails(token) for token in tokens), 20, "a mail for each")
    scene.at_rest()
    assert set(scene.counts(tokens).values()) == {1}
    titles = Counter(title for (title,) in scene.sql("SELECT title FROM incidents_incident"))
    assert [titles[f"Fault {token}"] for token in tokens] == [1] * len(tokens)


def _web(scene: Scene) -> int:
    """The process that serves, once it does: a connection before that would wait for the next one."""

    def serves() -> bool:
        with contextlib.suppress(OSError):
            return fetch(f"{scene.portal.url}/healthz", timeout=2)[0] == 200
        return False

    eventually(serves, 20, "web is back")
    return scene.portal.roles()["web"]


def _cut_off(scene: Scene, body: bytes, *, whole: bool, after: float, web: int) -> bytes:
    """Send a request, all of it or half, and kill web after some seconds; the status, or nothing."""
    head = f"POST /v2/enqueue HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    sent = head.encode() + b"Content-Type: application/json\r\n\r\n" + (body if whole else body[: len(body) // 2])
    with socket.create_connection(("127.0.0.1", scene.portal.port), 10) as client:
        client.sendall(sent)
        time.sleep(after)
        scene.portal.kill(web)
        try:
            answer = client.recv(4096)
        except (ConnectionError, TimeoutError):  # nobody had taken the connection: the next process may
            return b""
    return answer.split(b" ")[1] if answer else b""


def test_a_worker_frozen_longer_than_its_lease_f7(scene: Scene) -> None:
    """Frozen in mid-send, its lease ends, another sends; awake again it marks nothing and sends nothing."""
    scene.sink.delay = 3.0
    token = scene.post()
    scene.arrives(token)
    (frozen,) = eventually(lambda: scene.holders(token), 2, "somebody holds the page")
    scene.portal.signal(frozen, signal.SIGSTOP)
    scene.sink.delay = 0.0
    past = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 second')"  # as after 25 s
    scene.sql(f"UPDATE core_duerow SET lease_until = {past} WHERE state = 'leased' AND lease_owner LIKE '%:{frozen}:%'")
    eventually(lambda: len(scene.mails(token)) == 2, 10, "the other worker's mail")
    scene.portal.signal(frozen, signal.SIGCONT)
    time.sleep(4)
    assert len(scene.mails(token)) == 2
    assert len({mail.message_id for mail in scene.mails(token)}) == 1
    assert Path(f"/proc/{frozen}").exists()
    key = "SELECT state, count(*) FROM core_duerow WHERE kind = 'delivery.send' AND state != 'done' GROUP BY state"
    assert scene.sql(key) == []


def test_it_ends_in_time_although_the_bulk_cluster_is_broken_g18(scene: Scene) -> None:
    """A cluster whose own processes were killed cannot end by itself; it is not waited for to the last."""
    for pid in children(scene.portal.roles()["bulk"]):
        scene.portal.kill(pid)
    code, took = scene.portal.stop()
    assert code == 0
    assert took <= 8
