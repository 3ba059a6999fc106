"""`make pictures`: every page of the demo at two widths and in both themes, into the ignored folder `pictures/`.

With `--committed` only the four pictures of README and docs, into `docs/pictures/`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tools.chaos.portal import Portal
from tools.enrolment import add_app, go_on
from tools.stage import CHROMIUM, FLAGS, demo, empty, sign_in, user
from tools.tour import open_places
from tools.tour_rows import Ids, ids

FOLDER, COMMITTED = Path("pictures"), Path("docs/pictures")
SIZES = ((1440, 900), (360, 780))
THEMES = ("light", "dark")
ROOT = "document.documentElement"
LATE = "[hx-trigger='load'][hx-swap=outerHTML], [hx-trigger='load, again']"
LARGEST = 150_000  # bytes of a committed picture
NAMES = {"{": "", "}": "", "/": "-", "?": "-", "&": "-", "=": "-", "%": ""}


class Camera:
    """A browser of one size and theme that notes what is wrong with what it sees."""

    def __init__(self, browser: Browser, portal: Portal, look: tuple[int, int, str], wrong: list[str], **more: Any):
        self.width, height, theme = look
        self.context = browser.new_context(
            viewport={"width": self.width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            **more,
        )
        self.end, self.portal, self.wrong = f"{self.width}-{theme}", portal, wrong
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda m: self._say(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self._say(str(error)))

    def _say(self, text: str) -> None:
        if "the server responded with a status of 4" not in text:  # a refusal that the portal means to give
            self.wrong.append(f"{self.page.url} {self.end}: {text}")

    def become(self, person: dict[str, str]) -> None:
        """Sign in as somebody else."""
        self.context.clear_cookies()
        sign_in(self.page, self.portal, person)

    def goto(self, path: str, person: dict[str, str] | None = None) -> None:
        """Open a page, as somebody else where one is named, and wait until it is complete."""
        if person:
            self.become(person)
        self.page.goto(f"{self.portal.url}{path}")
        self.page.wait_for_selector(LATE, state="detached")
        self.page.evaluate("document.fonts.ready")

    def take(self, name: str) -> None:
        """A picture of the page as it stands: the whole of it on a phone and where it is longer than the window."""
        self.page.screenshot(path=FOLDER / f"{name}-{self.end}.png", full_page=True)
        if self.page.evaluate(f"{ROOT}.scrollWidth > {ROOT}.clientWidth"):
            self.wrong.append(f"{name} {self.end} scrolls sideways")


def named(pattern: str) -> str:
    """The name of a place's picture."""
    short = "".join(NAMES.get(each, each) for each in pattern.strip("/"))
    return re.sub(r"-+", "-", short).strip("-")[:70]


def every_place(camera: Camera, rows: Ids, *, public: bool) -> None:
    """One picture of each place."""
    for pattern in open_places(public=public):
        camera.goto(pattern.format(**rows))
        camera.take(named(pattern))


