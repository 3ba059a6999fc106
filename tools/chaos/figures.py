"""What a kill loop saw, as plain figures beside their goals (G1-G5)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

# Goals of the reliability sheet for one machine; seconds.
CALM_P50, CALM_P99 = 1.0, 3.0
KILLED_P99, KILLED_MAX = 30.0, 60.0
FIRST_PAGE = 10.0
LEASE_SHARE = 0.30


@dataclass(frozen=True)
class Slow:
    """A page that took long: seconds in all, seconds of them with the whole product down, kills meanwhile."""

    token: str
    seconds: float
    down: float
    kills: int

    def __str__(self) -> str:
        return f"{self.token}: {self.seconds:.1f} s ({self.down:.1f} s of it nothing ran, {self.kills} kills)"


@dataclass
class Figures:
    """What the loop saw; times in seconds."""

    database: str
    kills: int = 0
    tree_kills: int = 0
    lease_hits: int = 0
    accepted: int = 0
    lost: list[str] = field(default_factory=list)
    duplicates: dict[str, int] = field(default_factory=dict)
    unexplained: list[str] = field(default_factory=list)
    calm: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    working: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    restart_to_page: list[float] = field(default_factory=list)
    slowest: list[Slow] = field(default_factory=list)
    ended: tuple[int, float] = (0, 0.0)

    @property
    def lease_share(self) -> float:
        """The share of the kills that hit a process holding a lease."""
        return self.lease_hits / max(1, self.kills)

    def summary(self) -> dict[str, Any]:
        """The figures with their goals, as plain values."""
        return {
            "database": self.database,
            "kills": self.kills,
            "of the whole tree": self.tree_kills,
            "kills that hit a lease (>= 0.3)": round(self.lease_share, 3),
            "accepted": self.accepted,
            "G1 lost (0)": len(self.lost),
            "G2 pages sent more than once": len(self.duplicates),
            "G2 sendings that no kill explains (0)": len(self.unexplained),
            f"G3 calm p50 (<= {CALM_P50:g})": at(self.calm, 0.5),
            f"G3 calm p99 (<= {CALM_P99:g})": at(self.calm, 0.99),
            "G4 during kills p50": at(self.latencies, 0.5),
            f"G4 during kills p99 (<= {KILLED_P99:g})": at(self.latencies, 0.99),
            f"G4 during kills max (<= {KILLED_MAX:g})": at(self.latencies, 1.0),
            "p99 without the seconds in which nothing ran": at(self.working, 0.99),
            "start to first answer, max": at(self.starts, 1.0),
            f"G5 up to first overdue page, max (<= {FIRST_PAGE:g})": at(self.restart_to_page, 1.0),
            "G18 SIGTERM at the end: exit code, seconds": [self.ended[0], round(self.ended[1], 1)],
            "slowest": [str(slow) for slow in self.slowest],
        }

    def missed(self) -> list[str]:
        """The goals that were not met, in words; empty when all were."""
        found = []
        if self.lost:
            found.append(f"G1: {len(self.lost)} accepted events were never paged: {self.lost[:5]}")
        if self.unexplained:
            found.append(f"G2: more sendings than kills in flight: {self.unexplained[:5]}")
        if self.lease_share < LEASE_SHARE:
            found.append(f"only {self.lease_share:.0%} of the kills hit a lease")
        for name, values, share, goal in (
            ("G3 p50", self.calm, 0.5, CALM_P50),
            ("G3 p99", self.calm, 0.99, CALM_P99),
            ("G4 p99", self.latencies, 0.99, KILLED_P99),
            ("G4 max", self.latencies, 1.0, KILLED_MAX),
            ("G5", self.restart_to_page, 1.0, FIRST_PAGE),
        ):
            value = at(values, share)
            if value is not None and value > goal:
                found.append(f"{name}: {value} s, goal {goal:g} s")
        return found


def at(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` of the values lie, to two places; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    if share == 0.5:
        return round(statistics.median(ordered), 2)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)
