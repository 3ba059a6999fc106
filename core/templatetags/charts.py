"""Pictures of figures as SVG made on the server: bars of 90 days, lines with their table, sparklines (design 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

# How tall a day stands, in per cent: it gets shorter as it gets worse, and never vanishes.
HEIGHTS = {"ok": 100, "maint": 100, "degraded": 70, "partial": 40, "outage": 12, "none": 12}
CLASSES = {"ok": "", "maint": "m", "degraded": "d", "partial": "p", "outage": "o", "none": "n"}
STEP, WIDE, TALL = 10.0, 7.4, 30.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 490.0, 20.0, 196.0


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart: its name, a value per place (None is a gap), and the label at the end of the line."""

    name: str
    values: Sequence[float | None]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """At most two lines over the same places; `finding` is the sentence that readers hear, `goal` a dotted line."""

    finding: str
    places: Sequence[str]
    lines: Sequence[Line]
    unit: str = ""
    goal: float | None = None

    @property
    def rows(self) -> list[tuple[str, list[float | None]]]:
        """The table: place -> one value per line."""
        return [(place, [line.values[n] for line in self.lines]) for n, place in enumerate(self.places)]


@register.simple_tag
def bars(days: Sequence[str], sentence: str) -> SafeString:
    """A day each, oldest first: ok, maint, degraded, partial, outage or none; the sentence is the picture's name.

    Height carries the value, so it reads without colour; bad days must be listed in words beside it.
    """
    drawn = []
    for place, tone in enumerate(days):
        height = TALL * HEIGHTS.get(tone, 12) / 100
        x = f"{place * STEP:.1f}"
        if height < TALL:
            drawn.append((x, "0.0", WIDE, f"{TALL:.1f}", "bg"))
        drawn.append((x, f"{TALL - height:.1f}", WIDE, f"{height:.1f}", CLASSES.get(tone, "n")))
    rects = format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}" rx="1.5" class="{}"/>', drawn)
    width = max(1.0, len(days) * STEP - STEP + WIDE)
    return format_html(
        '<svg class="bars" viewBox="0 0 {} 30" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        f"{width:.1f}",
        sentence,
        rects,
    )


@register.simple_tag
def spark(values: Sequence[float], *, hot: bool = False) -> SafeString:
    """A hint of a course, hidden from readers: its facts stand in words beside it. `hot` where something is wrong."""
    most = max(values, default=0) or 1
    step = 84 / max(1, len(values) - 1)
    points = " L".join(f"{n * step:.1f} {19 - 16 * value / most:.1f}" for n, value in enumerate(values))
    return format_html(
        '<svg class="spark" viewBox="0 0 84 22" aria-hidden="true"><path class="{}" d="M{}"/></svg>',
        "hot" if hot else "",
        points or "0 19",
    )


@register.inclusion_tag("ui/chart.html")
def chart(figure: Chart) -> dict[str, object]:
    """A line chart with direct labels and the same figures as a table behind "Show as table"."""
    top = _top(figure)
    return {"chart": figure, "picture": _picture(figure, top)}


def _top(figure: Chart) -> float:
    """A round number at or above everything that is drawn: 1, 2, 4 or 8 times a power of ten."""
    given = [value for line in figure.lines for value in line.values if value is not None]
    most, size = max([*given, figure.goal or 0, 0]), 0.001
    while size < 1e12:
        for times in (1, 2, 4, 8):
            if size * times >= most > 0:
                return size * times
        size *= 10
    return 1.0


def _picture(figure: Chart, top: float) -> SafeString:
    def y(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * value / top

    step = (RIGHT - LEFT) / max(1, len(figure.places) - 1)
    marks = [top * n / 4 for n in range(5)]
    grid = format_html_join(
        "",
        '<path class="axis" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        ((LEFT, f"{y(m):.1f}", RIGHT, LEFT - 8, f"{y(m) + 4:.1f}", f"{m:g}") for m in marks),
    )
    every = max(1, -(-len(figure.places) // 6))
    ticks = format_html_join(
        "",
        '<text x="{}" y="216" text-anchor="middle">{}</text>',
        ((f"{LEFT + n * step:.1f}", place) for n, place in enumerate(figure.places) if n % every == 0),
    )
    goal: SafeString | str = ""
    if figure.goal is not None:
        goal = format_html('<path class="target" d="M{} {}H{}"/>', LEFT, f"{y(figure.goal):.1f}", RIGHT)
    drawn = [
        (f"l{number}", _path([None if v is None else (LEFT + n * step, y(v)) for n, v in enumerate(line.values)]))
        for number, line in enumerate(figure.lines, 1)
    ]
    lines = format_html_join("", '<path class="{}" d="{}"/>', reversed(drawn))
    ends = format_html_join("", '<text class="{}" x="{}" y="{}">{}</text>', _ends(figure, y, step))
    return format_html("{}{}{}{}{}", grid, ticks, goal, lines, ends)


def _path(points: Iterable[tuple[float, float] | None]) -> str:
    """Straight lines from point to point; None lifts the pen."""
    said, down = [], False
    for point in points:
        if point is not None:
            said.append(f"{'L' if down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        down = point is not None
    return " ".join(said)


def _ends(figure: Chart, y: Callable[[float], float], step: float) -> list[tuple[str, str, str, str]]:
    """The label of each line beside its last value, never on top of each other."""
    found, taken = [], list[float]()
    for number, line in enumerate(figure.lines):
        last = next((n for n in range(len(line.values) - 1, -1, -1) if line.values[n] is not None), None)
        if last is None:
            continue
        at = y(line.values[last] or 0.0) + 4
        while any(abs(at - other) < 14 for other in taken):
            at -= 14
        taken.append(at)
        label = line.label or f"{line.values[last]:g}{figure.unit}"
        found.append(("" if number else "lbl", f"{LEFT + last * step + 10:.1f}", f"{at:.1f}", label))
    return found
