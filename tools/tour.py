"""Every page that a person can open, with real ids of a running demo: for pictures, and for the tests that visit all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.chaos.portal import Portal, fetch


@dataclass(frozen=True)
class Place:
    """A page: its route as the resolver writes it, and an address whose names in braces are filled in."""

    route: str
    path: str
    public: bool = False


PLACES = (
    Place("now/", "/now/"),
    Place("incidents/", "/incidents/"),
    Place("incidents/", "/incidents/?status=all&text=nothing+is+called+like+this"),
    Place("incidents/new/", "/incidents/new/"),
    Place("incidents/<int:number>/", "/incidents/{incident}/"),
    Place("incidents/<int:number>/", "/incidents/{resolved}/"),
    Place("incidents/<int:number>/notes/", "/incidents/{incident}/notes/"),
    Place("incidents/<int:number>/panels/<slug:panel>/", "/incidents/{incident}/panels/changes/"),
    Place("incidents/<int:number>/panels/<slug:panel>/", "/incidents/{incident}/panels/related/"),
    Place("incidents/<int:number>/panels/<slug:panel>/", "/incidents/{incident}/panels/graph/"),
    Place("incidents/<int:number>/milestones/", "/incidents/{incident}/milestones/"),
    Place("incidents/<int:number>/entries/<int:pk>/", "/incidents/{incident}/entries/{entry}/"),
    Place("incidents/<int:number>/entries/<int:pk>/edit/", "/incidents/{incident}/entries/{entry}/edit/"),
    Place("incidents/<int:number>/entries/<int:pk>/strike/", "/incidents/{incident}/entries/{entry}/strike/"),
    Place("services/", "/services/"),
    Place("services/new/", "/services/new/"),
    Place("services/<int:pk>/", "/services/{service}/"),
    Place("services/<int:pk>/edit/", "/services/{service}/edit/"),
    Place("services/<int:pk>/archive/", "/services/{service}/archive/"),
    Place("services/<int:pk>/intake/", "/services/{service}/intake/"),
    Place("services/<int:pk>/rules/", "/services/{service}/rules/"),
    Place("services/<int:pk>/rules/new/", "/services/{service}/rules/new/"),
    Place("services/<int:pk>/grouping/", "/services/{service}/grouping/"),
    Place("keys/<int:pk>/edit/", "/keys/{key}/edit/"),
    Place("keys/<int:pk>/rotate/", "/keys/{key}/rotate/"),
    Place("keys/<int:pk>/revoke/", "/keys/{key}/revoke/"),
    Place("policies/", "/policies/"),
    Place("policies/new/", "/policies/new/"),
    Place("policies/<int:pk>/", "/policies/{policy}/"),
    Place("policies/<int:pk>/edit/", "/policies/{policy}/edit/"),
    Place("policies/<int:pk>/delete/", "/policies/{policy}/delete/"),
    Place("schedules/", "/schedules/"),
    Place("schedules/new/", "/schedules/new/"),
    Place("schedules/<int:pk>/", "/schedules/{schedule}/"),
    Place("schedules/<int:pk>/edit/", "/schedules/{schedule}/edit/"),
    Place("schedules/<int:pk>/delete/", "/schedules/{schedule}/delete/"),
    Place("teams/", "/teams/"),
    Place("teams/new/", "/teams/new/"),
    Place("teams/<int:pk>/", "/teams/{team}/"),
    Place("teams/<int:pk>/edit/", "/teams/{team}/edit/"),
    Place("teams/<int:pk>/delete/", "/teams/{team}/delete/"),
    Place("rules/", "/rules/"),
    Place("rules/new/", "/rules/new/"),
    Place("inbound/", "/inbound/"),
    Place("inbound/<int:pk>/", "/inbound/{inbound}/"),
    Place("deliveries/", "/deliveries/"),
    Place("deliveries/<int:pk>/", "/deliveries/{delivery}/"),
    Place("people/<int:pk>/", "/people/1/"),
    Place("keys/", "/keys/"),
    Place("profile/", "/profile/"),
    Place("profile/contact-methods/", "/profile/contact-methods/"),
    Place("profile/contact-methods/add/<slug:provider>/", "/profile/contact-methods/add/webhook/"),
    Place("profile/contact-methods/<int:pk>/", "/profile/contact-methods/{method}/"),
    Place("profile/contact-methods/<int:pk>/remove/", "/profile/contact-methods/{method}/remove/"),
    Place("profile/rules/", "/profile/rules/"),
    Place("profile/tokens/", "/profile/tokens/"),
    Place("accounts/password/change/", "/accounts/password/change/"),
    Place("accounts/logout/", "/accounts/logout/"),
    Place("first-steps/", "/first-steps/"),
    Place("api/v1/docs/", "/api/v1/docs/"),
    Place("", "/nowhere/at/all/"),
    Place("accounts/login/", "/accounts/login/", public=True),
    Place("accounts/password/reset/", "/accounts/password/reset/", public=True),
    Place("accounts/password/reset/done/", "/accounts/password/reset/done/", public=True),
    Place("accounts/password/reset/key/done/", "/accounts/password/reset/key/done/", public=True),
    Place("answer/<str:token>/", "{answer}", public=True),
    Place("answer/<str:token>/", "/answer/no-such-page/", public=True),
    Place("setup/<str:token>/", "/setup/no-such-link/", public=True),
)

Ids = Mapping[str, Any]


def ids(portal: Portal, card: Mapping[str, Any], person: Mapping[str, str]) -> Ids:
    """What the addresses are filled with: rows of the demo, found through the API with this person's token."""

    def rows(path: str) -> list[dict[str, Any]]:
        status, body = fetch(f"{portal.url}/api/v1/{path}", Authorization=f"Bearer {person['token']}")
        if status != 200:
            raise RuntimeError(f"{path} answered {status}: {body[:200]!r}")
        found: list[dict[str, Any]] = json.loads(body)["results"]
        return found

    main = int(card["pages"]["incident"].split("/")[2])
    service = next(row["id"] for row in rows("services/") if row["name"] == "checkout-api")
    notes = [row for row in rows(f"incidents/{main}/timeline/") if row["kind"] == "note"]
    return {
        "incident": main,
        "resolved": rows("incidents/?status=resolved")[0]["number"],
        "entry": notes[-1]["id"],
        "service": service,
        "key": rows(f"services/{service}/keys/")[0]["id"],
        "policy": rows("policies/")[0]["id"],
        "schedule": rows("schedules/")[0]["id"],
        "team": next(row["id"] for row in rows("teams/") if row["name"] == "Payments"),
        "inbound": rows(f"services/{service}/inbound/")[0]["id"],
        "delivery": rows("deliveries/")[0]["id"],
        "method": rows("contact-methods/")[0]["id"],
    }


def answer_link(portal: Portal) -> str:
    """The path of an open page's answer link, read from the mail that the demo has written to its folder."""
    newest = sorted((portal.folder / "data" / "mail").glob("*"), key=lambda path: path.stat().st_mtime)
    for path in reversed(newest):
        text = path.read_text(errors="replace").replace("=\n", "")
        if "/answer/" in text:
            return "/answer/" + text.split("/answer/", 1)[1].split()[0].split('"')[0].rstrip("/>") + "/"
    raise RuntimeError("no mail of the demo holds an answer link")
