"""The examples of the API's page, run with curl as they stand there, against a running portal."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.scene import Scene

pytestmark = [pytest.mark.system]
PAGE = Path(__file__).resolve().parents[2] / "docs/reference/api.md"
BLOCK = re.compile(r"^## (.*?)$|^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a reader would look for in the output of each part.
SHOWN = {
    "Sign in": ['"name":"Ada Admin"', '"role":"administrator"'],
    "Declare and handle an incident": ['"status":"acknowledged"', '"text":"Restarted the cache"'],
    "Change something that others change too": ["answered 409", '"code":"stale"', '"customer_impact":"Nobody can pay"'],
    "Read lists": ['"title":"Cart is slow"', '"name":"Blue"', '"name":"Red"'],
    "One verb for several": ['"status":"resolved"'],
    "Send a test event": ['"outcome":'],
    "Refusals": ["answered 400", '"fields":{', '"urgent":["Is not a known field."]'],
}


def parts() -> dict[str, str]:
    """Heading -> the commands below it."""
    found: dict[str, str] = {}
    heading = ""
    for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if match[1]:
            heading = match[1]
        else:
            found[heading] = found.get(heading, "") + match[2]
    return found


def test_every_example_of_the_page_works(make: Callable[..., Scene], tmp_path: Path) -> None:
    """In the order of the page, in one shell that ends at the first failure."""
    scene = make()
    scene.portal.start()
    given = {**os.environ, "WATCHBILL_URL": scene.portal.url, "WATCHBILL_TOKEN": scene.token}
    script = "set -euo pipefail\n" + "".join(
        f"echo '== {heading}'\n{commands}\necho\n" for heading, commands in parts().items()
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    said = dict(part.split("\n", 1) for part in done.stdout.removeprefix("== ").split("\n== "))
    assert list(said) == list(SHOWN), "each part of the page is run"
    for heading, texts in SHOWN.items():
        for text in texts:
            assert text in said[heading], (heading, text, said[heading])
