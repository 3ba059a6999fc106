"""`make lighthouse`: page quality of the demo's sign-in and public pages, by hand; needs Node's npx."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from tools.stage import CHROMIUM, FLAGS, demo

PATHS = ("/accounts/login/",)


def main() -> int:
    """Print the four scores of each page."""
    npx = shutil.which("npx")
    if npx is None:
        print("Lighthouse needs Node (npx), which is not installed.")
        return 1
    with demo() as (portal, _):
        for path in PATHS:
            command = [npx, "--yes", "lighthouse@12", f"{portal.url}{path}", "--quiet", "--output=json"]
            command += [f"--chrome-flags=--headless {' '.join(FLAGS)}"]
            environment = {**os.environ, "CHROME_PATH": CHROMIUM}
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode:
                print(done.stderr[-2000:])
                return done.returncode
            scores = {name: entry["score"] for name, entry in json.loads(done.stdout)["categories"].items()}
            print(path, scores)
    return 0


if __name__ == "__main__":
    sys.exit(main())
