"""Part 3, rules 1-5 and 8: turns as a closed form of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncall.engine.rotation import Member, Rotation, hand_off, on_call, shift_at, shifts, turn_at
from oncall.engine.wallclock import instant, wall
from tests.oncall.test_engine_wallclock import ZONES

ANA, BO, CY = 1, 2, 3
THREE = [Member(ANA), Member(BO), Member(CY)]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_o1_a_weekly_turn_stays_at_nine_on_the_wall_over_the_change_of_the_clock() -> None:
    weekly = Rotation(local("2026-10-05T09:00"), "week", 1, "Europe/Berlin")
    assert hand_off(weekly, 2) == utc("2026-10-19T07:00")
    assert hand_off(weekly, 3) == utc("2026-10-26T08:00")


def test_o3_twelve_hour_shifts_stay_at_eight_and_twenty() -> None:
    half_days = Rotation(local("2026-03-28T08:00"), "hour", 12, "Europe/Berlin")
    starts = [wall(hand_off(half_days, k), "Europe/Berlin").hour for k in range(6)]
    assert starts == [8, 20, 8, 20, 8, 20]
    assert hand_off(half_days, 2) - hand_off(half_days, 1) == timedelta(hours=11)


def test_o5_turns_are_half_open_to_the_second() -> None:
    weekly = Rotation(local("2026-01-05T09:00"), "week", 1, "UTC")
    assert on_call(weekly, THREE, utc("2026-01-12T08:59:59")) == ANA
    assert on_call(weekly, THREE, utc("2026-01-12T09:00:00")) == BO


def test_o6_months_are_cut_at_their_end_and_counted_from_the_anchor() -> None:
    monthly = Rotation(local("2026-01-31T09:00"), "month", 1, "UTC")
    days = [hand_off(monthly, k).date().isoformat() for k in range(5)]
    assert days == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert hand_off(Rotation(local("2028-01-31T09:00"), "month", 1, "UTC"), 1).day == 29


def test_o12_nobody_is_a_value() -> None:
    weekly = Rotation(local("2026-01-05T09:00"), "week", 1, "UTC")
    assert on_call(weekly, THREE, utc("2026-01-05T08:59")) is None
    assert on_call(weekly, [], utc("2026-02-05T09:00")) is None
    assert on_call(weekly, [Member(ANA, active=False)], utc("2026-02-05T09:00")) is None
    assert shift_at(weekly, [], utc("2026-02-05T09:00")) is None


def test_o13_an_inactive_person_is_passed_to_the_next_and_moves_nobody_else() -> None:
    weekly = Rotation(local("2026-01-05T09:00"), "week", 1, "UTC")
    without_bo = [Member(ANA), Member(BO, active=False), Member(CY)]
    weeks = [utc("2026-01-06T00:00") + timedelta(weeks=k) for k in range(6)]
    assert [on_call(weekly, THREE, at) for at in weeks] == [ANA, BO, CY, ANA, BO, CY]
    assert [on_call(weekly, without_bo, at) for at in weeks] == [ANA, CY, CY, ANA, CY, CY]


def test_a_shift_is_the_whole_unbroken_time() -> None:
    weekly = Rotation(local("2026-01-05T09:00"), "week", 1, "UTC")
    without_bo = [Member(ANA), Member(BO, active=False), Member(CY)]
    shift = shift_at(weekly, without_bo, utc("2026-01-20T00:00"))
    assert shift is not None
    assert (shift.person, shift.since, shift.until) == (CY, utc("2026-01-12T09:00"), utc("2026-01-26T09:00"))
    alone = shift_at(weekly, [Member(ANA)], utc("2026-06-01T00:00"))
    assert alone is not None
    assert (alone.since, alone.until) == (utc("2026-01-05T09:00"), None)
    assert len(shifts(weekly, [Member(ANA)], utc("2026-02-01T00:00"), utc("2027-02-01T00:00"), 50)) == 1


def test_o14_a_daily_hand_off_at_a_midnight_that_does_not_exist() -> None:
    for name, day in (("America/Santiago", "2026-09-06"), ("Asia/Beirut", "2026-03-29")):
        daily = Rotation(local(f"{day}T00:00") - timedelta(days=1), "day", 1, name)
        start = hand_off(daily, 1)
        assert wall(start, name) == local(f"{day}T01:00")
        assert on_call(daily, THREE, start - timedelta(seconds=1)) == ANA
        assert on_call(daily, THREE, start) == BO


def test_o14_hourly_turns_inside_a_gap_last_no_time() -> None:
    hourly = Rotation(local("2026-03-29T00:00"), "hour", 1, "Europe/Berlin")
    assert hand_off(hourly, 2) == hand_off(hourly, 3)
    assert turn_at(hourly, hand_off(hourly, 2)) == 3


rotations = st.builds(
    Rotation,
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(second=0, microsecond=0)),
    st.sampled_from(["hour", "day", "week", "month"]),
    st.integers(1, 60),
    st.sampled_from(ZONES),
)
moments = st.datetimes(datetime(2000, 1, 3), datetime(2036, 1, 1), timezones=st.just(UTC))


@settings(max_examples=300)
@given(rotations, moments)
def test_o7_the_turn_that_runs_began_before_and_has_not_ended(rotation: Rotation, at: datetime) -> None:
    k = turn_at(rotation, at)
    if k is None:
        assert at < hand_off(rotation, 0)
    else:
        assert hand_off(rotation, k) <= at < hand_off(rotation, k + 1)


@given(rotations, st.integers(0, 500))
def test_o7_hand_off_k_is_the_anchor_plus_k_lengths_on_the_wall(rotation: Rotation, k: int) -> None:
    if rotation.unit != "month":
        span = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[rotation.unit]
        assert hand_off(rotation, k) == instant(rotation.anchor + k * rotation.length * span, rotation.time_zone)
    assert hand_off(rotation, k) <= hand_off(rotation, k + 1)


@given(rotations, moments, st.lists(st.booleans(), min_size=1, max_size=6))
def test_shifts_cover_the_time_without_gap_or_overlap(rotation: Rotation, at: datetime, active: list[bool]) -> None:
    members = [Member(place, on) for place, on in enumerate(active)]
    found = shifts(rotation, members, at, at + timedelta(days=60), 40)
    for before, after in pairwise(found):
        assert before.until == after.since
        assert before.person != after.person
    if any(active) and at >= hand_off(rotation, 0):
        assert found
        assert found[0].since <= at


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month"])
def test_far_away_answers_cost_no_more(unit: str) -> None:
    old = Rotation(local("2001-01-01T00:00"), unit, 1, "Europe/Berlin")
    k = turn_at(old, utc("2099-07-01T12:00"))
    assert k is not None
    assert hand_off(old, k) <= utc("2099-07-01T12:00") < hand_off(old, k + 1)
