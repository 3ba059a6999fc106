"""The log: nothing secret, no forged lines, never in the way (A18, A95, F63)."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import structlog

from core import logs


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the handler hands to its writer, as text."""
    yield from _caught(logs.TextFormatter())


@pytest.fixture
def objects() -> Iterator[list[str]]:
    """The same as JSON."""
    yield from _caught(logs.JsonFormatter())


def _caught(formatter: logging.Formatter) -> Iterator[list[str]]:
    found: list[str] = []

    class Catch:
        def put(self, line: str) -> None:
            found.append(line)

    handler = logs.QueuedHandler(Catch())  # type: ignore[arg-type]
    handler.setFormatter(formatter)
    for logger in (log, logging.getLogger("test.log")):
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield found
    for logger in (log, logging.getLogger("test.log")):
        logger.removeHandler(handler)


# Stands alone: pytest's own capture cannot hand a lone surrogate from process to process.
log = logging.Logger("test.log")

SECRETS = [
    "Authorization: Bearer abcDEF123456789",
    "token wb_Zm9vYmFyYmF6cXV4MTIzNDU2",
    "POST /integrations/alertmanager/kJh7sdf8sdfjkh3 202",
    "GET /heartbeats/kJh7sdf8sdfjkh3",
    "GET /answer/eyJzb21lIjoxfQ:1abc:sig/",
    "GET /ics/kJh7sdf8sdfjkh3.ics",
    "POST /callbacks/twilio/kJh7sdf8sdfjkh3/",
    "GET /setup/kJh7sdf8sdfjkh3/",
    "GET /accounts/password/reset/key/kJh7sdf8sdfjkh3-x/",
    '{"routing_key": "kJh7sdf8sdfjkh3"}',
    "password=kJh7sdf8sdfjkh3",
    "passwd: kJh7sdf8sdfjkh3",
    "api_key=kJh7sdf8sdfjkh3&x=1",
    "Cookie: sessionid=kJh7sdf8sdfjkh3",
    "smtp://ana:kJh7sdf8sdfjkh3@mail.example.org:587",
    "postgres://watchbill:kJh7sdf8sdfjkh3@db/watchbill",
    "GenieKey kJh7sdf8sdfjkh3",
    "https://hooks.slack.com/services/T000/B000/kJh7sdf8sdfjkh3",
    "xoxb-kJh7sdf8sdfjkh3",
    "AKIAKJH7SDF8SDFJKH3Q",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.kJh7sdf8sdfjkh3",
    "key 0123456789abcdef0123456789abcdef",
    "-----BEGIN PRIVATE KEY-----\nkJh7sdf8sdfjkh3\n-----END PRIVATE KEY-----",
    "calling +49 170 1234567",
]
CANARIES = ("kJh7sdf8", "abcDEF1234", "Zm9vYmFy", "eyJzb21l", "AKIAKJH7", "0123456789abcdef", "1234567", "KJH7SDF8")


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_and_phone_numbers_are_masked_whoever_logs(lines: list[str], objects: list[str], text: str) -> None:
    """A95: as message, argument, structured value and in a traceback."""
    log.warning(text.replace("%", "%%"))
    log.warning("said %s", text)
    log.warning("said", extra={"fields": {"body": text}})
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed")
    everything = "\n".join(lines + objects)
    assert everything.count("said") >= 4
    for canary in CANARIES:
        assert canary not in everything, everything


def test_our_own_secrets_are_masked_wherever_they_turn_up(lines: list[str], settings: Any) -> None:
    settings.EMAIL_URL = "smtp://ana:plain-word@mail.example.org"
    settings.REDIS_URL = "redis://:one%2Fway@cache.example.org"
    settings.OIDC_CLIENT_SECRET = "shared-with-the-issuer"
    log.warning("%s / %s / plain-word", settings.SECRET_KEY, settings.FIELD_KEYS[0])
    log.warning("AUTH one/way failed, one%2Fway; client shared-with-the-issuer")
    assert "one/way" not in lines[1]
    assert "one%2F" not in lines[1]
    assert "shared" not in lines[1]
    assert settings.SECRET_KEY not in lines[0]
    assert settings.FIELD_KEYS[0] not in lines[0]
    assert "plain-word" not in lines[0]


@pytest.mark.parametrize("name", ["password", "token", "routing_key", "authorization", "secret"])
def test_a_value_is_judged_by_its_name(lines: list[str], objects: list[str], name: str) -> None:
    log.warning("said", extra={"fields": {name: "hunter22"}})
    assert "hunter22" not in "".join(lines + objects)


FORGED = "x\n2026-11-16T09:00:00.000+00:00 ERROR   core [1] all pages lost\r\x1b[2J\u2028\x85\u202eend\x00\ud800"


def test_what_a_person_typed_cannot_begin_a_line(lines: list[str], objects: list[str]) -> None:
    """A18: in the message, in a value, in an exception; as text and as JSON."""
    log.warning("title %s", FORGED)
    log.warning("title", extra={"fields": {"agent": FORGED}})
    try:
        raise ValueError(FORGED)
    except ValueError:
        log.exception("failed")
    for block in lines:
        first, *rest = block.split("\n")
        assert first.startswith("20")
        assert all(line.startswith("    | ") for line in rest)
    for line in lines + objects:
        for character in "\r\x1b\u2028\x85\u202e\x00\ud800":
            assert character not in line
    for line in objects:
        assert "\n" not in line
        assert json.loads(line)["logger"] == "test.log"


