"""P6: the cached parts of the shell on the real daphne: the files of every page, and what a browser keeps of the app.

The public status page, for which P6 is set, has no room yet; nothing here stands for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from bench.load import Result, drive, get
from tools.chaos.portal import Portal

SECONDS, TURNS, CONNECTIONS = 2.0, 3, 32
FILES = ("css/portal.css", "js/live.js", "icons.svg")
PAGES = ("/sw.js", "/manifest.webmanifest", "/offline/", "/accounts/login/", "/healthz")
AS_BROWSERS = "Accept-Encoding: gzip\r\n"


def run(folder: Path) -> dict[str, Any]:
    """Each in turns, so that a neighbour's load meets all alike; queries are counted in a process of its own."""
    portal = Portal(folder, STATIC_FROM_SOURCE="off")
    portal.start(wait=120)  # the first start collects the files
    try:
        known: dict[str, Any] = json.loads(portal.python("bench.shell", *FILES))
        wanted = [*known["addresses"], *PAGES]
        asked = {path: get(path, host=f"127.0.0.1:{portal.port}", headers=AS_BROWSERS) for path in wanted}
        turns: dict[str, list[Result]] = {path: [] for path in wanted}
        for turn in range(TURNS + 1):
            for path, raw in asked.items():
                result = drive(portal.port, lambda raw=raw: raw, connections=CONNECTIONS, seconds=SECONDS)
                if set(result.statuses) != {200}:
                    raise RuntimeError(f"{path} was answered with {dict(result.statuses)}")
                if turn:  # the first warms
                    turns[path].append(result)
    finally:
        portal.stop()
    figures: dict[str, Any] = {}
    for path, results in turns.items():
        rate = statistics.median(result.rate for result in results)
        late = statistics.median(result.quantile(0.99) for result in results) * 1000
        figures[f"{path}: req/s, p99 in ms, queries"] = f"{rate:,.0f}, {late:.1f}, {known['queries'][path]}"
    return figures


# --- in the portal's own settings -----------------------------------------------------------------
def measure(names: list[str]) -> dict[str, Any]:
    """The files' hashed addresses, and how many queries the second answer of each costs, in any thread."""
    from django.db.backends.utils import CursorWrapper
    from django.templatetags.static import static

    from portal.asgi import application

    asked: list[str] = []
    execute = CursorWrapper.execute

    def counted(cursor: Any, sql: str, params: Any = None) -> Any:
        asked.append(sql)
        return execute(cursor, sql, params)

    CursorWrapper.execute = counted  # type: ignore[method-assign]
    addresses = [static(name) for name in names]
    queries = {}
    for path in [*addresses, *PAGES]:
        for _ in range(2):
            asked.clear()
            status = asyncio.run(_status(application, path))
            if status != 200:
                raise RuntimeError(f"{path} was answered with {status}")
        queries[path] = len(asked)
    return {"addresses": addresses, "queries": queries}


async def _status(application: Any, path: str) -> int:
    """One GET through the whole application, as the server calls it."""
    sent: list[Any] = []
    body = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return body.pop() if body else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
             "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
             "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip")],
             "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}  # fmt: skip
    await application(scope, receive, send)
    return int(sent[0]["status"])


def main() -> None:
    """Print what `measure` found of the files named."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    sys.stdout.write(json.dumps(measure(sys.argv[1:])))
    sys.stdout.flush()
    os._exit(0)  # the bridge's threads wait for more


if __name__ == "__main__":
    main()
