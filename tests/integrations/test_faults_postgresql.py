"""The hot door while PostgreSQL restarts or is held: 503, no false 2xx, and back by itself (F21, F22, F24, G10)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from accounts import actors
from incidents.models import Alert
from integrations.api.intake import Intake
from integrations.commands import keys
from tests.core.test_faults_postgresql import server as server
from tests.integrations.conftest import Sender
from tests.world import build
from tools.services import Postgres

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def posting(server: Postgres) -> Iterator[tuple[Sender, str]]:
    """A sender and the text of a key, on a server of this test's own."""
    raw = keys.issue(actors.system("test"), build().checkout)[1]
    made = Sender(Intake())
    yield made, raw
    made.close()


def event(raw: str, number: int) -> dict[str, object]:
    """A trigger with a key of its own, too few for a flood."""
    payload = {"summary": "Disk full", "source": "web1", "severity": "error"}
    return {"routing_key": raw, "event_action": "trigger", "dedup_key": f"k{number}", "payload": payload}


@pytest.mark.parametrize("away", [0.0, 3.0])
def test_a_restart_loses_nothing_that_was_accepted_f21_f22(
    server: Postgres, posting: tuple[Sender, str], away: float
) -> None:
    sender, raw = posting
    assert sender.post("/v2/enqueue", event(raw, 0)).status == 202
    statuses: list[int] = []
    accepted = {"k0"}
    back = threading.Event()

    def restart() -> None:
        server.stop("immediate")
        time.sleep(away)
        server.start()
        back.set()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(restart)
        until = time.monotonic() + 60
        while time.monotonic() < until and not (back.is_set() and statuses[-1:] == [202]):
            number = len(statuses) % 80
            statuses.append(sender.post("/v2/enqueue", event(raw, number)).status)
            if statuses[-1] == 202:
                accepted.add(f"k{number}")
            time.sleep(0.1)
        done.result()
    assert set(statuses) <= {202, 503}
    assert statuses[-1] == 202
    connections.close_all()
    assert accepted <= set(Alert.objects.values_list("key", flat=True))


def test_a_held_table_is_503_within_ten_seconds_f24(server: Postgres, posting: tuple[Sender, str]) -> None:
    sender, raw = posting
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE incidents_alert IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        answer = sender.post("/v2/enqueue", event(raw, 1))
        assert answer.status == 503
        assert answer.headers["retry-after"]
        assert time.monotonic() - started < 10
    assert not Alert.objects.exists()
    assert sender.post("/v2/enqueue", event(raw, 1)).status == 202
