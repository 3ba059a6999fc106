"""`make pictures`: every page of the demo at two widths and in both themes, into the ignored folder `pictures/`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.stage import CHROMIUM, FLAGS, demo, sign_in, user

FOLDER = Path("pictures")
PATHS = (
    "/now/",
    "/incidents/",
    "{incident}",
    "/incidents/new/",
    "/services/",
    "/services/4/",
    "/policies/",
    "/policies/1/",
    "/schedules/",
    "{schedule}",
    "/teams/",
    "/teams/1/",
    "/rules/",
    "/inbound/",
    "/deliveries/",
    "/profile/",
    "/profile/contact-methods/",
    "/profile/rules/",
    "/profile/tokens/",
    "/first-steps/",
)
SIZES = ((1440, 900), (360, 780))


def main() -> int:
    """Take them all; says which page scrolls sideways or writes to the console."""
    FOLDER.mkdir(exist_ok=True)
    wrong: list[str] = []
    with demo() as (portal, card), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width, height in SIZES:
            for theme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if theme == "dark" else "light",
                    reduced_motion="reduce",
                )
                page = context.new_page()
                page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
                page.goto(f"{portal.url}/accounts/login/")
                page.screenshot(path=FOLDER / f"sign-in-{width}-{theme}.png", full_page=True)
                sign_in(page, portal, user(card, "team_manager"))
                for pattern in PATHS:
                    path = pattern.format(**card["pages"])
                    answer = page.goto(f"{portal.url}{path}")
                    page.evaluate("document.fonts.ready")
                    page.wait_for_timeout(400)
                    name = path.strip("/").replace("/", "-")
                    page.screenshot(path=FOLDER / f"{name}-{width}-{theme}.png", full_page=width < 860)
                    root = "document.documentElement"
                    if page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"):
                        wrong.append(f"{path} scrolls sideways at {width}")
                    if answer is None or answer.status != 200:
                        wrong.append(f"{path} answered {answer.status if answer else 'nothing'}")
                context.close()
        browser.close()
    print("\n".join(wrong) or f"Pictures are in {FOLDER}/; nothing scrolls sideways, no console errors.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
