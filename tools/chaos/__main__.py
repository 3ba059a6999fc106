"""`make chaos`: 500 kills on SQLite and 500 on PostgreSQL; `CHAOS="--kills 40 --only sqlite"` for less."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tools.chaos.figures import Figures
from tools.chaos.loop import Loop
from tools.services import Postgres, postgres_bin


def say(line: str) -> None:
    """Progress and misses go beside the figures."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Run, print the figures with their goals as JSON, fail when one was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    results: list[Figures] = []
    if options.only != "postgresql":
        results.append(Loop(options.kills).run(say))
    if options.only != "sqlite" and postgres_bin() is not None:
        folder = Path(tempfile.mkdtemp(prefix="watchbill-services-"))
        server = Postgres(folder)
        try:
            results.append(Loop(options.kills, postgres=server).run(say))
        finally:
            server.stop("immediate")
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps([figures.summary() for figures in results], indent=2))
    missed = [line for figures in results for line in figures.missed()]
    for line in missed:
        say(f"missed: {line}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
