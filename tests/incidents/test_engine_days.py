"""Days with trouble: a span touches each of its days, the worst decides."""

from __future__ import annotations

from datetime import date, timedelta

from incidents.engine.days import Span, days

TODAY = date(2026, 11, 16)


def ago(count: int) -> date:
    return TODAY - timedelta(days=count)


def test_quiet_days_are_well() -> None:
    found = days([], TODAY, 90)
    assert [day.tone for day in found] == ["ok"] * 90
    assert (found[0].date, found[-1].date) == (ago(89), TODAY)


def test_the_worst_of_a_day_decides_and_all_are_named() -> None:
    found = days([Span(ago(2), ago(1), 3, 7), Span(ago(1), ago(1), 1, 8), Span(TODAY, TODAY, 4, 9)], TODAY, 4)
    assert [(day.tone, day.numbers) for day in found] == [
        ("ok", ()),
        ("degraded", (7,)),
        ("outage", (7, 8)),
        ("ok", ()),
    ]


def test_what_began_earlier_or_ends_later_is_cut() -> None:
    found = days([Span(ago(400), ago(2), 2, 1), Span(ago(500), ago(300), 1, 2)], TODAY, 3)
    assert [day.tone for day in found] == ["partial", "ok", "ok"]
    assert days([Span(TODAY, TODAY + timedelta(days=3), 2, 1)], TODAY, 2)[1].tone == "partial"
