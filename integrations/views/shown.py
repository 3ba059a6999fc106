"""The page that shows the text of a new key, once (A45, A98)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.web import once
from core.web.doors import Crumbs
from core.web.once import lead_on
from integrations.snippets import Snippet

__all__ = ["Secret", "lead_on", "show", "take"]


@dataclass(frozen=True, slots=True)
class Secret:
    """What a new key's page says; an empty `raw` means that it has said so before."""

    raw: str = ""
    intro: str = "The key was shown once, and nobody can read it again. If it is lost, make another one."


def take(request: HttpRequest) -> Secret:
    """The text kept for this very page, which is gone with this look."""
    raw, intro = once.take(request)
    return Secret(raw, intro) if raw else Secret()


def show(
    request: HttpRequest, title: str, secret: Secret, snippets: Sequence[Snippet], *, back: str, crumbs: Crumbs
) -> HttpResponse:
    """The page itself."""
    context = {"title": title, "secret": secret, "snippets": snippets, "back": back, "crumbs": crumbs}
    return render(request, "integrations/issued.html", context)
