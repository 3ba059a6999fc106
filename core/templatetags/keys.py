"""What the script of keys has to know."""

from __future__ import annotations

from django import template

from core.web.keys import NEEDS

register = template.Library()


@register.simple_tag
def key_needs() -> str:
    """What each key needs on a page, as JSON."""
    return NEEDS
