"""What stands around the list: views, filters and orders, each a link to the same list with another query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest

from accounts.actors import Actor
from core import figures
from core.errors import Invalid
from incidents.engine.search_words import STATES, Query, Word, parse, replaced, toggled, values_of, write
from incidents.models import SavedView
from incidents.queries.listing import KEPT, OPEN_ONLY, ORDERS, Asked, asks_open, tallies
from incidents.queries.search import Names, query_of
from incidents.queries.views import BUILT_IN, views_seen_by

LIST = "/incidents/"
CRUMB = ("Incidents", LIST)
USUAL = "state:open"
SPANS = (("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), ("90d", "90 days"))
SORTS = (
    ("newest", "Newest first"),
    ("oldest", "Oldest first"),
    ("longest", "Longest open first"),
    ("priority", "Priority"),
)
OLD = ("status", "priority", "major", "service", "team", "text")


@dataclass(frozen=True, slots=True)
class Link:
    """A chip or a line of a menu; `count` is a figure beside it, "" for none."""

    label: str
    path: str
    here: bool
    count: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """A filter: what it is set to, and where each of its values leads."""

    label: str
    value: str
    links: list[Link]


def text_of(request: HttpRequest, names: Names) -> str:
    """The query of an address: `q`, else the parameters of former addresses, else the open incidents.

    Raises Invalid (field `q`) for a former parameter that names nothing.
    """
    if "q" in request.GET:
        return request.GET["q"].strip()
    given = {name: request.GET[name] for name in OLD if request.GET.get(name)}
    return write(_translated(given, names)) if given else USUAL


def asked_of(request: HttpRequest, text: str) -> Asked:
    """What an address asks for; raises Invalid with the sentence for the field."""
    place = {name: request.GET.get(name, "") for name in ("before", "after")}
    return Asked(query_of(text), request.GET.get("sort") or "newest", **place)


def _translated(given: Mapping[str, str], names: Names) -> Iterable[Word]:
    yield from parse(f"state:{given.get('status', 'open')}")
    if "major" in given:
        yield from parse(f"major:{ {'true': 'yes', 'false': 'no'}.get(given['major'], given['major']) }")
    named = {"service": {str(row.pk): row.name for row in names.services}} if "service" in given else {}
    named |= {"team": {str(pk): name for pk, name in names.teams.items()}} if "team" in given else {}
    for key, known in named.items():
        if given[key] not in known:
            sentence = f"There is no {key} with this number."
            raise Invalid(sentence, fields={"q": [sentence]})
        yield Word(key, (known[given[key]],))
    if "priority" in given:
        yield Word("priority", (given["priority"],))
    if "text" in given:
        yield Word("text", (given["text"],))


def address(query: Query | str, sort: str = "newest", **more: str) -> str:
    """The list's address for a query."""
    text = query if isinstance(query, str) else write(query)
    values = {"q": text, **({"sort": sort} if sort != "newest" else {}), **more}
    return f"?{urlencode(values)}"


def list_of(request: HttpRequest) -> str:
    """The list to which somebody goes back: with the query that came along."""
    query = (request.POST.get("q") or request.GET.get("q") or "")[:200]
    return f"{LIST}{address(query)}" if query else LIST


def views_of(actor: Actor, text: str) -> tuple[list[Link], SavedView | None]:
    """The chips above the search, and the saved view whose query is the present one."""
    counts = tallies(actor)
    found = [Link(v.name, address(v.query), v.query == text, _figure(counts.get(v.count))) for v in BUILT_IN]
    present = None
    for view in views_seen_by(actor):
        shared = f"Shared with {view.team.name}" if view.team else ""
        found.append(Link(view.name, address(view.query), view.query == text, title=shared))
        present = view if view.query == text else present
    return found, present


def _figure(count: int | None) -> str:
    if count is None:
        return ""
    return "10,000+" if count > 10_000 else f"{count:,}"


def menus_of(names: Names, query: Query, sort: str) -> list[Menu]:
    """The filters beside the search; each line adds its value to the query or takes it away."""
    states = tuple(word for word in query if word != Word("state", ("all",)))
    user = names.actor.user
    ranks, teams, services = figures.kept("list.menus", user.pk if user else 0, KEPT, lambda: _known(names))
    found = [
        _menu("Priority", "priority", query, ranks, sort),
        _menu("State", "state", states, [state for state in STATES if state != "all"], sort),
        _menu("Team", "team", query, teams, sort),
        _menu("Service", "service", query, services, sort),
    ]
    present = (values_of(query, "opened") or [""])[0]
    spans = [Link(label, _led(replaced(query, "opened", span), sort), span == present) for span, label in SPANS]
    opened = Menu(
        "Opened", dict(SPANS).get(present, present or "any"), [_any("Any time", "opened", query, sort), *spans]
    )
    return [*(menu for menu in found if len(menu.links) > 1), opened]


def _known(names: Names) -> tuple[list[str], list[str], list[str]]:
    """What the menus offer: a few seconds old at most; a query itself is always read against what is there."""
    services = [row.name for row in names.services if row.archived_at is None]
    return [row.name for row in names.priorities], list(names.teams.values()), services


def _menu(label: str, key: str, query: Query, values: Iterable[str], sort: str) -> Menu:
    on = [value.casefold() for value in values_of(query, key)]
    known = list(values)
    names = {value.casefold(): value.capitalize() if key == "state" else value for value in known}
    links = [
        Link(names[value.casefold()], _led(toggled(query, key, value), sort), value.casefold() in on) for value in known
    ]
    first = names.get(on[0], on[0]) if on else "any"
    shown = first if len(on) < 2 else f"{first} + {len(on) - 1}"
    return Menu(label, shown, [_any("Any", key, query, sort), *links])


def _any(label: str, key: str, query: Query, sort: str) -> Link:
    """Takes a filter away, with what it excludes."""
    return Link(label, _led(replaced(query, key, ""), sort), all(word.key != key for word in query))


def _led(query: Query, sort: str) -> str:
    """The list in the same order, or the newest first where that order is of open incidents alone."""
    return address(query, sort if sort not in OPEN_ONLY or asks_open(query) else "newest")


def sorts_of(query: Query, sort: str) -> list[Link]:
    """The orders that fit the query."""
    usable = [pair for pair in SORTS if asks_open(query) or pair[0] not in OPEN_ONLY]
    return [Link(label, address(query, name), name == sort) for name, label in usable if name in ORDERS]
