"""The page of the list: words, chips, orders, places, saved views."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import Membership
from core.errors import Forbidden
from incidents.commands import lifecycle, views
from incidents.models import Incident, SavedView
from tests import world as make
from tests.incidents.conftest import Stage
from tests.incidents.test_views_list import declared, many, numbers
from tests.pages import EVIL, assert_inert, count, recorded, text_of

Browser = Callable[..., Client]


def asked(client: Client, q: str, **more: str) -> list[int]:
    """The numbers on the page of a query."""
    answer = client.get("/incidents/", {"q": q, **more})
    assert answer.status_code == 200, text_of(answer)[:400]
    return [int(n) for n in re.findall(r'class="t-title" href="/incidents/(\d+)/"', text_of(answer))]


def links(answer: Any) -> dict[str, str]:
    """What each chip and line of a menu asks for: label -> query."""
    found = re.findall(
        r'<a class="(?:chip|btn btn-sm btn-quiet)" href="(\?q=[^"]*)"[^>]*>(.*?)</a>', text_of(answer), re.S
    )
    plain = [(re.sub(r"<[^>]+>", "", label).split("  ")[0].strip(), html.unescape(path)) for path, label in found]
    return {label: parse_qs(urlsplit(path).query, keep_blank_values=True)["q"][0] for label, path in plain}


def test_the_box_holds_the_query_and_chips_write_the_same_words(stage: Stage, browser: Browser) -> None:
    """Without a script: a chip is a link with its value added or taken away."""
    declared(stage)
    ana = browser(stage.world.ana)
    page = ana.get("/incidents/")
    assert 'value="state:open"' in text_of(page)
    found = links(page)
    assert found["P2"] == "state:open priority:P2"
    assert found["Checkout"] == "state:open service:Checkout"
    assert found["Open"] == ""
    assert found["7 days"] == "state:open opened:7d"
    assert found["Waiting for an answer 1"] == "state:waiting"
    again = links(ana.get("/incidents/", {"q": "state:open priority:P2 opened:7d"}))
    assert again["P2"] == "state:open opened:7d"
    assert again["P1"] == "state:open priority:P2,P1 opened:7d"
    assert again["Any time"] == "state:open priority:P2"


def test_each_menu_takes_its_filter_away(stage: Stage, browser: Browser) -> None:
    """With several values and with what it excludes; an order of open incidents alone ends with `state:`."""
    declared(stage)
    ana = browser(stage.world.ana)
    for q in ("priority:P1,P2 state:open", "-priority:P5 state:open"):
        page = text_of(ana.get("/incidents/", {"q": q, "sort": "longest"}))
        menus = dict(re.findall(r'chip-filter">(\w+) .*?<a [^>]*href="([^"]*)"', page, re.S))
        found = {label: parse_qs(html.unescape(path)[1:], keep_blank_values=True) for label, path in menus.items()}
        assert found["Priority"] == {"q": ["state:open"], "sort": ["longest"]}
        assert found["State"] == {"q": [q.removesuffix(" state:open")]}
        for path in menus.values():
            assert ana.get(f"/incidents/{html.unescape(path)}").status_code == 200


def test_former_addresses_are_translated(stage: Stage, browser: Browser) -> None:
    one = declared(stage, "Payments fail", priority=make.priority(1))
    ana = browser(stage.world.ana)
    path = f"/incidents/?status=all&major=true&priority=1&service={stage.service.pk}&text=pay"
    answer = ana.get(path)
    assert 'value="state:all major:yes service:Checkout priority:1 pay"' in text_of(answer)
    assert numbers(ana, path.removeprefix("/incidents/")) == [one.number]


@pytest.mark.parametrize(
    ("q", "said"),
    [
        ("stat:open", "“stat:” is not known"),
        ("state:opne", "Use one of open"),
        ("team:nobody", "There is no team called “nobody”"),
        ('team:"pay', "is not closed"),
        ("%%%%" + "a" * 10_000, "200"),
    ],
)
def test_a_query_that_cannot_be_read_stays_in_the_box(stage: Stage, browser: Browser, q: str, said: str) -> None:
    """A91: 400 with the sentence beside the field and what was typed in it."""
    answer = browser(stage.world.ana).get("/incidents/", {"q": q})
    page = html.unescape(text_of(answer))
    assert answer.status_code == 400
    assert said in page
    assert 'aria-invalid="true"' in page
    assert q in page


@pytest.mark.parametrize("place", ["x", "-1", "1e3", "2.7", "99999999999", "1' OR '1'='1", "٣"])
def test_a_place_that_was_tampered_with_is_refused(stage: Stage, browser: Browser, place: str) -> None:
    """A66: a place is a number of the order it belongs to."""
    ana = browser(stage.world.ana)
    for name in ("before", "after"):
        assert ana.get("/incidents/", {"q": "state:open", name: place}).status_code == 400
    assert ana.get("/incidents/", {"before": "7", "after": "9"}).status_code == 400
    assert ana.get("/incidents/", {"q": "state:open", "sort": "priority", "before": "7"}).status_code == 400
    assert ana.get("/incidents/", {"sort": "password"}).status_code == 400


def test_orders_and_pages_both_ways(stage: Stage, browser: Browser) -> None:
    """Every page of every order is met once on the way down, and the same again on the way up."""
    many(stage, 120)
    for number in range(1, 121, 7):
        Incident.objects.filter(number=number).update(priority=make.priority(1))
    ana = browser(stage.world.ana)
    ranks = dict(Incident.objects.values_list("number", "priority__rank"))
    whole = sorted(ranks)
    wanted = {
        "newest": whole[::-1],
        "oldest": whole,
        "longest": whole,
        "priority": sorted(whole, key=lambda number: (ranks[number], -number)),
    }
    for sort, order in wanted.items():
        path, seen, pages = f"?q=state:open&sort={sort}", [], []
        while path:
            page = text_of(ana.get(f"/incidents/{path}"))
            pages.append([int(n) for n in re.findall(r'class="t-title" href="/incidents/(\d+)/"', page)])
            seen += pages[-1]
            back = re.search(r'href="([^"]+)" rel="prev"', page)
            if back:
                assert numbers(ana, html.unescape(back[1])) == pages[-2], sort
            more = re.search(r'href="([^"]+)" rel="next"', page)
            path = html.unescape(more[1]) if more else ""
        assert seen == order, sort
    assert ana.get("/incidents/?q=state:all&sort=priority").status_code == 400


def test_counts_are_told_and_end_at_ten_thousand(
    stage: Stage, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(stage, 60)
    ana = browser(stage.world.ana)
    page = text_of(ana.get("/incidents/"))
    assert "60 found" in page
    assert "1 to 50 of 60" in re.sub(r"\s+", " ", page)
    assert 'Open</bdi> <span class="n">60</span>' in page
    monkeypatch.setattr("incidents.queries.listing.MOST_COUNTED", 55)
    assert "1 to 50 of 56" in re.sub(r"\s+", " ", text_of(ana.get("/incidents/")))


def test_the_list_costs_the_same_for_3_and_120(stage: Stage, browser: Browser) -> None:
    """P7: eight queries at most, whatever it is narrowed by."""
    for _ in range(3):
        declared(stage, "Common thing")
    ana = browser(stage.world.ana)
    views.save_view(make.acts(stage.world.ana), name="Ours", query="state:open")
    paths = ("/incidents/?q=state:all", "/incidents/?q=team:payments+state:open", "/incidents/?q=common")
    few = [count(ana, path) for path in paths]
    many(stage, 120)
    assert [count(ana, path) for path in paths[:2]] == few[:2]
    assert max(count(ana, path) for path in paths) <= recorded(__file__)["list"] + 2
    assert max(few[:2]) <= 8


def test_hostile_titles_stand_in_the_list_as_text(stage: Stage, browser: Browser) -> None:
    """A1, A4: in the row, in the box, in the name of a view."""
    declared(stage, EVIL)
    ana = browser(stage.world.ana)
    assert_inert(ana.get("/incidents/"))
    SavedView.objects.create(name=EVIL[:40], query="state:open", user=stage.world.ana)
    page = text_of(ana.get("/incidents/", {"q": EVIL}))
    assert "<script>alert" not in page


# --- saved views ----------------------------------------------------------------------------------
def test_a_view_is_kept_changed_and_deleted(stage: Stage, browser: Browser) -> None:
    """TRI-04: the present search under a name, without a script."""
    declared(stage)
    ana = browser(stage.world.ana)
    assert 'value="priority:P2"' in text_of(ana.get("/incidents/views/new/", {"q": "priority:P2"}))
    answer = ana.post("/incidents/views/new/", {"name": "Severe", "query": "priority:P2"})
    assert (answer.status_code, answer["Location"]) == (303, "/incidents/?q=priority%3AP2")
    kept = SavedView.objects.get()
    page = text_of(ana.get(answer["Location"]))
    assert "Severe" in page
    assert f"/incidents/views/{kept.pk}/" in page
    form = {"name": "Worst", "query": "priority:P1", "team": stage.world.payments.pk, "version": kept.version}
    assert ana.post(f"/incidents/views/{kept.pk}/", form).status_code == 303
    assert "Worst" in text_of(browser(stage.world.bo).get("/incidents/"))
    assert "Worst" not in text_of(browser(stage.world.eve).get("/incidents/"))
    assert ana.post(f"/incidents/views/{kept.pk}/", form).status_code == 409
    assert ana.post(f"/incidents/views/{kept.pk}/delete/").status_code == 303
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "", "query": "x"}, "required"),
        ({"name": "Twice", "query": "x"}, "already"),
        ({"name": "New", "query": "stat:open"}, "is not known"),
        ({"name": "a\0b", "query": ""}, ""),
    ],
)
def test_a_wrong_view_comes_back(stage: Stage, browser: Browser, form: dict[str, str], said: str) -> None:
    views.save_view(make.acts(stage.world.ana), name="Twice", query="state:open")
    answer = browser(stage.world.ana).post("/incidents/views/new/", form)
    assert answer.status_code == 400
    assert said in html.unescape(text_of(answer))
    assert SavedView.objects.count() == 1


def test_views_of_others_are_theirs(stage: Stage, browser: Browser) -> None:
    """A57, A58: another's view is not there; a shared one is changed by its owner and the team's manager."""
    own = views.save_view(make.acts(stage.world.bo), name="Mine", query="")
    shared = views.save_view(make.acts(stage.world.bo), name="Ours", query="", team=stage.world.payments)
    for person, wanted in ((stage.world.eve, (404, 404)), (stage.world.cy, (404, 403)), (stage.world.ana, (404, 200))):
        client = browser(person)
        assert tuple(client.get(f"/incidents/views/{view.pk}/").status_code for view in (own, shared)) == wanted
    eve = browser(stage.world.eve)
    given = {"name": "Sneaky", "query": "", "team": stage.world.payments.pk}
    assert eve.post("/incidents/views/new/", given).status_code == 400
    assert not SavedView.objects.filter(name="Sneaky").exists()


def test_who_has_left_the_team_puts_nothing_before_it(stage: Stage) -> None:
    """A57: a shared view of a former member is taken back by its owner, and changed by the team's manager alone."""
    shared = views.save_view(make.acts(stage.world.bo), name="Ours", query="", team=stage.world.payments)
    Membership.objects.filter(user=stage.world.bo).delete()
    former = make.acts(type(stage.world.bo).objects.get(pk=stage.world.bo.pk))
    with pytest.raises(Forbidden):
        views.edit_view(former, shared, query="state:triggered", name="Call 0900 12345")
    assert views.edit_view(former, shared, team=None).team is None


def test_fifty_views_are_enough(stage: Stage, browser: Browser) -> None:
    rows = (SavedView(name=f"View {n}", query="", user=stage.world.ana) for n in range(50))
    SavedView.objects.bulk_create(rows)
    answer = browser(stage.world.ana).post("/incidents/views/new/", {"name": "One more", "query": ""})
    assert answer.status_code == 409
    assert "You have 50 views already" in text_of(answer)


def test_how_long_it_was_open(stage: Stage, browser: Browser) -> None:
    one = declared(stage)
    stage.at.move(minutes=41)
    lifecycle.resolve(make.acts(stage.world.ana), one, resolution="Done")
    stage.at.move(hours=3)
    assert "41 min" in text_of(browser(stage.world.ana).get("/incidents/?q=state:resolved"))
