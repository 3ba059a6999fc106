"""Where the boxes and lines of a small map of services stand: one step each way around one service; pure arithmetic."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from oncall.kinds import TONES

MOST = 6  # boxes on a side; the lists beside the map hold all of them
LETTER = 6.7  # how wide a letter of 12 px is, at most as a rule


@dataclass(frozen=True, slots=True)
class Point:
    """A service to be drawn: how it stands, and a note such as INC-42."""

    key: int
    name: str
    tone: str = "ok"
    words: str = "Operational"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A point in its place, in pixels; `label` is its name as far as it fits."""

    point: Point
    label: str
    x: int
    y: int
    width: int
    height: int
    is_middle: bool = False

    @property
    def mid(self) -> int:
        """The height of its middle line."""
        return self.y + self.height // 2

    @property
    def right(self) -> int:
        """Its right edge."""
        return self.x + self.width

    @property
    def sign(self) -> tuple[int, int]:
        """Where the shape of its health begins, 16 px wide and high."""
        return self.x + 10, self.mid - 8

    @property
    def base(self) -> int:
        """Where the writing stands."""
        return self.mid + 4


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole map; `captions` are x, y and text, `lines` the paths between boxes."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[str]
    captions: list[tuple[int, int, str]]

    @property
    def is_alone(self) -> bool:
        """Whether there is nothing around the one in the middle."""
        return len(self.boxes) == 1


def fit(name: str, pixels: float) -> str:
    """As much of a name as fits; wide letters of East Asia count twice."""
    room, kept = pixels / LETTER, ""
    for index, letter in enumerate(name):
        room -= 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if room < 0 or (room < 1 and index < len(name) - 1):
            return kept.rstrip() + "…"
        kept += letter
    return kept


def worst_first(points: Sequence[Point]) -> list[Point]:
    """By health, then by name."""
    return sorted(points, key=lambda each: (TONES.index(each.tone), each.name.lower()))


def across(middle: Point, before: Sequence[Point], after: Sequence[Point]) -> Drawing:
    """What needs it at the left, what it needs at the right; for a wide card."""
    width, height, gap, space, top = 152, 34, 8, 32, 22
    sides = [worst_first(before)[:MOST], worst_first(after)[:MOST]]
    rows = max(1, len(sides[0]), len(sides[1]))
    tall = rows * (height + gap) - gap
    columns = [side for side in (sides[0], [middle], sides[1]) if side]
    boxes: list[Box] = []
    captions: list[tuple[int, int, str]] = []
    for number, column in enumerate(columns):
        x = number * (width + space)
        y = top + (tall - len(column) * (height + gap) + gap) // 2
        if column is sides[0] or column is sides[1]:
            captions.append((x, 12, "Needed by" if column is sides[0] else "Needs"))
        for row, each in enumerate(column):
            label = fit(each.name, width - 42)
            boxes.append(Box(each, label, x, y + row * (height + gap), width, height, each is middle))
    heart = next(box for box in boxes if box.is_middle)
    lines = [_curve(box, heart) if box.x < heart.x else _curve(heart, box) for box in boxes if not box.is_middle]
    return Drawing(len(columns) * (width + space) - space, top + tall + 1, boxes, lines, captions)


def _curve(start: Box, end: Box) -> str:
    half = (start.right + end.x) // 2
    return f"M{start.right} {start.mid}C{half} {start.mid} {half} {end.mid} {end.x} {end.mid}"


def down(middle: Point, before: Sequence[Point], after: Sequence[Point], width: int = 304) -> Drawing:
    """What needs it above, what it needs below; for a narrow rail."""
    height, caption, indent = 30, 20, 22
    boxes: list[Box] = []
    lines: list[str] = []
    captions: list[tuple[int, int, str]] = []
    y = 0
    above, below = worst_first(before)[:MOST], worst_first(after)[:MOST]
    if above:
        captions.append((0, 12, "Needed by"))
        y += caption
    for each in above:
        boxes.append(_row(each, indent, y, width, height))
        y += height
    heart = _row(middle, 0, y, width, height, is_middle=True)
    y += height
    if below:
        captions.append((indent, y + 15, "Needs"))
        y += caption
    for each in below:
        boxes.append(_row(each, indent, y, width, height))
        y += height
    for box in boxes:
        lines.append(f"M{indent // 2} {heart.y if box.y < heart.y else heart.y + height}V{box.mid}H{indent + 6}")
    return Drawing(width, y, [*boxes, heart], lines, captions)


def _row(point: Point, x: int, y: int, width: int, height: int, *, is_middle: bool = False) -> Box:
    room = width - x - 40 - (len(point.note) * LETTER + 8 if point.note else 0)
    return Box(point, fit(point.name, room), x, y, width - x, height, is_middle)
