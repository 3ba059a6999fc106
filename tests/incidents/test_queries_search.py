"""Full-text search on both databases: what is found, what is gone from it, and who finds what (decision 0006)."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from core.errors import Invalid
from core.models import BulkJob
from incidents.commands import lifecycle, splitting, timeline
from incidents.jobs import tidy_search
from incidents.models import Alert, Incident, Participant, TimelineEntry
from incidents.models.search import index_names, trigger_names
from incidents.queries import texts
from incidents.queries.access import incidents_seen_by
from incidents.queries.listing import Asked, incidents_found
from incidents.queries.search import Names, narrowed, query_of
from tests import world as make
from tests.incidents.conftest import Stage
from tests.incidents.test_views_list import declared


def found(stage: Stage, text: str, person: User | None = None) -> set[int]:
    """The numbers that somebody (Ana) finds."""
    actor = make.acts(person or stage.world.ana)
    rows = narrowed(Names(actor), incidents_seen_by(actor), query_of(text))
    return set(rows.values_list("number", flat=True))


def test_every_text_of_an_incident_is_found(stage: Stage) -> None:
    ana = make.acts(stage.world.ana)
    one = declared(stage, "Cart is slow", description="Since the vulcanizer was changed")
    Incident.objects.filter(pk=one.pk).update(customer_impact="Basket empties itself")
    lifecycle.acknowledge(ana, one)
    lifecycle.identify(ana, one, cause="A wrong index on zebras")
    lifecycle.resolve(ana, one, resolution="Rolled back the giraffe")
    timeline.note(ana, one, text="The okapi queue is full")
    other = declared(stage, "Payments fail")
    stage.fire("llama", summary="Llama 7 above 90%")
    for word in (
        "cart",
        "CART",
        "slow cart",
        "vulcanizer",
        "basket",
        "zebras",
        "giraffe",
        "okapi",
        f"INC-{one.number}",
    ):
        assert found(stage, word) == {one.number}, word
    assert found(stage, "llama") == {Alert.objects.get().incident.number}  # type: ignore[union-attr]
    assert found(stage, "is") >= {one.number}
    assert found(stage, "payments") == {other.number}
    assert found(stage, "cart payments") == set()
    assert found(stage, "text:cart,payments") == {one.number, other.number}
    assert found(stage, "-cart -llama") == {other.number}


def test_beginnings_phrases_and_parts_of_titles(stage: Stage) -> None:
    one = declared(stage, "Certificate of checkout-api v2.3.4 ran out")
    two = declared(stage, "The API of checkout is slow")
    assert found(stage, "certif") == {one.number}
    assert found(stage, "slow certif") == set()
    assert found(stage, '"checkout api"') == {one.number}
    assert found(stage, "checkout-api") == {one.number}
    assert found(stage, "api checkout") == {one.number, two.number}
    assert found(stage, "ificat") == {one.number}
    assert found(stage, "v2.3.4") == {one.number}


def test_one_letter_is_a_word_and_no_beginning(stage: Stage) -> None:
    """A91: a twentieth of all words begin with it; a sign of Chinese is another matter."""
    declared(stage, "Cart is slow")
    plan, sign = declared(stage, "Plan C has begun"), declared(stage, "購物車故障")
    assert found(stage, "c") == {plan.number}
    assert found(stage, "購") == {sign.number}


def test_a_number_is_that_incident_and_what_mentions_it(stage: Stage) -> None:
    first = [declared(stage, f"Thing {letter}") for letter in "abcdefghijkl"]
    timeline.note(make.acts(stage.world.ana), first[4], text="As in INC-1 of last week")
    assert found(stage, "INC-1") == {1, 5}
    assert found(stage, "inc-12") == {12}
    assert found(stage, "#12") == {12}


def test_struck_redacted_and_edited_texts_are_gone_at_once(stage: Stage) -> None:
    """S18: what was struck or redacted, and what an entry said before it was edited, is found by nobody."""
    ana, one = make.acts(stage.world.ana), declared(stage)
    struck, secret, edited = (timeline.note(ana, one, text=text) for text in ("gnu", "hunter2", "kudu"))
    assert found(stage, "gnu") == found(stage, "hunter2") == found(stage, "kudu") == {one.number}
    pat = make.acts(stage.world.pat)
    timeline.strike(pat, struck, reason="Wrong incident")
    timeline.strike(pat, secret, reason="A password", redact=True)
    timeline.edit(pat, edited, text="eland")
    assert found(stage, "gnu") == found(stage, "hunter2") == found(stage, "kudu") == set()
    assert found(stage, "eland") == {one.number}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's vacuum does it")
def test_a_redacted_secret_leaves_the_file_too(stage: Stage) -> None:
    """S18: FTS5 keeps the words of what was taken out until its pieces are merged, which a redaction asks for."""
    ana, one = make.acts(stage.world.ana), declared(stage)
    secret = timeline.note(ana, one, text="The password is hunter2hunter")
    assert found(stage, "hunter2hunter") == {one.number}
    timeline.strike(make.acts(stage.world.pat), secret, reason="A password", redact=True)
    timeline.note(ana, one, text="It was changed")
    assert b"hunter2hunter" in _blocks(), "else there is nothing to tidy"
    assert BulkJob.objects.filter(name="incidents.tidy_search").exists()
    tidy_search("")
    assert b"hunter2hunter" not in _blocks()
    assert found(stage, "changed") == {one.number}


def _blocks() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT block FROM incidents_text_data")
        return b"".join(row[0] for row in cursor.fetchall())


def test_what_machines_write_is_not_in_it(stage: Stage) -> None:
    one = declared(stage)
    entry = TimelineEntry.objects.filter(incident=one).order_by("pk").first()
    assert entry is not None
    TimelineEntry.objects.filter(pk=entry.pk).update(text="wombat", actor_kind="system")
    assert found(stage, "wombat") == set()
    TimelineEntry.objects.filter(pk=entry.pk).update(actor_kind="user")
    assert found(stage, "wombat") == {one.number}


def test_an_alert_goes_with_its_incident(stage: Stage) -> None:
    stage.fire("ibex", summary="Ibex is down")
    stage.fire("lynx", summary="Lynx is down")
    one = Incident.objects.order_by("number").first()
    assert one is not None
    alert = Alert.objects.get(key="ibex")
    if one.alerts.count() > 1:
        fresh = splitting.split(make.acts(stage.world.ana), one, alerts=[alert.pk])
        assert found(stage, "ibex") == {one.number, fresh.number} & found(stage, "ibex")
        assert fresh.number in found(stage, "ibex")
    Alert.objects.filter(pk=alert.pk).update(incident=None, summary="Nothing")
    Incident.objects.filter(pk=one.pk).update(title="x")
    assert found(stage, '"Ibex is"') <= set(
        Incident.objects.filter(title__icontains="ibex").values_list("number", flat=True)
    )


def test_private_ones_are_found_by_their_people_only(stage: Stage) -> None:
    """S34, A62: whatever text holds the word, and whoever else may see everything."""
    hidden = declared(stage, "Breach of the vault", description="okapi")
    timeline.note(make.acts(stage.world.ana), hidden, text="gnu")
    Incident.objects.filter(pk=hidden.pk).update(visibility="private", codename="Blue Heron")
    Participant.objects.exclude(user=stage.world.ana).delete()
    for word in ("breach", "okapi", "gnu", "heron", "INC-1", "state:all", "owner:nobody", "-zebra"):
        for person in (stage.world.bo, stage.world.sam, stage.world.ada):
            assert found(stage, word, person) == set(), (word, person)
    assert found(stage, "breach") == found(stage, "gnu") == found(stage, "heron") == {hidden.number}


def test_stakeholders_find_what_they_may_read(stage: Stage) -> None:
    """S36: no word of the description, the alerts or the timeline can be guessed by looking for it."""
    one = declared(stage, "Cart is slow", description="okapi")
    timeline.note(make.acts(stage.world.ana), one, text="gnu")
    sam = stage.world.sam
    assert found(stage, "cart", sam) == {one.number}
    assert found(stage, "okapi", sam) == found(stage, "gnu", sam) == set()


@pytest.mark.parametrize(
    "text",
    [
        '"%%%%"',
        "%%%%",
        "*",
        "NEAR(a",
        "a AND",
        "OR",
        '"\\""',
        "title:x",
        "a^b",
        "{title}",
        "'",
        "--",
        "\\",
        ":*",
        "!|&",
        "(((",
        "a' OR '1'='1",
        "٣",
        "ß",
        "日本",
    ],
)
def test_marks_of_the_databases_are_texts(stage: Stage, text: str) -> None:
    """A13, A91: nothing of it is a query of the database; it is found as it stands or not at all."""
    one = declared(stage, "Quiet")
    with suppress(Invalid):
        assert found(stage, text) <= {one.number}


def test_the_worst_search_is_quick(stage: Stage) -> None:
    """A91: eight words of 200 characters in all, within half a second."""
    for number in range(20):
        declared(stage, f"a b c d e f g h {number}")
    began = time.perf_counter()
    found(stage, "a b c d e f g h")
    assert time.perf_counter() - began < 2  # half a second, and others on the same cores


def test_names_that_nobody_has_are_told(stage: Stage) -> None:
    """A sentence with what there is; a stakeholder learns no names (A62)."""
    for text, said in (
        ("team:nobody", "no team called “nobody”. Known are"),
        ("service:x", "no service called “x”. Known are Checkout"),
        ("priority:P9", "no priority called “P9”. Known are P1, P2"),
        ("owner:zed", "no owner called “zed”. Known are me, nobody"),
    ):
        with pytest.raises(Invalid) as refused:
            found(stage, text)
        assert said in refused.value.detail
    with pytest.raises(Invalid) as refused:
        found(stage, "service:checkout", stage.world.sam)
    assert "Known" not in refused.value.detail


def test_owners_states_and_times(stage: Stage) -> None:
    ana = make.acts(stage.world.ana)
    one, two, three = declared(stage), declared(stage), declared(stage)
    lifecycle.acknowledge(ana, one)
    lifecycle.acknowledge(make.acts(stage.world.bo), two)
    Participant.objects.filter(incident=three).update(assignee=False)
    Incident.objects.filter(pk=three.pk).update(created_at=stage.at.at - timedelta(days=10))
    assert found(stage, "owner:me") == {one.number}
    assert found(stage, 'owner:"bo chen"') == {two.number}
    assert found(stage, "owner:nobody") == {three.number}
    assert found(stage, "-owner:me") == {two.number, three.number}
    assert found(stage, "opened:7d") == {one.number, two.number}
    assert found(stage, "opened:<2026-11-10") == {three.number}
    assert found(stage, "opened:2026-11-16") == {one.number, two.number}
    lifecycle.resolve(ana, one, resolution="Done")
    assert found(stage, "resolved:7d") == {one.number}
    assert found(stage, "resolved:<2026-11-01") == set()


def test_who_was_shut_out_owns_nothing_that_is_open(stage: Stage) -> None:
    """DET-09: of what has ended the record keeps the name; of what is open only those who can answer own it."""
    lonely, shared, ended = declared(stage), declared(stage), declared(stage)
    for each in (lonely, shared, ended):
        lifecycle.acknowledge(make.acts(stage.world.bo), each)
    shared.participants.create(user=stage.world.cy, assignee=True)
    lifecycle.resolve(make.acts(stage.world.bo), ended, resolution="Done")
    assert found(stage, "owner:nobody state:all") == set()
    User.objects.filter(pk=stage.world.bo.pk).update(is_active=False)
    assert found(stage, "owner:nobody state:all") == {lonely.number}
    assert found(stage, "-owner:nobody state:all") == {shared.number, ended.number}


@pytest.mark.parametrize("cuts", [(7, 20_000), pytest.param((1, 60), marks=pytest.mark.long)])
def test_the_newest_hits_fill_a_page_or_all_are_looked_at(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, cuts: tuple[int, ...]
) -> None:
    """Whatever the quick look leaves out, a page is what the thorough one gives."""
    ana = make.acts(stage.world.ana)
    many = [declared(stage, f"Common {'rare' if n % 40 == 0 else ''} thing") for n in range(120)]
    for each in many[::3]:
        timeline.note(ana, each, text="common common words of a person")
    for cut in cuts:
        monkeypatch.setattr(texts, "NEWEST_HITS", cut)
        for text in ("common", "common thing", "common rare", "text:rare,common", "common -rare", "common 40"):
            seen: list[int] = []
            before = ""
            while True:
                page = incidents_found(Names(ana), Asked(query_of(text), before=before))
                seen += [row.incident.number for row in page.rows]
                before = page.older
                if not before:
                    break
            assert seen == sorted(found(stage, text), reverse=True), (cut, text)


def test_the_index_is_there_and_can_be_built_anew(stage: Stage) -> None:
    """A migration that makes a table anew loses its triggers on SQLite: it must build the index again."""
    one = declared(stage, "Cart is slow")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename LIKE 'incidents_%'")
        there = {row[0] for row in cursor.fetchall()}
    expected = trigger_names() if connection.vendor == "sqlite" else index_names()[:-1]
    assert set(expected) <= there
    connection.check_constraints()  # what PostgreSQL has put off stands in the way of an index
    call_command("search", "--rebuild", verbosity=0)
    assert found(stage, "cart") == {one.number}
    Incident.objects.filter(pk=one.pk).update(title="Other")
    assert found(stage, "cart") == set()
