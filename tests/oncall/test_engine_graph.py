"""The small map of services: everything stands inside it, nothing stands on something else."""

from __future__ import annotations

import pytest

from oncall.engine.graph import MOST, Drawing, Point, across, down, fit, worst_first

HEART = Point(1, "checkout-api", "outage")


def around(count: int, start: int) -> list[Point]:
    return [Point(start + number, f"service {number}", ("ok", "outage")[number % 2]) for number in range(count)]


def overlaps(drawing: Drawing) -> bool:
    boxes = drawing.boxes
    return any(
        a.x < b.right and b.x < a.right and a.y < b.y + b.height and b.y < a.y + a.height
        for index, a in enumerate(boxes)
        for b in boxes[index + 1 :]
    )


@pytest.mark.parametrize("layout", [across, down])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 0), (0, 3), (2, 5), (40, 40)])
def test_every_box_stands_inside_and_apart(layout: object, before: int, after: int) -> None:
    assert callable(layout)
    drawing: Drawing = layout(HEART, around(before, 10), around(after, 100))
    assert len(drawing.boxes) == 1 + min(before, MOST) + min(after, MOST)
    assert len(drawing.lines) == len(drawing.boxes) - 1
    assert len(drawing.captions) == (before > 0) + (after > 0)
    assert drawing.is_alone == (before == after == 0)
    assert not overlaps(drawing)
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.right <= drawing.width
        assert box.y >= 0
        assert box.y + box.height <= drawing.height
    assert [box.point for box in drawing.boxes if box.is_middle] == [HEART]


def test_what_is_unwell_is_drawn_before_the_rest() -> None:
    points = [Point(1, "a"), Point(2, "z", "degraded"), Point(3, "b", "partial"), Point(4, "c", "outage")]
    assert [each.key for each in worst_first(points)] == [4, 3, 2, 1]
    assert [box.point.key for box in down(HEART, points, []).boxes][:4] == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("edge", "edge"),
        ("payments-gateway", "payments-…"),
        ("支払いゲートウェイ", "支払いゲ…"),
        ("", ""),
        ("1234567890", "1234567890"),
    ],
)
def test_a_long_name_ends_in_three_points(name: str, shown: str) -> None:
    assert fit(name, 67.5) == shown
