"""What each forked process does; what only one of them needs is imported there, after the fork (P8)."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from django.conf import settings

from core.runner import lifeline

Entry = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Role:
    """One process that the runner keeps: `probed` ones must answer on /healthz, `leases` ones hold due rows."""

    name: str
    entry: Entry
    probed: bool = False
    leases: bool = False
    canary: bool = False


def roles(listener: socket.socket, workers: int) -> list[Role]:
    """Everything that `manage.py up` starts."""
    found = [Role("web", lambda: web(listener), probed=True)]
    found += [Role(f"worker-{n}", partial(_without, listener, worker), leases=True) for n in range(1, workers + 1)]
    return [*found, Role("bulk", partial(_without, listener, bulk), canary=True)]


def _without(listener: socket.socket, entry: Entry) -> int:
    """Only the web process keeps the port: nothing else may hold it open."""
    listener.close()
    return entry()


def web(listener: socket.socket) -> int:
    """The web process: daphne with our limits, on the socket that the runner opened."""
    module, _, name = settings.ASGI_APPLICATION.rpartition(".")
    server: Any = import_module("core.web.server")  # before the application: it installs the event loop
    application = getattr(import_module(module), name)
    import_module("core.web.watch").start()
    server.serve(application, listener)
    return 0


def worker() -> int:
    """One due worker; 75 asks for a replacement."""
    code: int = import_module("core.worker").Worker().run()
    return code


def bulk() -> int:
    """The django-q2 cluster; its own processes are tied to it, so that none outlives it."""
    lifeline.tie_descendants()
    cluster = import_module("django_q.cluster").Cluster()
    cluster.start()
    if cluster.sentinel is not None:
        cluster.sentinel.join()
    return 0 if cluster.has_stopped else 1


def free_leases(pid: int, crashed: bool) -> int:
    """Give back what a dead worker held, in a short process of its own: the runner holds no database."""
    import_module("core.leases").free_leases(pid, crashed=crashed)
    return 0


CANARY_LOST = 3


def look_for_canary() -> int:
    """CANARY_LOST when the bulk cluster has taken jobs and finished none for minutes."""
    return CANARY_LOST if import_module("core.jobs").stalled() else 0


def own_group() -> None:
    """A process group per role: Ctrl-C reaches the runner alone, and a role ends with all its descendants."""
    os.setpgid(0, 0)
