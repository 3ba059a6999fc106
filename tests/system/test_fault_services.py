"""PostgreSQL and Redis restart, go away or disagree about the time (F13, F21, F22, F25, G10, G11)."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.scene import Scene, eventually
from tools.chaos.portal import Portal
from tools.chaos.sink import Sink
from tools.services import Postgres, Redis, postgres_bin

pytestmark = [
    pytest.mark.system,
    pytest.mark.services,
    pytest.mark.skipif(postgres_bin() is None, reason="PostgreSQL's server is not installed (Debian: postgresql)"),
    pytest.mark.skipif(not shutil.which("redis-server"), reason="Redis is not installed (Debian: redis-server)"),
]
# Two instances on one database share their secrets, as the manual says.
SECRETS = {
    "SECRET_KEY": "a-secret-key-that-two-instances-share-" * 2,
    "FIELD_KEYS": "a-field-key-of-the-tests-0123456789",
}


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    """A server of this module's own."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-redis-"))
    server = Redis(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def scene(redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A portal with two workers on a PostgreSQL of its own, with Redis as its cache."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-faults-"))  # pytest's folders are closed to the server's account
    postgres = Postgres(folder)
    sink = Sink()
    sink.start()
    settings = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, "EMAIL_URL": sink.url, "WORKERS": "2", **SECRETS}
    portal = Portal(tmp_path_factory.mktemp("services"), **settings)
    portal.manage("migrate", "-v0")
    made = Scene(portal, sink, json.loads(portal.python("tests.system.crew", "120")), postgres)
    portal.start()
    yield made
    portal.kill_all()
    sink.stop()
    postgres.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


class Sender(threading.Thread):
    """Posts an event every 100 ms, again and again until somebody takes it; keeps every answer with its time."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(daemon=True)
        self.scene = scene
        self.answers: list[tuple[float, int, float]] = []
        self.tokens: list[str] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        """Post until stopped."""
        token = self.scene.fresh()
        while not self.stopping.wait(0.1):
            begun = time.monotonic()
            status = self.scene.try_post(token, timeout=20)
            self.answers.append((begun, status, time.monotonic() - begun))
            if status == 202:
                self.tokens.append(token)
                token = self.scene.fresh()


@pytest.mark.parametrize(
    "away",
    [
        pytest.param(0.0, id="restarted-f21"),
        pytest.param(8.0, id="stopped-f22"),
        pytest.param(60.0, id="stopped-a-minute-f22", marks=pytest.mark.long),
    ],
)
def test_postgresql_goes_away_under_load(scene: Scene, away: float) -> None:
    """503 or 202, nothing else; back within 5 s by themselves; every 202 is paged, and no process was started anew."""
    assert scene.postgres is not None
    before = scene.portal.roles()
    sender = Sender(scene)
    sender.start()
    eventually(lambda: len(sender.tokens) >= 10, 20, "events come in")
    left = time.monotonic()
    if away:
        scene.postgres.stop("immediate")
        time.sleep(away)
        scene.postgres.start()
    else:
        scene.postgres.restart("immediate")
    back = time.monotonic()
    first = eventually(lambda: [at for at, status, _ in sender.answers if at > back and status == 202], 30, "a 202")[0]
    paged = eventually(lambda: [m for m in scene.sink.log if m.at > back], 30, "a page")[0].at
    time.sleep(2)
    sender.stopping.set()
    sender.join(20)
    eventually(lambda: all(scene.mails(token) for token in sender.tokens), 30, "a mail for each")
    scene.at_rest()
    assert {status for _, status, _ in sender.answers} <= {202, 503}
    if away:
        assert 503 in {status for at, status, _ in sender.answers if at > left}
    assert max(took for _, _, took in sender.answers) <= 10
    assert first - back <= 5
    assert paged - back <= 30
    assert scene.portal.roles() == before
    assert max(scene.counts(sender.tokens).values()) <= 2
    assert scene.sql("SELECT count(*) FROM core_duerow WHERE state = 'parked'") == [(0,)]


@pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed (Debian: faketime)")
def test_two_instances_whose_clocks_differ_by_half_a_minute_f13(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The database's clock rules: with the fast instance alone at work, a step is not early by more than 1 s."""
    assert scene.postgres is not None
    settings = {"DATABASE_URL": scene.postgres.url, "EMAIL_URL": scene.sink.url, **SECRETS}
    fast = Portal(tmp_path_factory.mktemp("fast"), **settings)
    try:
        fast.start(60, prefix=("faketime", "-f", "+30s"))
        token = scene.post(scene.ladders[0])
        assert scene.arrives(token).to.startswith("lea")
        scene.at_rest()
        # Both watch the queue now; the next level is moved close, by the database's clock.
        step = "kind = 'escalation.step' AND state = 'waiting'"
        scene.sql(f"UPDATE core_duerow SET due = clock_timestamp() + interval '8 seconds' WHERE {step}")
        wanted = time.monotonic() + 8
        mail = eventually(lambda: scene.mails(token)[1:], 30, "the second level")[0]
        assert mail.to.startswith("moe")
        assert -1.0 <= mail.at - wanted <= 5
        tokens = [scene.post() for _ in range(20)]
        eventually(lambda: all(scene.mails(each) for each in tokens), 30, "a mail for each")
        scene.at_rest()
        assert set(scene.counts(tokens).values()) == {1}
        assert len(scene.mails(token)) == 2
    finally:
        fast.kill_all()


def test_redis_is_emptied_and_then_gone_f25_g11(scene: Scene, redis: Redis) -> None:
    """Pages leave, sessions live on, no page of the portal waits for it."""
    ana = scene.sign_in("ada@example.org")
    redis.flush()
    scene.arrives(scene.post())
    assert ana.get("/now/").url.path == "/now/"
    redis.kill()
    for _ in range(3):
        scene.arrives(scene.post())
        begun = time.monotonic()
        assert ana.get("/now/").url.path == "/now/"
        assert time.monotonic() - begun <= 4
    assert scene.sign_in("ada@example.org").get("/now/").status_code == 200
    scene.api("incidents/")
