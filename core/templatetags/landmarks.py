"""What the administration's library leaves out for those who hear its pages or use the keyboard, put in afterwards.

Its templates stay its own, so that an upgrade brings them; each mend is a small change of what they print, and
`tests/portal/test_admin_look.py` says when one of them finds its place no more.
"""

from __future__ import annotations

import re

from django import template
from django.template.defaultfilters import stringfilter

register = template.Library()

_KEYS = 'role="button" tabindex="0" x-on:keydown.enter.prevent="$el.click()" x-on:keydown.space.prevent="$el.click()"'
_OPEN = "x-bind:aria-expanded=\"{} ? 'true' : 'false'\""
_MENDS = tuple(
    (re.compile(pattern), mended)
    for pattern, mended in (
        # icons are words of a font, which nobody should hear
        (r'<span (class="material-symbols-outlined[^"]*")>', r'<span aria-hidden="true" \1>'),
        (r'<div id="main"', r'\g<0> role="main"'),
        (r'<nav id="nav-sidebar-inner"', r'\g<0> aria-label="Administration"'),
        (r'<nav class="absolute', r'<nav aria-label="Your account" class="absolute'),
        (r'id="nav-sidebar-apps"', r'\g<0> data-simplebar-aria-label="Pages"'),
        (r'<a (href="[^"]*" class="[^"]* active")', r'<a aria-current="page" \1'),
        (r'id="searchbar-submit"', r'\g<0> aria-label="Search"'),
        (r"x-on:click='showActions = !showActions'", r'\g<0> aria-label="Acts"'),
        # what opens something is a button
        (
            r'<span class="(material-symbols-outlined (?:hidden|block)! [^"]*)"'
            r' (x-on:click="(sidebar(?:Desktop|Mobile)Open))',
            rf'<span {_KEYS} aria-label="Menu" {_OPEN.format(chr(92) + "3")} class="wb-opener \1" \2',
        ),
        (
            r'<span class="(material-symbols-outlined block cursor-pointer [^"]*)" (x-on:click="sidebarMobileOpen)',
            rf'<span {_KEYS} aria-label="Close the menu" class="wb-opener \1" \2',
        ),
        (r'x-on:click="openUserLinks = !openUserLinks"', rf"\g<0> {_KEYS} {_OPEN.format('openUserLinks')}"),
    )
)


@register.filter(is_safe=True)
@stringfilter
def named_controls(page: str) -> str:
    """A part of the library's page with its landmarks and buttons named, and every button in reach of the keyboard.

    As safe as it was: constants are put in.
    """
    for place, mended in _MENDS:
        page = place.sub(mended, page)
    return page
