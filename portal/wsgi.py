"""Django's WSGI handler; `portal.asgi` sends pages and API to it through the bounded bridge."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
