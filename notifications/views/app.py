"""What makes the portal an app on a phone: manifest, service worker, and the pages that show without a network.

They hold nothing of anybody, so strangers may have them too: a browser fetches them without a session.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

SOURCES = Path(settings.BASE_DIR) / "static"
FONTS = tuple(f"unfold/fonts/inter/Inter-{name}.woff2" for name in ("Regular", "Medium", "SemiBold", "Bold"))
OFFLINE = ("/offline/", "/offline/answer/")
ICONS = (
    ("mark-192.png", "192x192", "any"),
    ("mark-512.png", "512x512", "any"),
    ("mark-maskable.png", "512x512", "maskable"),
)
SHORTCUTS = (("Answer pages", "/now/"), ("Declare an incident", "/incidents/new/"), ("Who is on call", "/schedules/"))


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """The app's name, icons and shortcuts; colours are those of the canvas, which pages set for the dark."""
    return JsonResponse(
        {
            "id": "/now/",
            "name": "Watchbill",
            "short_name": "Watchbill",
            "description": "Pages, incidents and who is on call",
            "start_url": "/now/",
            "scope": "/",
            "display": "standalone",
            "theme_color": "#F3F3F0",
            "background_color": "#F3F3F0",
            "icons": [
                {"src": static(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
                for name, sizes, purpose in ICONS
            ],
            "shortcuts": [{"name": name, "url": path} for name, path in SHORTCUTS],
        },
        content_type="application/manifest+json",
    )


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, at the root so that its scope is the portal and nothing has to widen it (A34).

    A view and no static file: its address may not change with its content, and it names the hashed files of this
    release, so that a browser takes a new one as soon as any of them is another.
    """
    return HttpResponse(source(), content_type="text/javascript; charset=utf-8")


def source() -> str:
    """The worker's text below the list of what it keeps."""
    return _assembled() if not settings.WHITENOISE_USE_FINDERS else _assembled.__wrapped__()


@cache
def _assembled() -> str:
    text = (SOURCES / "js/sw.js").read_text(encoding="utf-8")
    shell = json.dumps([*(static(name) for name in _shell()), *OFFLINE])
    version = hashlib.sha256((text + shell).encode()).hexdigest()[:12]
    return f'const VERSION = "shell-{version}", SHELL = {shell};\n{text}'


def _shell() -> list[str]:
    """What every page needs: styles, scripts, icons, fonts."""
    own = [f"{kind}/{path.name}" for kind in ("css", "js") for path in sorted((SOURCES / kind).glob(f"*.{kind}"))]
    return [*(name for name in own if name != "js/sw.js"), "icons.svg", "mark.svg", "mark-192.png", *FONTS]


@require_safe
def offline(request: HttpRequest, answered: bool = False) -> HttpResponse:
    """What is shown without a network and without a kept page; `answered` after an answer that waits to be sent."""
    return render(request, "notifications/offline.html", {"answered": answered})
