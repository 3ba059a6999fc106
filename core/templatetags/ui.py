"""The components that every page uses; nobody writes their markup by hand (design 4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core import clock
from core.templatetags import shapes

register = template.Library()
SOON = timedelta(minutes=2)


@register.simple_tag
@lru_cache(maxsize=512)  # a long record draws a thousand of a few (P7)
def icon(name: str, extra: str = "") -> SafeString:
    """A symbol of the sprite, hidden from readers: the words beside it say the same."""
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {extra}" if extra else "",
        static("icons.svg"),
        name,
    )


@register.simple_tag
def prio(priority: Any, size: str = "", name: str = "") -> SafeString:
    """A priority as bars, number and name; takes the row, or its rank and name (TRI-03)."""
    rank = priority if isinstance(priority, int) else priority.rank
    return _prio(rank, size, name or (f"P{priority}" if isinstance(priority, int) else priority.name))


@lru_cache(maxsize=256)  # lists draw a few of them fifty times (P7)
def _prio(rank: int, size: str, name: str) -> SafeString:
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="2.2" height="{}" rx=".6"/>',
        (("on" if index < 5 - rank else "off", x, y, height) for index, (x, y, height) in enumerate(shapes.BARS)),
    )
    return format_html(
        '<span class="prio prio-{}{}"><svg viewBox="0 0 12 12" aria-hidden="true">{}</svg>{}</span>',
        rank,
        f" prio-{size}" if size else "",
        bars,
        name,
    )


@register.simple_tag
def state(incident: Any) -> SafeString:
    """The state of an incident (or a bare word) as shape and word; a snoozed one says so."""
    word = incident if isinstance(incident, str) else incident.status
    if not isinstance(incident, str) and getattr(incident, "snoozed_until", None) and word == "acknowledged":
        word = "snoozed"
    return _state(word)


@lru_cache(maxsize=64)
def _state(word: str) -> SafeString:
    shape = mark_safe(shapes.STATES.get(word, shapes.RING))  # noqa: S308 (a constant of shapes.py)
    return format_html(
        '<span class="state state-{}"><svg viewBox="0 0 14 14" aria-hidden="true">{}</svg>{}</span>',
        word,
        shape,
        word.capitalize(),
    )


@register.simple_tag
def health(tone: str, words: str, *, quiet: bool = False) -> SafeString:
    """How a service stands, as shape and words; `quiet` keeps the words for readers alone (design 3)."""
    shape = mark_safe(shapes.HEALTH.get(tone, shapes.RING))  # noqa: S308 (a constant of shapes.py)
    return format_html(
        '<span class="st st-{}"><svg viewBox="0 0 16 16" aria-hidden="true">{}</svg><span class="{}">{}</span></span>',
        tone,
        shape,
        "sr" if quiet else "",
        words,
    )


@register.simple_tag
def avatar(person: Any, size: str = "", hue: int = 0) -> SafeString:
    """Initials on the person's hue, or on the one that a schedule gives; the name stands beside it."""
    return format_html(
        '<span class="av h{}{}" title="{}" aria-hidden="true">{}</span>',
        hue or person.pk % 8 + 1,
        f" av-{size}" if size else "",
        person.name,
        _initials(person.name),
    )


@register.simple_tag
def person(who: Any, size: str = "", said: str = "") -> SafeString:
    """An avatar with the name beside it, and a muted fact under it."""
    return format_html(
        '<span class="row">{}<span class="grow"><bdi class="med">{}</bdi>{}</span></span>',
        avatar(who, size),
        who.name,
        format_html('<span class="tiny muted block">{}</span>', said) if said else "",
    )


@register.simple_tag
def role(name: str, holder: Any = None) -> SafeString:
    """The chip of a role with its holder; a dashed ring says that it is open."""
    ring = avatar(holder, "sm") if holder else format_html('<span class="av av-sm av-empty">{}</span>', icon("plus"))
    who = format_html("<bdi>{}</bdi>", holder.name) if holder else "open"
    kind = "" if holder else " role-open"
    return format_html(
        '<span class="pill role-chip{}">{}<span class="muted">{}</span> {}</span>', kind, ring, name, who
    )


@register.simple_tag
def monogram(name: str, key: int | None) -> SafeString:
    """As `avatar`, for a name of the record whose person is not at hand; without a key the hue is neutral."""
    hue = f" h{key % 8 + 1}" if key else ""
    return format_html('<span class="av{}" title="{}" aria-hidden="true">{}</span>', hue, name, _initials(name))


