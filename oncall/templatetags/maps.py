"""The small map of services as SVG made on the server; the lists beside it hold the same facts in words."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core.templatetags import shapes
from oncall.engine.graph import Box, Drawing

register = template.Library()


@register.simple_tag
def service_map(drawing: Drawing, label: str = "") -> SafeString:
    """The map; with a label its boxes are links and it speaks for itself, without one a list beside it does."""
    lines = format_html_join("", '<path d="{}"/>', ((line,) for line in drawing.lines))
    captions = format_html_join("", '<text class="cap" x="{}" y="{}">{}</text>', drawing.captions)
    boxes = format_html_join("", "{}", ((_box(box, linked=bool(label)),) for box in drawing.boxes))
    return format_html(
        '<svg class="map{}" viewBox="0 0 {} {}" width="{}" {}>{}{}{}</svg>',
        "" if label else " map-wide",
        drawing.width,
        drawing.height,
        drawing.width,
        format_html('role="group" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"'),
        lines,
        captions,
        boxes,
    )


def _box(box: Box, *, linked: bool) -> SafeString:
    point, (x, y) = box.point, box.sign
    shape = mark_safe(shapes.HEALTH.get(point.tone, shapes.RING))  # noqa: S308 (a constant of shapes.py)
    note = format_html('<text class="note" x="{}" y="{}">{}</text>', box.right - 8, box.base, point.note)
    drawn = format_html(
        '<rect x="{}" y="{}" width="{}" height="{}" rx="6"/><svg class="st-{}" x="{}" y="{}" width="15" height="15"'
        ' viewBox="0 0 16 16">{}</svg><text x="{}" y="{}">{}</text>{}',
        *(box.x, box.y, box.width, box.height, point.tone, x, y, shape, x + 23, box.base, box.label),
        note if linked and point.note else "",
    )
    said = ", ".join(filter(None, (point.name, point.words, point.note)))
    if linked and not box.is_middle:
        return format_html('<a href="/services/{}/" aria-label="{}">{}</a>', point.key, said, drawn)
    return format_html('<g class="{}"><title>{}</title>{}</g>', "mid" if box.is_middle else "", said, drawn)
