"""From an address that only takes forms to the page on which the form stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import Resolver404, resolve


def page_above(path: str) -> str:
    """The nearest address above this one that a browser can open; the board where there is none."""
    parts = path.strip("/").split("/")
    for end in range(len(parts) - 1, 0, -1):
        above = "/" + "/".join(parts[:end]) + "/"
        try:
            found = resolve(above)
        except Resolver404:
            continue
        if "GET" in (_methods(found.func) or ["GET"]):
            return above
    return "/now/"


def _methods(view: Callable[..., Any] | None) -> list[str] | None:
    """What `require_http_methods` lets through; it keeps that nowhere but in its closure."""
    while view is not None:
        names = getattr(getattr(view, "__code__", None), "co_freevars", ())
        cells = dict(zip(names, getattr(view, "__closure__", None) or (), strict=True))
        if "request_method_list" in cells:
            return list(cells["request_method_list"].cell_contents)
        view = getattr(view, "__wrapped__", None)
    return None
