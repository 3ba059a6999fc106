"""The listening socket: opened before anything is forked, so that a restarted web process loses no client."""

from __future__ import annotations

import errno
import os
import socket

BACKLOG = 1024


class CannotListen(Exception):
    """The address cannot be had; the text is one sentence for the console (F49)."""


def open_socket(bind: str, port: int) -> socket.socket:
    """A TCP socket that listens on `bind`:`port`; raises CannotListen."""
    try:
        family, kind, proto, _, where = socket.getaddrinfo(
            bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise CannotListen(f"WATCHBILL_BIND “{bind}” is not an address of this machine.") from None
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(_sentence(bind, port, error)) from None
    listener.setblocking(False)
    return listener


def _sentence(bind: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {bind} is taken by another program; set WATCHBILL_PORT to a free one."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"WATCHBILL_BIND “{bind}” is not an address of this machine."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} on {bind} may not be opened by this user; set WATCHBILL_PORT to 1024 or more."
    return f"Port {port} on {bind} cannot be opened: {os.strerror(error.errno or 0).lower()}."
