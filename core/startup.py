"""What rooms want said when the portal starts, such as the one-time set-up link (A41)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Greeter = Callable[[], Iterable[str]]
_greeters: list[Greeter] = []


def on_start(greeter: Greeter) -> Greeter:
    """Register a function that returns lines for the console; it may use the migrated database."""
    _greeters.append(greeter)
    return greeter


def lines() -> list[str]:
    """Every room's lines, in the order in which the rooms were loaded; called once, by the runner."""
    return [line for greeter in _greeters for line in greeter()]
