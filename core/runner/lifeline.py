"""No orphans: every process of ours ends when the one that forked it does, however that ended (F10)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_forker = 0


def tie_to_parent(parent: int) -> None:
    """Have this process killed when `parent` ends; called in the child, right after the fork."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), name="lifeline", daemon=True).start()
    if os.getppid() != parent:  # it ended between the fork and this line
        os._exit(1)


def tie_descendants() -> None:
    """Do the same in every process that this one forks from now on, and in theirs (django-q2's own)."""
    os.register_at_fork(before=_remember, after_in_child=_follow)


def _remember() -> None:
    global _forker
    _forker = os.getpid()


def _follow() -> None:
    if _libc is not None:
        tie_to_parent(_forker)


def _watch_parent(parent: int) -> None:
    """Where the kernel cannot tell us, look every second."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)
