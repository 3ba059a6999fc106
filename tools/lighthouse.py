"""`make lighthouse`: page quality of the demo's first pages, by hand; needs Node's npx."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tools.chaos.portal import Portal
from tools.stage import CHROMIUM, FLAGS, demo, sign_in, user

LIGHTHOUSE = "lighthouse@12"
SCORES = ("performance", "accessibility", "best-practices")
LEAST = 0.95
SLOWEST = 1000  # milliseconds to the largest contentful paint


def cookies(portal: Portal, card: dict[str, Any]) -> str:
    """The cookies of a signed-in responder, as a header."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        sign_in(page, portal, user(card, "responder"))
        found = [f"{each.get('name')}={each.get('value')}" for each in page.context.cookies()]
        browser.close()
    return "; ".join(found)


def audit(npx: str, url: str, headers: Path | None) -> dict[str, Any]:
    """Lighthouse's report of one page at a desk's size and speed. Raises RuntimeError when it cannot run."""
    command = [npx, "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", "--preset=desktop"]
    command += [f"--only-categories={','.join(SCORES)}", f"--chrome-flags=--headless=new {' '.join(FLAGS)}"]
    command += [f"--extra-headers={headers}"] if headers else []
    environment = {**os.environ, "CHROME_PATH": CHROMIUM}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def told(path: str, report: dict[str, Any]) -> bool:
    """Print the scores, the largest paint and what cost points; whether all reach the goal."""
    scores = {name: report["categories"][name]["score"] or 0 for name in SCORES}
    paint = report["audits"]["largest-contentful-paint"]["numericValue"]
    words = ", ".join(f"{name} {score * 100:.0f}" for name, score in scores.items())
    print(f"{path}: {words}, largest paint {paint:.0f} ms", flush=True)
    for name in SCORES:
        for ref in report["categories"][name]["auditRefs"]:
            audit = report["audits"][ref["id"]]
            if ref["weight"] and audit["score"] is not None and audit["score"] < LEAST:
                print(f"  {audit['score']:.2f} {audit['title']} {audit.get('displayValue', '')}")
    return min(scores.values()) >= LEAST and paint < SLOWEST


def main() -> int:
    """Audit the sign-in, Now, an incident and the list."""
    npx = shutil.which("npx")
    if npx is None:
        print("Lighthouse needs Node (npx), which is not installed.")
        return 1
    with demo() as (portal, card):
        headers = portal.folder / "headers.json"
        headers.write_text(json.dumps({"Cookie": cookies(portal, card)}))
        headers.chmod(0o600)
        well = [told("/accounts/login/", audit(npx, f"{portal.url}/accounts/login/", None))]
        for path in ("/now/", card["pages"]["incident"], "/incidents/"):
            well.append(told(path, audit(npx, f"{portal.url}{path}", headers)))
    return int(not all(well))


if __name__ == "__main__":
    sys.exit(main())
