"""The next step, table by table and by property (O17, O21, O22)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.engine.escalation import Exhausted, LevelNow, Position, Step, next_step

A, B, C = 1, 2, 3


def levels(*people: Sequence[int]) -> list[LevelNow]:
    return [LevelNow(5, tuple(found)) for found in people]


@pytest.mark.parametrize(
    ("ladder", "place", "repeats", "contacted", "expected"),
    [
        # the first level of the first pass
        ([[A], [B]], (1, 0), 0, set(), ((1, 1), (A,))),
        # a time-out leads to the next level
        ([[A], [B]], (1, 1), 0, {A}, ((1, 2), (B,))),
        # O17: an empty level is passed over at once
        ([[A], [], [C]], (1, 1), 0, {A}, ((1, 3), (C,))),
        # O17: also at the start
        ([[], [B]], (1, 0), 0, set(), ((1, 2), (B,))),
        # O22: who was paged in this pass is not paged again; the level is passed over
        ([[A], [A], [C]], (1, 1), 0, {A}, ((1, 3), (C,))),
        # O22: only the new ones of a level
        ([[A], [A, B]], (1, 1), 0, {A}, ((1, 2), (B,))),
        # O22: once inside a level too
        ([[A, B, A]], (1, 0), 0, set(), ((1, 1), (A, B))),
        # O21: repeats are further passes, in which everybody is new
        ([[A], [B]], (1, 2), 1, {A, B}, ((2, 1), (A,))),
        ([[A]], (2, 1), 2, {A}, ((3, 1), (A,))),
        # O21: after the last one all is exhausted
        ([[A], [B]], (1, 2), 0, {A, B}, None),
        ([[A]], (3, 1), 2, {A}, None),
        # O17: nobody anywhere is exhausted at once, whatever the repeats
        ([[], []], (1, 0), 9, set(), None),
        ([], (1, 0), 9, set(), None),
        # an empty rest of the pass goes to the next pass
        ([[A], []], (1, 1), 1, {A}, ((2, 1), (A,))),
    ],
)
def test_next_step(
    ladder: list[list[int]],
    place: tuple[int, int],
    repeats: int,
    contacted: set[int],
    expected: tuple[tuple[int, int], tuple[int, ...]] | None,
) -> None:
    found = next_step(levels(*ladder), Position(*place), repeats, contacted)
    if expected is None:
        assert isinstance(found, Exhausted)
    else:
        assert isinstance(found, Step)
        assert (found.position, found.people) == (Position(*expected[0]), expected[1])


def test_o17_skips_say_why() -> None:
    ladder = [LevelNow(5, (), ("nobody is on call in Primary",)), LevelNow(5, (A,)), LevelNow(7, (B,))]
    found = next_step(ladder, Position(1, 0), 0, {A})
    assert isinstance(found, Step)
    assert [skip.position.level for skip in found.skipped] == [1, 2]
    assert found.skipped[0].why == ("nobody is on call in Primary",)
    assert "already been paged" in found.skipped[1].why[0]
    assert found.timeout_minutes == 7


ladders = st.lists(st.lists(st.integers(1, 5), max_size=4), max_size=6)


@given(ladders, st.integers(0, 4))
def test_o21_o22_every_walk_ends_and_pages_nobody_twice_in_a_pass(ladder: list[list[int]], repeats: int) -> None:
    place, contacted, walked = Position(1, 0), set[int](), list[Step]()
    while True:
        found = next_step(levels(*ladder), place, repeats, contacted)
        if isinstance(found, Exhausted):
            break
        contacted = contacted if found.position.pass_number == place.pass_number else set()
        assert found.people
        assert not contacted & set(found.people)
        contacted = contacted | set(found.people)
        place = found.position
        walked.append(found)
        assert len(walked) <= (repeats + 1) * len(ladder)
    everybody = {person for level in ladder for person in level}
    for number in range(1, repeats + 2):
        paged = [person for step in walked if step.position.pass_number == number for person in step.people]
        assert sorted(paged) == sorted(everybody)
