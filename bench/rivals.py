"""What the intake is measured against, served by the same server on a database of the same settings.

`bare`: a group commit that only counts rows, without keys, adapters or log. `drf`: a REST framework view with
`update_or_create`, through the same bridge. Run as `python -m bench.rivals bare|drf <port>`.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any

import django

TABLE = "CREATE TABLE IF NOT EXISTS bench_alert (key varchar(255) PRIMARY KEY, summary text, count integer)"
UPSERT = (
    "INSERT INTO bench_alert (key, summary, count) VALUES (%s, %s, 1) "
    "ON CONFLICT (key) DO UPDATE SET count = bench_alert.count + 1"
)


class Limited:
    """An application with the body limit that the server asks for."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def body_limit(self, path: str) -> int:
        """512 KB everywhere."""
        return 512 * 1024

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on."""
        await self.application(scope, receive, send)


def bare() -> Any:
    """An ASGI application: read, parse, group commit, answer."""
    from django.db import connection

    from core.groupcommit import GroupCommit

    def write(items: list[tuple[str, str]]) -> list[None]:
        with connection.cursor() as cursor:
            cursor.executemany(UPSERT, items)
        return [None] * len(items)

    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    writer = GroupCommit(write)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if body:
            event = json.loads(body)
            await writer.submit((event["dedup_key"], event["payload"]["summary"]))
        answer = b'{"status":"success"}'
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 202, "headers": head})
        await send({"type": "http.response.body", "body": answer})

    return application


def drf() -> Any:
    """The product's own way for pages, with a view that does what a tutorial would."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.urls import path
    from rest_framework.response import Response
    from rest_framework.views import APIView

    import portal.urls
    from core.web.bridge import Bridge
    from incidents.models import Alert
    from integrations.models import IntegrationKey
    from integrations.queries.keyring import digest_of

    class Enqueue(APIView):
        authentication_classes = ()
        permission_classes = ()

        def post(self, request: Any) -> Response:
            event = request.data
            key = IntegrationKey.objects.get(digest=digest_of(event["routing_key"]))
            Alert.objects.update_or_create(
                service_id=key.service_id,
                key=event["dedup_key"],
                state="open",
                defaults={"summary": event["payload"]["summary"], "severity": event["payload"]["severity"]},
            )
            return Response({"status": "success"}, status=202)

    portal.urls.urlpatterns.insert(0, path("v2/enqueue", Enqueue.as_view()))
    bridge = Bridge(WSGIHandler())

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await bridge(scope, receive, send)

    return application


def main() -> None:
    """Serve one rival on a port of the loopback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    server = import_module("core.web.server")
    listen = import_module("core.web.listen")
    application = Limited({"bare": bare, "drf": drf}[sys.argv[1]]())
    server.serve(application, listen.open_socket("127.0.0.1", int(sys.argv[2])))


if __name__ == "__main__":
    main()
