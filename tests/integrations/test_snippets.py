"""What the portal tells people to paste is what its own doors take: each text is run or read, and sent (DET-11)."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from integrations.commands import heartbeats, keys
from integrations.models import Heartbeat, InboundEvent
from integrations.snippets import PLACEHOLDER, heartbeat, samples, snippets
from tests.integrations import recorded
from tests.integrations.conftest import OWNER, Answer, Sender
from tests.world import World


@dataclass
class Shell:
    """A shell whose curl tells what it was called with and calls nobody."""

    folder: Path

    def __post_init__(self) -> None:
        curl = self.folder / "curl"
        curl.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
        curl.chmod(0o755)

    def words(self, text: str, **environment: str) -> list[str]:
        """The words that curl gets."""
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-euc", text], capture_output=True, text=True, check=True, env={"PATH": path, **environment}
        )
        return done.stdout.split("\0")[:-1]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An empty one."""
    return Shell(tmp_path)


def path_of(url: str) -> str:
    """The path of an address of this portal."""
    assert url.startswith(settings.PORTAL_URL)
    return url.removeprefix(settings.PORTAL_URL)


def curl(sender: Sender, words: list[str]) -> Answer:
    """Do what curl would."""
    [url] = [word for word in words if word.startswith("http")]
    given = list(pairwise(words))
    named = [value.split(": ", 1) for option, value in given if option == "-H"]
    headers = {name.lower(): value for name, value in named}
    bodies = [value.encode() for option, value in given if option == "-d"]
    method = next((value for option, value in given if option == "-X"), "GET")
    return sender.post(path_of(url), *bodies, method=method, headers=headers)


def receiver(text: str) -> dict[str, Any]:
    """The one way of sending in a snippet of alertmanager.yml."""
    [found] = yaml.safe_load(text)["receivers"]
    [[config]] = [value for name, value in found.items() if name.endswith("_configs")]
    assert config["send_resolved"] is True
    made: dict[str, Any] = config
    return made


def test_what_is_pasted_is_taken(busy_world: World, sender: Sender, shell: Shell) -> None:
    """Every snippet of every kind of key, by the key that is shown with it."""
    raw = {kind: keys.issue(OWNER, busy_world.checkout, kind=kind)[1]
           for kind in ("alertmanager", "grafana", "generic", "opsgenie", "changes", "events")}  # fmt: skip
    said = {kind: snippets(kind, text) for kind, text in raw.items()}
    calls = [each.text for every in said.values() for each in every if each.text.startswith("curl")]
    assert len(calls) == 5
    for text in calls:
        assert curl(sender, shell.words(text)).status == 202, text
    firing = recorded.body("alertmanager-webhook-firing-1")
    config = receiver(said["alertmanager"][0].text)
    assert sender.post(path_of(config["url"]), firing).status == 202
    config = receiver(said["events"][1].text)
    event = {**recorded.body("alertmanager-pagerduty-trigger"), "routing_key": config["routing_key"]}
    assert sender.post(path_of(config["url"]), event).status == 202
    fields = dict(line.split(":", 1) for line in said["grafana"][0].text.splitlines())
    assert sender.post(path_of(fields["URL"].strip()), firing, method=fields["HTTP method"].strip()).status == 202
    tools = list(InboundEvent.objects.values_list("tool", flat=True).distinct().order_by("tool"))
    assert tools == ["alertmanager", "changes", "events", "generic", "grafana", "opsgenie"]


def test_what_stands_ready_without_a_key_takes_it_from_the_shell(
    busy_world: World, sender: Sender, shell: Shell
) -> None:
    """The samples of the intake's page: the shell fills the key in, in a file it is put in its place by hand."""
    raw = keys.issue(OWNER, busy_world.checkout, kind="events")[1]
    in_file, contact_point, line = (each.text for each in samples())
    words = shell.words(line, **{PLACEHOLDER.removeprefix("$"): raw})
    assert curl(sender, words).status == 202
    firing = recorded.body("alertmanager-webhook-firing-1")
    config = receiver(in_file.replace(PLACEHOLDER, raw))
    assert sender.post(path_of(config["url"]), firing).status == 202
    assert f"/integrations/grafana/{PLACEHOLDER}" in contact_point
    beat, raw = heartbeats.create(OWNER, busy_world.checkout, name="Backup")
    assert curl(sender, shell.words(heartbeat(raw)[0].text)).body == {"status": "ok"}
    assert Heartbeat.objects.get(pk=beat.pk).last_ping_at is not None
    assert json.loads(InboundEvent.objects.order_by("pk")[0].body)["status"] == "firing"
