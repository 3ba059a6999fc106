"""The components of every page: shape and word, escaped text, honest pictures (design 3 and 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.template import Context, Template

from core import clock
from core.templatetags import charts, shapes, ui
from tests.pages import EVIL


@dataclass(frozen=True)
class Named:
    pk: int
    name: str


AMARA = Named(8, "Amara Okafor")


def drawn(source: str, **context: Any) -> str:
    """A template with these values, its white space folded."""
    return re.sub(r"\s+", " ", Template(source).render(Context(context)))


@pytest.mark.parametrize("word", shapes.STATES)
def test_every_state_has_a_shape_of_its_own_and_its_word(word: str) -> None:
    assert shapes.STATES[word] in ui.state(word)
    assert word.capitalize() in ui.state(word)
    assert list(shapes.STATES.values()).count(shapes.STATES[word]) == 1


@pytest.mark.parametrize("tone", ["ok", "degraded", "partial", "outage", "maint"])
def test_every_health_has_a_shape_of_its_own_and_its_words(tone: str) -> None:
    assert shapes.HEALTH[tone] in ui.health(tone, "Under maintenance")
    assert "Under maintenance" in ui.health(tone, "Under maintenance")
    assert 'class="sr">Quiet' in ui.health(tone, "Quiet", quiet=True)


@pytest.mark.parametrize(("rank", "full"), [(1, 4), (2, 3), (3, 2), (4, 1), (5, 0)])
def test_bars_fall_with_the_priority_tri_03(rank: int, full: int) -> None:
    assert ui.prio(rank).count('class="on"') == full
    assert f">P{rank}</span>" in drawn(f"{{% prio {rank} %}}").replace("</svg>", ">")


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("{% person who %}", ['title="Amara Okafor"', '<bdi class="med">Amara Okafor</bdi>']),
        ("{% person who said='Payments' %}", ["Payments</span>"]),
        ("{% role 'Commander' who %}", ["Commander", "<bdi>Amara Okafor</bdi>", "AO"]),
        ("{% role 'Scribe' %}", ["role-open", "av-empty", "Scribe", "open"]),
        ("{% chip 'Mine' '/x/' current=True count=3 %}", ['href="/x/"', 'aria-current="true"', "3</span>"]),
        ("{% chip 'All' '/x/' %}", ['<a class="chip" href="/x/">All</a>']),
        ("{% chip 'P1' current=True %}", ['type="button" aria-pressed="true"']),
        ("{% badge 'Late' 'orange' %}", ["badge-orange", "Late"]),
        ("{% notice 'It failed.' 'red' 'Sorry.' %}", ["notice-red", 'role="alert"', "<b>Sorry.</b> It failed."]),
        ("{% notice 'Look.' 'amber' %}", ["notice-amber", "#alert"]),
        ("{% include 'ui/empty.html' with fact='None' path='/x/' action='Go' %}", ["<b>None</b>", 'href="/x/"']),
        ("{% include 'ui/skeleton.html' %}", ['aria-hidden="true"']),
        (
            "{% include 'ui/toast.html' with text='Done' undo='/u/' fade=10 %}",
            ['data-fade style="--fade:10s"', 'action="/u/"', "Undo"],
        ),
        ("{% include 'ui/toast.html' with text='Done' %}", ["Done"]),
        ("{% include 'ui/tabs.html' %}", ['aria-current="page">One', 'href="/2/"']),
        (
            "{% include 'ui/late.html' with path='/l/' what='Health' %}",
            ['hx-get="/l/"', "Health could not", "Show health"],
        ),
    ],
)
def test_components_hold_what_they_are_given(source: str, parts: list[str]) -> None:
    found = drawn(source, who=AMARA, tabs=[("One", "/1/", True), ("Two", "/2/", False)])
    for part in parts:
        assert part in found, found
    if "notice" in source and "red" not in source:
        assert 'role="alert"' not in found  # only what needs action is read at once


@pytest.mark.parametrize(
    "source",
    [
        "{% person who said=text %}",
        "{% role text who %}",
        "{% chip text text %}",
        "{% chip text %}",
        "{% badge text %}",
        "{% notice text 'red' text %}",
        "{% health 'ok' text %}",
        "{% load charts %}{% bars days text %}",
        "{% load charts %}{% chart figure %}",
        "{% include 'ui/toast.html' %}",
        "{% include 'ui/empty.html' with fact=text sentence=text %}",
    ],
)
def test_nothing_that_is_written_becomes_markup_a1(source: str) -> None:
    figure = charts.Chart(EVIL, [EVIL], [charts.Line(EVIL, [1.0], EVIL)])
    found = drawn(source, who=Named(1, EVIL), text=EVIL, days=["ok"], figure=figure)
    assert "alert(1)" in found
    assert "<script>" not in found
    assert '"><img' not in found


@pytest.mark.parametrize(
    ("left", "tone", "words"),
    [
        (timedelta(minutes=3), "countdown", "in 3 min"),
        (timedelta(seconds=119), "countdown soon", "in 1 min"),
        (timedelta(seconds=-40), "countdown over", "over by 40 s"),
    ],
)
def test_a_countdown_says_in_words_what_is_left(at: clock.FrozenClock, left: timedelta, tone: str, words: str) -> None:
    found = ui.countdown(clock.now() + left)
    assert f'class="{tone}"' in found
    assert words in found
    assert 'role="timer" aria-live="off"' in found


def test_a_meter_shows_the_share_that_is_left(at: clock.FrozenClock) -> None:
    now = clock.now()
    assert "width:75%" in ui.meter(now - timedelta(minutes=1), now + timedelta(minutes=3))
    assert "width:0%" in ui.meter(now - timedelta(minutes=3), now - timedelta(minutes=1))
    assert "width:0%" in ui.meter(now, now)


def test_a_day_gets_shorter_as_it_gets_worse_and_never_vanishes() -> None:
    heights = [charts.HEIGHTS[tone] for tone in ("ok", "degraded", "partial", "outage")]
    assert heights == sorted(heights, reverse=True)
    assert min(charts.HEIGHTS.values()) >= 12
    found = charts.bars(["ok", "outage", "none"], "Checkout, 99 percent")
    assert 'role="img" aria-label="Checkout, 99 percent"' in found
    assert found.count('class="bg"') == 2
    assert 'class="o"' in found
    assert charts.bars([], "nothing yet")


def test_a_chart_is_also_a_table_and_a_gap_stays_one() -> None:
    lines = [charts.Line("Median", [2.0, None, 1.5], "1:30"), charts.Line("90th", [2.1, 4.0, 1.6], "1:36")]
    figure = charts.Chart("It fell", ["a", "b", "c"], lines, " min", goal=3)
    found = drawn("{% load charts %}{% chart figure %}", figure=figure)
    assert 'aria-label="It fell"' in found
    assert "Show as table" in found
    assert "2 min" in found
    assert ">none<" in found
    assert re.search(r'class="l1" d="M34\.0 [\d.]+ M490\.0 [\d.]+"', found), "the pen is lifted over a gap"
    ends = [float(y) for y in re.findall(r'<text class="(?:lbl)?" x="[\d.]+" y="([\d.]+)">1:3', found)]
    assert abs(ends[0] - ends[1]) >= 14, "labels never stand on each other"


@pytest.mark.parametrize("values", [[], [0, 0], [1], [1, 5, 2]])
def test_a_sparkline_is_only_a_hint(values: list[float]) -> None:
    found = charts.spark(values, hot=bool(values))
    assert 'aria-hidden="true"' in found
    assert 'd="M' in found


@pytest.mark.parametrize(("most", "top"), [(0, 1.0), (0.3, 0.4), (7.1, 8.0), (8, 8.0), (8.1, 10.0), (1234, 2000.0)])
def test_the_scale_of_a_chart_is_round(most: float, top: float) -> None:
    assert charts._top(charts.Chart("", ["a"], [charts.Line("a", [most])])) == pytest.approx(top)