def _initials(name: str) -> str:
    """Of the first and the last word."""
    words = str(name).split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words))[:2].upper()


@register.simple_tag
def when(value: datetime | None, style: str = "long") -> SafeString:
    """A moment in the viewer's zone as design 12 writes it; the year only when it is another.

    `style` may be clock (09:00), time (09:00:21, with the day unless it is today), short (09:00 today, else
    Mon 16 Nov) or day (Mon 16 Nov).
    """
    if value is None:
        return mark_safe("")  # an empty constant
    local = timezone.localtime(value)
    today = timezone.localtime(clock.now())
    year = "" if local.year == today.year else f" {local.year}"
    day = f"{local:%a} {local.day} {local:%b}{year}"
    if style == "clock" or (style == "short" and local.date() == today.date()):
        text = local.strftime("%H:%M")
    elif style == "time":
        text = f"{local:%H:%M:%S}" if local.date() == today.date() else f"{day}, {local:%H:%M:%S}"
    else:
        text = day if style in ("day", "short") else f"{day}, {local:%H:%M} {local:%Z}"
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


@register.simple_tag
def badge(text: str, tone: str = "") -> SafeString:
    """A fact that is neither priority nor state."""
    return format_html('<span class="badge{}">{}</span>', f" badge-{tone}" if tone else "", text)


@register.simple_tag
def chip(text: str, path: str = "", *, current: bool = False, count: int | None = None) -> SafeString:
    """A filter or view: a link where it has a path, else a button for scripts; the current one says so."""
    figure = "" if count is None else format_html(' <span class="muted num">{}</span>', count)
    if path:
        mark = format_html(' aria-current="{}"', "true") if current else ""
        return format_html('<a class="chip" href="{}"{}>{}{}</a>', path, mark, text, figure)
    pressed = "true" if current else "false"
    return format_html('<button class="chip" type="button" aria-pressed="{}">{}{}</button>', pressed, text, figure)


@register.simple_tag
def notice(text: str, tone: str = "", lead: str = "") -> SafeString:
    """A sentence in its own box: red needs action and is read at once, amber warns, blue and plain inform."""
    glyph = icon({"red": "alert", "amber": "alert", "green": "check"}.get(tone, "clock"))
    return format_html(
        '<div class="notice{}"{}>{}<span class="grow">{}{}</span></div>',
        f" notice-{tone}" if tone else "",
        format_html(' role="{}"', "alert") if tone == "red" else "",
        glyph,
        format_html("<b>{}</b> ", lead) if lead else "",
        text,
    )


@register.simple_tag
def countdown(due: datetime, before: str = "in ", after: str = "") -> SafeString:
    """Words and a clock that count to an aware moment: amber in the last two minutes, "over by 0:40" after it."""
    left = due - clock.now()
    tone = " over" if left < timedelta(0) else " soon" if left < SOON else ""
    words = f"{before}{span(left)}" if left >= timedelta(0) else after or f"over by {span(-left)}"
    return format_html(
        '<span class="countdown{}" role="timer" aria-live="off">{}'
        '<span data-until="{}" data-in="{}"{}>{}</span></span>',
        tone,
        icon("clock"),
        due.isoformat(),
        before,
        format_html(' data-over="{}"', after) if after else "",
        words,
    )


@register.simple_tag
def meter(begun: datetime, due: datetime) -> SafeString:
    """How much of the time between two aware moments is left, as a line; the words stand beside it."""
    whole, left = (due - begun).total_seconds(), (due - clock.now()).total_seconds()
    share = max(0, min(100, round(100 * left / whole))) if whole > 0 else 0
    return format_html(
        '<span class="meter block{}" aria-hidden="true"><i data-meter="{}" data-to="{}" style="width:{}%"></i></span>',
        " soon" if left < SOON.total_seconds() else "",
        begun.isoformat(),
        due.isoformat(),
        share,
    )


@register.filter
def span(value: timedelta | None) -> str:
    """A duration as design 12 writes it: 34 min, 1 h 52 min, 2 d 4 h."""
    if value is None:
        return ""
    seconds = max(0, int(value.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 1:
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


@register.filter
def epoch(value: datetime) -> int:
    """An aware time in microseconds since 1970: what scripts sort entries by."""
    return round(value.timestamp() * 1_000_000)


@register.filter
def since(value: datetime | None) -> str:
    """How long ago an aware time was, as a duration."""
    return "" if value is None else span(clock.now() - value)


@register.filter
def until(value: datetime | None) -> str:
    """How far away an aware time is, as a duration; past times are 0 s."""
    return "" if value is None else span(value - clock.now())
