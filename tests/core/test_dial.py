"""Connections that end in time, in a process that has many of them."""

from __future__ import annotations

import socket

from core.dial import Deadline, Line
from tests.core.processes import descriptors


def test_whether_an_old_line_is_still_good_can_be_told_with_thousands_of_descriptors() -> None:
    with descriptors(1024):
        here, there = socket.socketpair()
        line = Line(here, Deadline(5))
        assert here.fileno() >= 1024
        assert not line.get_extra_info("is_readable")
        there.close()
        assert line.get_extra_info("is_readable")
        line.close()
        assert line.get_extra_info("is_readable")