def what_lies_over(camera: Camera, rows: Ids) -> None:
    """A dialog, the menu of an incident, the palette, the list of keys, and the printed incident."""
    page, incident = camera.page, f"/incidents/{rows['incident']}/"
    camera.goto(incident)
    page.evaluate("""() => document.querySelector("[hx-target='#sheet'][href$='/resolve/']").click()""")
    page.wait_for_selector("dialog#sheet[open] form")
    camera.take("over-dialog")
    page.keyboard.press("Escape")
    page.emulate_media(media="print")
    camera.take("over-print")
    page.emulate_media(media="screen")
    camera.goto("/now/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("dialog[open] [role=option]")
    camera.take("over-palette")
    camera.goto("/now/")
    page.keyboard.press("?")
    page.wait_for_selector("dialog#keys[open] [data-k]")
    camera.take("over-keys")


def one_waits(camera: Camera, card: dict[str, Any]) -> None:
    """Now as the person sees it for whom a page waits."""
    for person in card["users"]:
        if person["role"] in ("responder", "team_manager"):
            camera.become(person)
            if camera.page.query_selector("form[action*='/now/pages/']"):
                camera.goto("/now/?scope=all")
                camera.take("waiting-now")
                return
    raise RuntimeError("nobody of the demo has a page waiting")


def first_day(camera: Camera) -> None:
    """The set-up page, and pages of a portal that knows nothing yet."""
    page = camera.page
    page.goto(setup_link(camera.portal))
    camera.take("empty-setup")
    page.fill("input[name=name]", "Ana Lima")
    page.fill("input[name=email]", "ana@example.org")
    for field in page.query_selector_all("input[type=password]"):
        field.fill("a-long-password-of-ana")
    page.click("main button[type=submit]")
    page.wait_for_url("**/profile/security/enrol/**")
    camera.take("empty-second-factor")
    add_app(page)
    camera.take("empty-recovery-codes")
    go_on(page)
    page.wait_for_url("**/first-steps/")
    for pattern in open_places(public=False):
        if "{" not in pattern and pattern.count("/") == 2:
            camera.goto(pattern)
            camera.take(f"empty-{named(pattern)}")


def setup_link(portal: Portal) -> str:
    """The one-time link that the console shows."""
    found = re.findall(r"http://\S+/setup/[\w-]+/", portal.log.read_text())
    if not found:
        raise RuntimeError(f"the console shows no link: {portal.tail()}")
    link: str = found[-1]
    return link


def looks() -> Iterator[tuple[int, int, str]]:
    """Both sizes in both themes."""
    return ((width, height, theme) for width, height in SIZES for theme in THEMES)


def all_pictures(browser: Browser) -> list[str]:
    """Take them all; returns what scrolls sideways or wrote to the console."""
    FOLDER.mkdir(exist_ok=True)
    wrong: list[str] = []
    with demo() as (portal, card):
        rows = ids(portal, card, user(card, "administrator"))
        for look in looks():
            camera = Camera(browser, portal, look, wrong)
            every_place(camera, rows, public=True)
            sign_in(camera.page, portal, user(card, "administrator"))
            every_place(camera, rows, public=False)
            what_lies_over(camera, rows)
            one_waits(camera, card)
            camera.context.close()
    for look in looks():
        with empty() as portal:
            camera = Camera(browser, portal, look, wrong)
            first_day(camera)
            camera.context.close()
    return wrong


def committed_pictures(browser: Browser) -> list[str]:
    """The four of README and docs."""
    with demo() as (portal, card):
        rows = ids(portal, card, user(card, "administrator"))
        desk = Camera(browser, portal, (1440, 900, "light"), [])
        phone = Camera(browser, portal, (360, 780, "light"), [], device_scale_factor=2)
        answers = next(each for each in card["users"] if each["email"].startswith("jonas@"))
        shots: dict[str, tuple[Camera, Callable[[], None]]] = {
            "now": (desk, lambda: one_waits(desk, card)),
            "incident": (desk, lambda: desk.goto(f"/incidents/{rows['incident']}/", answers)),
            "services": (desk, lambda: desk.goto(f"/services/{rows['service']}/")),
            "incident-phone": (phone, lambda: phone.goto(f"/answer/{rows['answer']}/")),
        }
        FOLDER.mkdir(exist_ok=True)
        for name, (camera, arrange) in shots.items():
            arrange()
            camera.page.screenshot(path=COMMITTED / f"{name}.png")
            reduced(COMMITTED / f"{name}.png")
    return [f"{name}.png is too big" for name in shots if (COMMITTED / f"{name}.png").stat().st_size > LARGEST]


def reduced(path: Path) -> None:
    """With as many colours as fit into the largest size."""
    whole = Image.open(path).convert("RGB")
    for colours in (256, 128, 64):
        whole.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            return


def main() -> int:
    """Take them; says which page scrolls sideways or writes to the console."""
    take = committed_pictures if "--committed" in sys.argv else all_pictures
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        wrong = take(browser)
        browser.close()
    print("\n".join(wrong) or "The pictures are taken; nothing scrolls sideways, no console errors.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
