"""Whether there is an identity provider to sign in with."""

from __future__ import annotations

from django import template

from accounts import oidc

register = template.Library()


@register.simple_tag
def sso_name() -> str:
    """What people know the identity provider by; empty where there is none."""
    return oidc.name() if oidc.is_configured() else ""
