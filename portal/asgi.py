"""The web process: hot paths and sockets in front, pages and API through the bounded bridge (stack 3)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
pages = get_wsgi_application()

from core.web.bridge import Bridge  # noqa: E402 (these need Django's settings)
from core.web.front import Front  # noqa: E402
from core.web.sockets import application as sockets  # noqa: E402
from integrations.api.intake import application as intake  # noqa: E402

application = Front(
    Bridge(pages),
    doors={"/v2/": intake, "/integrations/": intake, "/heartbeats/": intake},
    sockets=sockets,
    body_limits={"/v2/": 512 * 1024, "/integrations/": 4 * 1024 * 1024, "": 10 * 1024 * 1024},
)
