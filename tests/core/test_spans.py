"""Lengths of time as people type them."""

from __future__ import annotations

import pytest

from core import spans


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("5 min", 300),
        ("5min", 300),
        (" 90 s ", 90),
        ("1 h", 3600),
        ("1h30m", 5400),
        ("1 h, 30 min.", 5400),
        ("1.5 hours", 5400),
        ("1,5 Hours", 5400),
        ("2 days", 172_800),
        ("1 d 1 h 1 min 1 s", 90_061),
        ("0", 0),
        ("0 s", 0),
    ],
)
def test_a_number_and_its_unit(typed: str, seconds: int) -> None:
    assert spans.read(typed) == seconds
    assert spans.read(spans.said(seconds)) == seconds, "what is shown can be sent back"


@pytest.mark.parametrize(
    "typed",
    ["", " ", "5", "5 300", "min", "-5 min", "5 lightyears", "1 h 30", "٥ min", "1e3 s", "5 min; x", "1 s " * 99],
)
def test_what_has_no_unit_or_no_number_is_no_length(typed: str) -> None:
    with pytest.raises(ValueError, match="no length"):
        spans.read(typed)


def test_a_length_is_said_to_the_second() -> None:
    assert [spans.said(each) for each in (0, 5, 90, 300, 5400, 604_800)] == [
        "0 s", "5 s", "1 min 30 s", "5 min", "1 h 30 min", "7 d"
    ]  # fmt: skip


def test_a_wait_is_said_in_words() -> None:
    waits = {3: "a few seconds", 30: "about a minute", 843: "about 14 minutes", 900: "about 15 minutes"}
    waits |= {3600: "about 60 minutes", 86_000: "about 24 hours"}
    assert {seconds: spans.about(seconds) for seconds in waits} == waits
