"""The choice to see times in UTC: kept by the browser, and one and the same for what a page shows and what it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

Door = Callable[..., HttpResponse]


def in_chosen_zone(view: Door) -> Door:
    """Times in UTC where the address (`?zone=utc`) or, without it, the browser's choice says so; else the viewer's."""

    @wraps(view)
    def door(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.GET.get("zone", request.COOKIES.get("zone")) != "utc":
            return view(request, *args, **kwargs)
        with timezone.override(UTC):
            return view(request, *args, **kwargs)

    return door
