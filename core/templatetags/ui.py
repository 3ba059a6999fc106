"""The components that every page uses; nobody writes their markup by hand (design 4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core import clock

register = template.Library()

# Shapes of design 3: every state has a form and a word, never colour alone.
RING = '<circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.6"/>'
STATE_SHAPES = {
    "triggered": '<circle cx="7" cy="7" r="7" fill="currentColor"/>'
    '<path d="M7 3.4v4.2M7 10.2v.1" stroke="var(--surface)" stroke-width="1.7" stroke-linecap="round"/>',
    "acknowledged": RING + '<path d="M7 3a4 4 0 0 1 0 8z" fill="currentColor"/>',
    "identified": RING
    + '<path d="M7 3a4 4 0 0 1 2.8 6.8L7 7z" fill="currentColor"/><circle cx="5" cy="8" r="1" fill="currentColor"/>',
    "mitigated": RING + '<path d="M7 3a4 4 0 1 1-4 4h4z" fill="currentColor"/>',
    "resolved": RING
    + '<path d="M4.3 7.2 6.3 9.1 9.8 5" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>',
    "closed": RING + '<path d="M4.2 7h5.6" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>',
    "merged": '<circle cx="5" cy="7" r="4" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    '<circle cx="9" cy="7" r="4" fill="none" stroke="currentColor" stroke-width="1.5"/>',
    "cancelled": RING + '<path d="M5 5l4 4M9 5l-4 4" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/>',
    "snoozed": '<circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-dasharray="2 2"/>'
    '<path d="M5.2 5h3.6L5.2 9h3.6" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"/>',
}
HEALTH_SHAPES = {
    "ok": '<circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="M5 8.2 7.2 10.3 11 6" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"'
    ' stroke-linejoin="round"/>',
    "degraded": '<path d="M8 1.5 15 14H1z" fill="none" stroke="currentColor" stroke-width="1.6"'
    ' stroke-linejoin="round"/><path d="M8 6v3.5M8 11.6v.1" stroke="currentColor" stroke-width="1.6"'
    ' stroke-linecap="round"/>',
    "partial": '<rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" fill="none" stroke="currentColor"'
    ' stroke-width="1.6"/><path d="M2.5 8h11v4.7a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1z" fill="currentColor"/>',
    "outage": '<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="currentColor"/><path d="M5.5 5.5l5 5M10.5 5.5l-5 5"'
    ' stroke="var(--surface)" stroke-width="1.7" stroke-linecap="round"/>',
}
BARS = ((0, 8.0, 4.0), (3, 5.4, 6.6), (6, 2.8, 9.2), (9, 0.2, 11.8))


@register.simple_tag
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
    name = name or (f"P{priority}" if isinstance(priority, int) else priority.name)
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="2.2" height="{}" rx=".6"/>',
        (("on" if index < 5 - rank else "off", x, y, height) for index, (x, y, height) in enumerate(BARS)),
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
    shape = mark_safe(STATE_SHAPES.get(word, RING))  # noqa: S308 (a constant of this file)
    return format_html(
        '<span class="state state-{}"><svg viewBox="0 0 14 14" aria-hidden="true">{}</svg>{}</span>',
        word,
        shape,
        word.capitalize(),
    )


@register.simple_tag
def health(tone: str, words: str, *, quiet: bool = False) -> SafeString:
    """How a service stands, as shape and words; `quiet` keeps the words for readers alone (design 3)."""
    shape = mark_safe(HEALTH_SHAPES.get(tone, RING))  # noqa: S308 (a constant of this file)
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
    words = [word for word in str(person.name).split() if word]
    initials = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words))[:2].upper()
    return format_html(
        '<span class="av h{}{}" title="{}" aria-hidden="true">{}</span>',
        hue or person.pk % 8 + 1,
        f" av-{size}" if size else "",
        person.name,
        initials,
    )


@register.simple_tag
def monogram(name: str, key: int | None) -> SafeString:
    """As `avatar`, for a name of the record whose person is not at hand; without a key the hue is neutral."""
    words = str(name).split()
    initials = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words))[:2].upper()
    hue = f" h{key % 8 + 1}" if key else ""
    return format_html('<span class="av{}" title="{}" aria-hidden="true">{}</span>', hue, name, initials)


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