def test_a_request_number_comes_along(lines: list[str], objects: list[str]) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        log.warning("said")
    assert "request_id='r-1'" in lines[0]
    assert json.loads(objects[0])["values"] == {"request_id": "r-1"}


def test_structured_events_arrive_with_names_that_the_standard_library_has_taken(lines: list[str]) -> None:
    structlog.get_logger("test.log").warning("100% ended", name="web", args=1, msg="x", pid=7)
    assert lines[0].endswith("100% ended name='web' args=1 msg='x' pid=7")


def test_a_wrong_placeholder_costs_nothing(lines: list[str]) -> None:
    log.warning("said %d", "x")
    log.warning("said %s")
    assert ["said %d" in lines[0], "said %s" in lines[1]] == [True, True]


def test_an_object_that_cannot_be_shown_costs_its_values_and_not_the_sentence(
    lines: list[str], objects: list[str]
) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

        __repr__ = __str__

    log.warning("password=hunter22 said\nby %s", Broken())
    log.warning("said", extra={"fields": {"x": Broken()}})
    log.warning(Broken())
    assert [line.partition("] ")[2] for line in lines] == [
        "password=… said\\nby %s (its values cannot be shown)",
        "said (its values cannot be shown)",
        "Broken (its values cannot be shown)",
    ]
    assert [json.loads(line)["message"] for line in objects][1] == "said (its values cannot be shown)"
    assert "hunter22" not in "".join(lines + objects)


def test_a_record_that_nothing_can_be_said_of_costs_one_line(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be masked is not written at all."""
    monkeypatch.setattr(logs, "redact", lambda text: 1 / 0)
    log.warning("password=hunter22")
    assert lines == ["a log line of test.log could not be written"]


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_a_stream_that_is_gone_hurts_nobody(stream: io.StringIO | None) -> None:
    if stream is not None:
        stream.close()
    logs.write(stream, "x")


def _read_to_the_end(read: int, stuck: IO[str], writer: logs.Writer) -> None:
    """The reader comes back: no line is left that would end up on the screen of the tests."""

    def reads() -> None:
        while os.read(read, 65536):
            pass

    reader = threading.Thread(target=reads, daemon=True)
    reader.start()
    writer.flush(5)
    stuck.close()
    reader.join(5)
    os.close(read)


def test_a_stuck_reader_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """F63: a pipe that nobody reads: lines are dropped and counted, the caller goes on."""
    read, write = os.pipe()
    stuck = os.fdopen(write, "w")
    monkeypatch.setattr(sys, "stderr", stuck)
    monkeypatch.setattr(logs, "LONGEST_QUEUE", 50)
    writer = logs.Writer()
    started = time.monotonic()
    for _ in range(200):
        writer.put("x" * 5000)
    assert time.monotonic() - started < 1
    assert writer.dropped > 0
    writer.flush(0.05)
    _read_to_the_end(read, stuck, writer)


def test_a_stuck_reader_holds_no_lock_that_others_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """F63: while the log waits for its reader, whoever flushes the same stream does not."""
    read, write = os.pipe()
    stuck = os.fdopen(write, "w")
    monkeypatch.setattr(sys, "stderr", stuck)
    writer = logs.Writer()
    writer.put("x" * 200_000)
    assert os.read(read, 1) == b"x"
    other = threading.Thread(target=stuck.flush, daemon=True)
    other.start()
    other.join(2)
    free = not other.is_alive()
    _read_to_the_end(read, stuck, writer)
    assert free


def test_a_pipe_that_never_waits_gets_every_line_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has set the shared pipe to not waiting: what it does not take is written when it has room."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    lines, heard = [f"{number:06} {'é' * 40}" for number in range(5000)], bytearray()

    def reads() -> None:
        while len(heard) < len("\n".join(lines).encode()) + 1:
            heard.extend(os.read(read, 5000))

    reader = threading.Thread(target=reads, daemon=True)
    reader.start()
    with os.fdopen(write, "w") as stream:
        assert logs.write(stream, "\n".join(lines) + "\n")
    reader.join(5)
    assert heard.decode().splitlines() == lines


def test_lines_that_a_full_disk_has_cost_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        writer = logs.Writer()
        for _ in range(3):
            writer.put("x")
            writer.flush(2)
    assert writer.dropped == 3


@pytest.mark.parametrize("how", ["2>&-", "2>&1 | head -c 10", "2>/dev/full"])
def test_a_process_whose_output_is_gone_ends_well(tmp_path: Path, how: str) -> None:
    """F63: closed, cut off, on a full disk; what the process does is done."""
    script = (
        "import logging, pathlib\n"
        "from core.logs import configure, flush\n"
        "configure({'format': 'text'})\n"
        "for n in range(500): logging.getLogger('x').warning('line %d', n)\n"
        "flush()\n"
        f"pathlib.Path({str(tmp_path / 'done')!r}).touch()\n"
    )
    (tmp_path / "script.py").write_text(script)
    environment = {**os.environ, "WATCHBILL_DATA_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    subprocess.run(f"{sys.executable} {tmp_path}/script.py {how}", shell=True, env=environment, timeout=60, check=False)
    assert (tmp_path / "done").exists()
