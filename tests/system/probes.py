"""What strangers' tools are pointed at: the addresses of a running portal, and the names that they guess."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import yaml

from tests.browser.shop import Shop
from tests.flows.security_scene import routes

EXAMPLES = dict.fromkeys(("since", "created_after"), "2026-01-01T00:00:00Z")
EXAMPLES |= dict.fromkeys(("until", "created_before"), "2030-01-01T00:00:00Z")
EXAMPLES |= {"page_size": "5", "q": "checkout", "purpose_key": "1"}
EVERYWHERE = {"cursor", "ordering", "page_size"}  # one code for all lists: tried on two
# The lists of the pages, each with a value for everything that they read.
PAGES = (
    "/incidents/?q=state%3Aopen&sort=newest",
    "/incidents/{incident}/?show=all&kind=note",
    "/services/?q=checkout",
    "/deliveries/?state=sent&mine=1",
    "/inbound/?service={service}&outcome=accepted",
    "/find/?q=checkout",
    "/now/?scope=all",
    "/audit/?mine=1",
    "/people/invite/?team={team}",
    "/admin/accounts/user/?q=ada&is_active__exact=1&o=1",
    "/admin/oncall/service/?q=checkout&o=1",
    "/admin/search/?s=checkout",
)
# Names under which servers have told too much; each is tried below every folder of ours.
NAMES = Path(__file__).with_name("probe_names.txt").read_text().split()


@dataclass(frozen=True)
class Target:
    """A running demo, and what an administrator of it carries."""

    shop: Shop
    cookie: dict[str, str]
    token: str

    @property
    def url(self) -> str:
        """The address of the portal."""
        return self.shop.portal.url


def tool(name: str, package: str) -> str:
    """The path of a program; without it the probe has shown nothing, so the test fails."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not installed, so nothing was probed (Debian: apt-get install {package}).")
    return found


def run(*words: str, seconds: float, folder: Path) -> str:
    """Run a program to its end and return what it said; TimeoutExpired when it does not end."""
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=seconds, check=False, cwd=folder, env=_environment(folder)
    )
    return done.stdout + done.stderr


def _environment(folder: Path) -> dict[str, str]:
    """The tools keep what they find below HOME."""
    return {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder), "TERM": "dumb", "LANG": "C.UTF-8"}


def signed_in(shop: Shop) -> Target:
    """Sign the administrator in by the form."""
    person = shop.people["administrator"]
    with httpx.Client(base_url=shop.portal.url) as client:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/accounts/login/").text)
        assert found
        form = {"csrfmiddlewaretoken": found[1], "login": person["email"], "password": person["password"]}
        answer = client.post("/accounts/login/", data=form, headers={"Referer": f"{shop.portal.url}/accounts/login/"})
        assert answer.status_code == 302, answer.text[:500]
        return Target(shop, dict(client.cookies), person["token"])


# --- addresses ------------------------------------------------------------------------------------
def lists(target: Target) -> Iterator[str]:
    """Every list of the API with a value for each thing that it can be asked, read from its own description."""
    head = {"Authorization": f"Bearer {target.token}"}
    said: dict[str, Any] = yaml.safe_load(httpx.get(f"{target.url}/api/v1/schema/", headers=head, timeout=60).text)
    for path, methods in said["paths"].items():
        given = [each for each in methods.get("get", {}).get("parameters", ()) if each["in"] == "query"]
        asked = {each["name"]: _example(each["name"], each["schema"]) for each in given}
        if path not in ("/api/v1/incidents/", "/api/v1/deliveries/"):
            asked = {name: value for name, value in asked.items() if name not in EVERYWHERE}
        asked.pop("cursor", None)
        if asked:
            yield f"{path.format_map(_Ids(target.shop.ids, path))}?{urlencode(asked)}"
    first = httpx.get(f"{target.url}/api/v1/incidents/?page_size=2", headers=head, timeout=60).json()
    yield re.sub(r"^https?://[^/]+", "", first["next"])


class _Ids(dict[str, Any]):
    """The id that a path of the API means by `{id}` or `{number}`: that of the noun before it."""

    def __init__(self, ids: Mapping[str, Any], path: str) -> None:
        noun = path.partition("/{")[0].rpartition("/")[2].rstrip("s")
        super().__init__({"number": ids["incident"], "id": ids.get(noun, 1)})

    def __missing__(self, name: str) -> str:
        return "1"


def _example(name: str, schema: Mapping[str, Any]) -> str:
    kind = schema.get("items", schema)
    if kind.get("enum"):
        return str(kind["enum"][0])
    fixed = {"integer": "1", "boolean": "true"}.get(kind.get("type", ""))
    return fixed or EXAMPLES.get(name, "1")


def pages(target: Target) -> list[str]:
    """The lists that people see, with everything that they can be asked."""
    return [path.format(**target.shop.ids) for path in PAGES]


def guesses(target: Target) -> list[str]:
    """Each name below each folder of the inventory of routes, ids filled in; without the leading slash."""
    folders = {""}
    for route in routes():
        parts = route.removeprefix("^").split("/")
        plain = [part for part in parts[:3] if part and not re.search(r"[<(\\$]", part)]
        if plain and len(plain) <= 2:
            folders.add("/".join(plain) + "/")
    folders |= {f"incidents/{target.shop.ids['incident']}/", "static/", "static/js/", "admin/", "answer/x/"}
    return sorted(f"{folder}{name}" for folder in folders for name in NAMES)
