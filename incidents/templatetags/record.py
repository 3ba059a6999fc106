"""How entries of the record are drawn; what is drawn is kept, since a long page shows two hundred of them (P7)."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name

from core.templatetags.ui import icon
from incidents.queries.timeline import Line

TEMPLATE = "incidents/_entry.html"
MOST = 4000  # entries of this process, some 6 MB
register = template.Library()
_drawn: dict[tuple[Any, ...], SafeString] = {}


@register.simple_tag
def entry(line: Line, *, brief: bool = False) -> SafeString:
    """One entry as every page of an audience shows it; stakeholders (`brief`) get no texts (S36).

    An entry is drawn anew when anything of it has changed that can change: its text, pin or stroke, its files.
    """
    shown = line.entry
    files = tuple(place.pk for place in line.files)
    state = (
        shown.hash,
        hash(shown.text),
        shown.edited_at,
        shown.pinned,
        shown.struck_reason,
        shown.redacted,
        shown.occurred_at,
        files,
    )
    key = (shown.pk, brief, get_current_timezone_name(), state)
    found = _drawn.get(key)
    if found is None:
        found = render_to_string(TEMPLATE, {"line": line, "brief": brief})
        if len(_drawn) >= MOST:
            _drawn.clear()
        _drawn[key] = found
    return found


@register.simple_tag
def entry_acts(line: Line) -> SafeString:
    """What one may do with an entry: pin it, copy its address, open its page."""
    shown = line.entry
    path = f"/incidents/{shown.incident.number}/"
    return format_html(
        '<div class="tl-acts"><button class="btn btn-sm btn-quiet btn-icon" type="submit" form="entry-form"'
        ' formaction="{path}entries/{pk}/pin/" name="pinned" value="{to}" aria-label="{pin}">{pin_icon}</button>'
        '<a class="btn btn-sm btn-quiet btn-icon" href="{path}#entry-{pk}" data-copy-link aria-label="Copy link">'
        '{link_icon}</a><a class="btn btn-sm btn-quiet btn-icon" href="{path}entries/{pk}/" aria-label="{more}">'
        "{more_icon}</a></div>",
        path=path,
        pk=str(shown.pk),
        to="0" if shown.pinned else "1",
        pin="Take the pin off" if shown.pinned else "Pin",
        more="Edit, strike, history" if line.kind.human else "More about this entry",
        pin_icon=icon("pin"),
        link_icon=icon("link"),
        more_icon=icon("more"),
    )
