"""The story of the engine room, with real parts: Alertmanager → incident → mail → answer (DET-01, S9)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.monitoring import alertmanager, installed
from tests.system.scene import Scene, eventually, fields_of, link_of
from tools.chaos.portal import Portal, fetch
from tools.chaos.sink import Sink

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        not installed(), reason="Prometheus Alertmanager is not installed (Debian: prometheus-alertmanager)"
    ),
]


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
        product.kill_all()


def test_three_alerts_of_one_group_page_one_person_who_answers_from_the_mail(
    portal: Portal, sink: Sink, tmp_path: Path
) -> None:
    office: dict[str, str] = json.loads(portal.python("tests.system.office"))
    portal.start()
    scene = Scene(portal, sink, {"keys": [], "ladders": [], "token": office["token"]})
    target = f"{portal.url}/integrations/alertmanager/{office['key']}"
    with alertmanager(tmp_path, target) as monitoring:
        for instance in ("a", "b", "c"):
            monitoring.fire("DiskFull", instance=instance, severity="error")
        # group_wait is one second: three alerts, one POST, one incident, one mail within three more.
        eventually(lambda: sink.log, 4.5, "the first mail")
        incidents = scene.api("incidents/")["results"]
        assert len(incidents) == 1
        number = incidents[0]["number"]
        assert incidents[0]["alert_count"] == 3
        assert f"INC-{number}" in sink.log[0].subject

        def alerts(**wanted: Any) -> int:
            found = scene.api(f"incidents/{number}/alerts/")["results"]
            return sum(all(each[name] == value for name, value in wanted.items()) for each in found)

        eventually(lambda: alerts(count=1) == 0, 30, "Alertmanager repeats all three (repeat_interval)")
        scene.at_rest()
        assert len(sink.log) == 1, [mail.subject for mail in sink.log]

        # S9: scanners open links; nothing but a POST answers.
        link = link_of(sink.log[0].text)
        for _ in range(3):
            status, html = fetch(link)
            assert status == 200
        assert fetch(link, method="HEAD") == (200, b"")
        assert scene.api(f"incidents/{number}/")["status"] == "triggered"

        fields = fields_of(html.decode()) | {"answer": "accept"}
        body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        status, _ = fetch(link, body, Content_Type="application/x-www-form-urlencoded")
        assert status == 200
        assert scene.api(f"incidents/{number}/")["status"] == "acknowledged"

        monitoring.resolve("DiskFull", instance="a", severity="error")
        eventually(lambda: alerts(state="resolved") == 1, 30, "one alert is resolved")
        scene.at_rest()
        assert scene.api(f"incidents/{number}/")["status"] == "acknowledged"
        for instance in ("b", "c"):
            monitoring.resolve("DiskFull", instance=instance, severity="error")
        resolved = f"incidents/{number}/"
        eventually(lambda: scene.api(resolved)["status"] == "resolved", 30, "resolved with its last alert")
        assert len(sink.log) == 1
