"""What a line of the composer asks for, as plain values (S19, RES-05)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from incidents.engine import slash
from incidents.engine.slash import Call

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("/ack", Call("ack", "")),
        ("  /Priority  P2  much worse ", Call("priority", "P2  much worse")),
        ("/state\nmitigated", Call("state", "mitigated")),
        ("/", Call("", "")),
        ("//ack", None),
        ("/ ack", None),
        ("/var/log/syslog is full", None),
        ("/etc: gone", None),
        ("a /ack", None),
        ("", None),
        ("/" + "a" * 40, None),
    ],
)
def test_a_command_stands_at_the_beginning(text: str, call: Call | None) -> None:
    assert slash.called(text) == call


def test_two_slashes_write_one() -> None:
    assert slash.literal("//tmp is full") == "/tmp is full"
    assert slash.literal("see //tmp") == "see //tmp"


@pytest.mark.parametrize(
    ("key", "near"),
    [("prority", "priority"), ("prio", "priority"), ("acknowledge", "ack"), ("decision", "decide"), ("zzz", "")],
)
def test_the_command_that_was_meant(key: str, near: str) -> None:
    known = ["ack", "at", "decide", "priority", "state"]
    assert slash.nearest(key, known) == near


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("30m", 30), ("2h", 120), ("1h30m", 90), ("1 h 30 min", 90), ("1d", 1440), ("45", 45), ("2 hours", 120),
     ("", None), ("0", None), ("0m", None), ("soon", None), ("-5m", None), ("5x", None), ("m", None),
     ("9999999", None), ("٣m", 3)],
)  # fmt: skip
def test_durations_as_people_write_them(text: str, minutes: int | None) -> None:
    assert slash.length(text) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("now", "text", "found"),
    [
        ("2026-11-16T16:40:00", "16:18 it began", "2026-11-16T16:18:00"),
        ("2026-11-16T16:40:00", "16:18:30 it began", "2026-11-16T16:18:30"),
        ("2026-11-16T00:10:00", "23:55 it began", "2026-11-15T23:55:00"),
        ("2026-11-16T16:40:00", "16:41 it began", "2026-11-16T16:41:00"),
        ("2026-11-16T16:40:00", "16:42 it began", "2026-11-15T16:42:00"),
        # Summer time ends: 02:30 was twice, and the later one counts once it has been.
        ("2026-10-25T02:40:00+01:00", "02:30 it began", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T02:40:00+02:00", "02:30 it began", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_s19_a_time_of_day_is_the_last_that_the_clock_showed(now: str, text: str, found: str) -> None:
    moment = datetime.fromisoformat(now)
    local = moment.astimezone(BERLIN) if moment.tzinfo else moment.replace(tzinfo=BERLIN)
    wanted = datetime.fromisoformat(found)
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=BERLIN)
    at, rest = slash.moment(text, local) or (None, "")
    assert at is not None
    assert (at.timestamp(), rest) == (wanted.timestamp(), "it began")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "25:00 x",
        "12:60 x",
        "12:00:61 x",
        "1200 x",
        "12:00pm x",
        "2026-02-30T12:00 x",
        "2026-11-17T12:00 x",
        "0001-01-01T00:00 x",
    ],
)
def test_other_words_are_no_time_of_day(text: str) -> None:
    assert slash.moment(text, datetime(2026, 11, 16, 9, tzinfo=UTC)) is None


@given(
    some.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    some.times(),
    some.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_s19_it_is_never_in_the_future_and_at_most_a_day_and_a_bit_ago(now: datetime, at: object, zone: str) -> None:
    local = now.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    found = slash.moment(f"{at:%H:%M:%S} x", local)
    assert found is not None
    age = local.timestamp() - found[0].timestamp()
    assert -60 <= age <= 26 * 3600


@given(some.text(max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    """A21: every text is a command, an ordinary text or nothing; none raises."""
    call = slash.called(text)
    assert call is None or text.strip().startswith("/")
    slash.length(text)
    slash.moment(text, datetime(2026, 11, 16, 9, tzinfo=UTC))
    slash.report(text)
    assert slash.todo(text) is None or text.lstrip().lower().startswith("todo:")
    assert slash.nearest(text[:30], ["ack", "at"]) in ("ack", "at", "")


def test_a_report_has_three_parts() -> None:
    made = slash.report("checkout is down | rolling back | a second pair of eyes")
    assert made == "- **Condition:** checkout is down\n- **Actions:** rolling back\n- **Needs:** a second pair of eyes"
    assert slash.report("checkout is down | rolling back") is None
    assert slash.report("a | | c") is None


def test_res_05_todo_makes_a_follow_up() -> None:
    assert slash.todo("TODO: raise the limit") == "raise the limit"
    assert slash.todo(" todo:raise") == "raise"
    assert slash.todo("the TODO: list") is None
