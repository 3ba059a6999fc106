"""What the addresses of the tour are filled with: rows of a running demo, found and made through its API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tools.chaos.portal import Portal, fetch

Ids = Mapping[str, Any]


class Api:
    """The demo's API with one person's token."""

    def __init__(self, portal: Portal, token: str) -> None:
        self._root = f"{portal.url}/api/v1/"
        self._token = token

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The first rows of a list. Raises RuntimeError when the portal refuses."""
        found: list[dict[str, Any]] = self._ask(path, None)["results"]
        return found

    def make(self, path: str, **fields: Any) -> int:
        """The id of a new row. Raises RuntimeError when the portal refuses."""
        return int(self._ask(path, json.dumps(fields).encode())["id"])

    def _ask(self, path: str, body: bytes | None) -> dict[str, Any]:
        signed = f"Bearer {self._token}"
        status, answer = fetch(f"{self._root}{path}", body, Authorization=signed, Content_Type="application/json")
        if status not in (200, 201):
            raise RuntimeError(f"{path} answered {status}: {answer[:300]!r}")
        said: dict[str, Any] = json.loads(answer)
        return said


def ids(portal: Portal, card: Mapping[str, Any], person: Mapping[str, str]) -> Ids:
    """Rows that this person sees; what the demo lacks (a view, a rule, a heartbeat) is made."""
    api = Api(portal, person["token"])
    main = int(card["pages"]["incident"].split("/")[2])
    service = next(row["id"] for row in api.rows("services/") if row["name"] == "checkout-api")
    team = next(row["id"] for row in api.rows("teams/") if row["name"] == "Payments")
    rules = api.rows("notification-rules/")  # only a signed-in person makes one, not a token
    sign_in(portal, person)  # so that there is a session to end beside the browser's
    sessions = api.rows("me/sessions/")
    rule = {"service": service, "name": "Disks", "field": "summary", "value": "disk", "urgency": "low"}
    return {
        "incident": main,
        "waiting": api.rows("incidents/?status=triggered")[0]["number"],
        "resolved": api.rows("incidents/?status=resolved")[0]["number"],
        "entry": [row for row in api.rows(f"incidents/{main}/timeline/") if row["kind"] == "note"][-1]["id"],
        "view": api.make("incident-views/", name="Payments, open", query="state:open team:Payments"),
        "service": service,
        "key": api.rows(f"services/{service}/keys/")[0]["id"],
        "heartbeat": api.make(f"services/{service}/heartbeats/", name="Nightly settlement"),
        "rule": api.make("event-rules/", **rule),
        "webhook": (hook := api.rows("webhooks/")[0]["id"]),
        "event": api.rows(f"webhooks/{hook}/deliveries/")[0]["id"],
        "policy": api.rows("policies/")[0]["id"],
        "schedule": api.rows("schedules/")[0]["id"],
        "team": team,
        "member": api.rows(f"teams/{team}/members/")[0]["user"],
        "invitation": invitation(api),
        "person": api.rows("users/")[0]["id"],
        "inbound": api.rows(f"services/{service}/inbound/")[0]["id"],
        "delivery": api.rows("deliveries/")[0]["id"],
        "method": api.rows("contact-methods/")[0]["id"],
        "own_rule": rules[0]["id"] if rules else 0,
        "session": sessions[0]["id"],
        "token": api.rows("tokens/")[0]["id"],
        "answer": answer_token(portal),
    }


def sign_in(portal: Portal, person: Mapping[str, str]) -> None:
    """Sign somebody in from a program, by the form. Raises RuntimeError when the portal refuses."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    address = f"{portal.url}/accounts/login/"
    form = browser.open(address, timeout=30).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    given = {"login": person["email"], "password": person["password"], "csrfmiddlewaretoken": token and token[1]}
    found = browser.open(Request(address, urlencode(given).encode(), {"Referer": address}), timeout=30)
    if not found.url.endswith("/now/"):
        raise RuntimeError(f"the sign-in of {person['email']} led to {found.url}")


def invitation(api: Api) -> int:
    """Somebody who is invited."""
    rows = api.rows("invitations/")
    return int(rows[0]["id"]) if rows else api.make("invitations/", name="Noa Later", email="noa.later@example.org")


def answer_token(portal: Portal) -> str:
    """The token of an open page's answer link, read from the mail that the demo has written to its folder."""
    newest = sorted((portal.folder / "data" / "mail").glob("*"), key=lambda path: path.stat().st_mtime)
    for path in reversed(newest):
        text = path.read_text(errors="replace").replace("=\n", "")
        if "/answer/" in text:
            return text.split("/answer/", 1)[1].split()[0].split('"')[0].rstrip("/>")
    raise RuntimeError("no mail of the demo holds an answer link")
