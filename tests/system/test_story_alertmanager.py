"""The story of the engine room, with real parts: Alertmanager → incident → mail → answer (DET-01, S9)."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.monitoring import alertmanager, installed
from tools.chaos.portal import Portal, fetch
from tools.chaos.sink import Sink

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        not installed(), reason="Prometheus Alertmanager is not installed (Debian: prometheus-alertmanager)"
    ),
]


def eventually(check: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until `check` gives something true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def portal(tmp_path: Path, sink: Sink, migrated: Path) -> Iterator[Portal]:
    shutil.copytree(migrated, tmp_path / "data")
    product = Portal(tmp_path, EMAIL_URL=sink.url)
    yield product
    if product.process and product.process.poll() is None:
        product.stop()


class Api:
    """A program with a token."""

    def __init__(self, portal: Portal, token: str) -> None:
        self.portal, self.token = portal, token

    def get(self, path: str) -> Any:
        status, body = fetch(f"{self.portal.url}/api/v1/{path}", Authorization=f"Bearer {self.token}")
        assert status == 200, body
        return json.loads(body)


def form_fields(html: str) -> dict[str, str]:
    """The hidden fields of the answer form, as a client without scripts reads them."""
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', html))


def test_three_alerts_of_one_group_page_one_person_who_answers_from_the_mail(
    portal: Portal, sink: Sink, tmp_path: Path
) -> None:
    setup = json.loads(portal.python("tests.system.office"))
    portal.start()
    api = Api(portal, setup["token"])
    target = f"{portal.url}/integrations/alertmanager/{setup['key']}"
    with alertmanager(tmp_path, target) as monitoring:
        for instance in ("a", "b", "c"):
            monitoring.fire("DiskFull", instance=instance, severity="error")
        # group_wait is one second: three alerts, one POST, one incident, one mail within three more.
        eventually(lambda: sink.log, 4.5, "the first mail")
        incidents = api.get("incidents/")["results"]
        assert len(incidents) == 1
        number = incidents[0]["number"]
        assert incidents[0]["alert_count"] == 3
        assert f"INC-{number}" in sink.log[0].subject

        time.sleep(6)  # more than one repeat_interval
        assert len(sink.log) == 1, [mail.subject for mail in sink.log]

        # S9: scanners open links; nothing but a POST answers.
        link = re.search(r"http\S+/answer/\S+?/(?=\s|$)", sink.log[0].text)
        assert link, sink.log[0].text
        for _ in range(3):
            status, html = fetch(link[0])
            assert status == 200
        assert fetch(link[0], method="HEAD") == (200, b"")
        assert api.get(f"incidents/{number}/")["status"] == "triggered"

        fields = form_fields(html.decode()) | {"answer": "accept"}
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        status, _ = fetch(link[0], body, Content_Type="application/x-www-form-urlencoded")
        assert status == 200
        assert api.get(f"incidents/{number}/")["status"] == "acknowledged"

        monitoring.resolve("DiskFull", instance="a", severity="error")
        time.sleep(4)
        assert api.get(f"incidents/{number}/")["status"] == "acknowledged"
        for instance in ("b", "c"):
            monitoring.resolve("DiskFull", instance=instance, severity="error")
        eventually(lambda: api.get(f"incidents/{number}/")["status"] == "resolved", 12, "resolved with its last alert")
        assert len(sink.log) == 1
