"""`make bench`: the goals P1, P2, P3, G6, P5 to P8, as a table and as JSON; `python -m bench P2 P8` for some."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import footprint, intake, latency, lists, shell, viewers

Figures = dict[str, Any]
MEASURES: dict[str, tuple[str, Callable[[Path], Figures]]] = {
    "P1": ("event intake, committed before 202", intake.run),
    "P2": ("accepted to handed over, idle", latency.idle),
    "P3": ("storm of 10,000 events over 50 services", latency.storm),
    "G6": ("storm of 10,000 events of one service and key", latency.one_key),
    "P5": ("live entry to 500 viewers (goal p99 50 ms)", lambda folder: viewers.run(folder, 500)),
    "P5b": ("live entry to 2,000 viewers (goal p99 350 ms)", lambda folder: viewers.run(folder, 2000)),
    "P6": ("cached parts of the shell (goal 3,000 req/s and 0 queries, set for the public page)", shell.run),
    "P7": ("pages at 100,000 incidents and 5,000,000 entries (goal p99 60 ms, 8 queries)", lists.run),
    "P8": ("footprint of the default system", footprint.run),
}


def main(wanted: list[str]) -> int:
    """Measure, print the table to standard error and JSON to standard output."""
    results: dict[str, Figures] = {}
    for name, (label, measure) in MEASURES.items():
        if wanted and name not in wanted:
            continue
        folder = Path(tempfile.mkdtemp(prefix="watchbill-bench-"))
        try:
            results[name] = {"what": label, **measure(folder)}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"\n{name}  {label}", file=sys.stderr)
        for key, value in results[name].items():
            if key != "what":
                print(f"    {key:<48} {value}", file=sys.stderr, flush=True)
    conditions = {"python": platform.python_version(), "cores": os.cpu_count(), "database": "SQLite"}
    print(json.dumps({"conditions": conditions, "figures": results}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
