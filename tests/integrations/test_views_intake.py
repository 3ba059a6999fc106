"""A service's intake: keys shown once, heartbeats, test events."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts import actors
from core import clock, worker
from core.secrets import decrypt
from incidents.models import Incident
from integrations.commands import heartbeats, inbound, keys
from integrations.models import Heartbeat, IntegrationKey
from integrations.queries import keyring
from integrations.snippets import snippets
from tests import world as builders
from tests.pages import EVIL, after, assert_inert, count, recorded, text_of
from tests.world import World

Browser = Callable[..., Client]
pytestmark = pytest.mark.django_db
SYSTEM = actors.system()


def path(world: World, more: str = "") -> str:
    return f"/services/{world.checkout.pk}/{more}"


def raw_of(page: str) -> str:
    """The key that a page shows."""
    found = re.search(r"aria-label=\"The key\">([0-9a-f]{32})<", page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("alertmanager", "send_resolved: true"),
        ("grafana", "/integrations/grafana/"),
        ("generic", "/integrations/generic/"),
        ("events", "routing_key"),
        ("opsgenie", "GenieKey"),
        ("changes", "/v2/change/enqueue"),
    ],
)
def test_a_key_is_shown_once_with_what_to_paste(world: World, browser: Browser, kind: str, wanted: str) -> None:
    """A45, DET-11."""
    ana = browser(world.ana)
    sent = ana.post(path(world, "keys/"), {"kind": kind, "name": "prod"})
    made = ana.get(sent["Location"])
    page = text_of(made)
    raw = raw_of(page)
    assert "no-store" in made["Cache-Control"]
    assert wanted in page
    assert page.count(raw) >= 2, "in the snippets too"
    assert IntegrationKey.objects.get().digest == keyring.digest_of(raw)
    later = text_of(ana.get(path(world, "intake/")))
    assert raw not in later
    assert f"{raw[:4]}…" in later


def test_loading_the_new_key_again_makes_no_other_one(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """A45, A95, A98: shown once, in no address, sealed in between, and to nobody else."""
    ana, bo, pat = browser(world.ana), browser(world.bo), browser(world.pat)
    sent = ana.post(path(world, "keys/"), {"kind": "events", "name": "prod"})
    assert sent.status_code == 303
    shown = sent["Location"]
    assert bo.get(shown).status_code == 403, "a member is no manager"
    assert "shown once" in text_of(pat.get(shown)), "another manager's session does not hold it"
    kept = decrypt(ana.session["shown_once"])
    assert ana.head(shown).status_code == 200, "a look ahead takes nothing"
    raw = raw_of(text_of(ana.get(shown)))
    assert raw in kept
    assert raw not in shown + sent.content.decode()
    assert "shown_once" not in ana.session
    again = ana.get(shown)
    assert "shown once" in text_of(again)
    assert raw not in text_of(again)
    assert "no-store" in again["Cache-Control"]
    assert IntegrationKey.objects.count() == 1
    late = ana.post(path(world, "keys/"), {"kind": "events", "name": "late"})
    at.move(minutes=6)
    assert "shown once" in after(ana, late)


def test_two_keys_made_before_either_is_looked_at_are_both_shown(
    world: World, browser: Browser, at: clock.FrozenClock
) -> None:
    """A45, A98: Ana makes keys in several tabs; the newest five wait for her, five minutes each."""
    ana = browser(world.ana)
    made = [ana.post(path(world, "keys/"), {"kind": "events", "name": str(number)}) for number in range(6)]
    assert "shown once" in after(ana, made[0])
    assert len({raw_of(after(ana, each)) for each in made[1:5]}) == 4
    assert len(json.loads(decrypt(ana.session["shown_once"]))) == 1
    at.move(minutes=6)
    last = after(ana, ana.post(path(world, "keys/"), {"kind": "events", "name": "last"}))
    assert raw_of(last)
    assert "shown_once" not in ana.session, "what was never looked at went as well"


def test_a_key_that_nobody_looked_at_leaves_the_session_with_another_look(
    world: World, browser: Browser, at: clock.FrozenClock
) -> None:
    """A98: Ana never opens the page of her key; a look at her tokens six minutes later drops its text."""
    ana = browser(world.ana)
    ana.post(path(world, "keys/"), {"kind": "events", "name": "prod"})
    ana.get("/profile/tokens/")
    assert "shown_once" in ana.session
    at.move(minutes=6)
    ana.get("/profile/tokens/")
    assert "shown_once" not in ana.session


def test_the_end_of_one_sample_ends_no_alert_of_another() -> None:
    """DET-11: whoever tries several samples on one service meets one incident each."""
    texts = {
        kind: " ".join(each.text for each in snippets(kind, "0" * 32)) for kind in ("events", "generic", "opsgenie")
    }
    keys_of = [set(re.findall(r'"(?:dedup_key|key|alias)": "([^"]+)"', text)) for text in texts.values()]
    assert all(keys_of)
    assert len(set.union(*keys_of)) == 3


def test_rotating_keeps_the_old_key_for_its_grace_and_revoking_ends_one(
    world: World, browser: Browser, at: clock.FrozenClock
) -> None:
    """F54."""
    ana = browser(world.ana)
    old, raw = keys.issue(SYSTEM, world.checkout, kind="events", name="prod")
    made = after(ana, ana.post(f"/keys/{old.pk}/rotate/", {"grace": "24"}))
    assert raw_of(made) != raw
    old.refresh_from_db()
    assert old.opens_at(clock.now())
    assert "Being replaced" in text_of(ana.get(path(world, "intake/")))
    assert ana.post(f"/keys/{old.pk}/rotate/", {"grace": "24"}).status_code == 409
    assert ana.post(f"/keys/{old.pk}/rotate/", {"grace": "9999"}).status_code == 400
    question = text_of(ana.get(f"/keys/{old.pk}/revoke/"))
    assert "never been used" in question
    old.refresh_from_db()
    assert old.revoked_at is None
    assert ana.post(f"/keys/{old.pk}/revoke/").status_code == 303
    old.refresh_from_db()
    assert old.revoked_at is not None


def test_paths_of_plain_json_are_lines_of_text(world: World, browser: Browser) -> None:
    key, _ = keys.issue(SYSTEM, world.checkout, kind="generic")
    ana, page = browser(world.ana), f"/keys/{key.pk}/edit/"
    given = {"name": "n", "paths": "summary: alert.title\nresolve_values: ok, closed\n", "version": key.version}
    assert ana.post(page, given).status_code == 303
    key.refresh_from_db()
    assert key.paths == {"summary": "alert.title", "resolve_values": ["ok", "closed"]}
    assert "resolve_values: ok, closed" in text_of(ana.get(page))
    for wrong, said in (
        ("summary", "needs a name, a colon"),
        ("nonsense: a", "is not one of"),
        ("summary: a..b", "must be a path"),
    ):
        answer = ana.post(page, {"name": "n", "paths": wrong, "version": key.version})
        assert answer.status_code == 400
        assert said in text_of(answer)
        assert wrong in text_of(answer)


def test_heartbeats_are_made_paused_resumed_and_removed(world: World, browser: Browser) -> None:
    """DET-13."""
    ana = browser(world.ana)
    given = {"name": "Backup", "interval_seconds": "5 min", "grace_seconds": "60 s"}
    sent = ana.post(path(world, "heartbeats/"), given)
    made = after(ana, sent)
    assert "/heartbeats/" in made
    assert "curl" in made
    row = Heartbeat.objects.get()
    again = text_of(ana.get(sent["Location"]))
    assert "shown once" in again
    assert "curl" not in again
    one = path(world, f"heartbeats/{row.pk}/")
    for verb, state in (("pause", "paused"), ("resume", "new")):
        assert ana.post(f"{one}{verb}/").status_code == 303
        row.refresh_from_db()
        assert row.state == state
    assert ana.post(f"{one}resume/").status_code == 409
    assert ana.post(f"{one}explode/").status_code == 404
    short = ana.post(f"{one}edit/", {**given, "interval_seconds": "1 s", "version": row.version})
    assert short.status_code == 400
    assert ana.post(f"{one}edit/", {**given, "name": "Nightly", "version": row.version}).status_code == 303
    taken = ana.post(path(world, "heartbeats/"), {**given, "name": "Nightly"})
    assert taken.status_code == 409
    assert "has this name already" in text_of(taken)
    assert "Remove the heartbeat Nightly?" in text_of(ana.get(f"{one}delete/"))
    assert ana.post(f"{one}delete/").status_code == 303
    assert not Heartbeat.objects.exists()


def test_a_heartbeats_times_are_typed_with_their_units(world: World, browser: Browser) -> None:
    """Neither a bare number nor nonsense is taken for anything; what was typed stays, with the sentence beside it."""
    ana = browser(world.ana)
    new = text_of(ana.get(path(world, "intake/")))
    assert 'name="interval_seconds" value="5 min"' in new
    for typed, said in (
        ("300", "Write a number and its unit, such as 5 min, 1 h or 90 s."),
        ("-5 min", "Write a number and its unit"),
        ("2 s", "Must be from 5 s to 30 d."),
        ("31 days", "Must be from 5 s to 30 d."),
    ):
        answer = ana.post(
            path(world, "heartbeats/"), {"name": "x", "interval_seconds": typed, "grace_seconds": "1 min"}
        )
        page = text_of(answer)
        assert answer.status_code == 400, typed
        assert f'name="interval_seconds" value="{typed}"' in page
        field = page.split('id="heartbeat_interval_seconds"')[1].split('name="grace_seconds"')[0]
        assert f"</svg>{said}" in field, field
    assert not Heartbeat.objects.exists()
    given = {"name": "Backup", "interval_seconds": "1 h 30 min", "grace_seconds": "0"}
    assert ana.post(path(world, "heartbeats/"), given).status_code == 303
    row = Heartbeat.objects.get()
    assert (row.interval_seconds, row.grace_seconds) == (5400, 0)
    one = path(world, f"heartbeats/{row.pk}/edit/")
    assert 'value="1 h 30 min"' in text_of(ana.get(one))
    stale = ana.post(one, {**given, "interval_seconds": "2 h", "version": row.version + 1})
    assert stale.status_code == 409
    assert "Stored meanwhile: 1 h 30 min" in text_of(stale)
    assert "Stored meanwhile: 0 s" not in text_of(stale), "the same, however it is written"


def test_a_test_event_runs_the_whole_road(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    bo = browser(world.bo)
    sent = bo.post(path(world, "test-event/"), {"summary": "Try me", "severity": "critical"})
    assert "on its way" in after(bo, sent)
    worker.drain()
    assert Incident.objects.get().title == "Try me"
    assert "INC-1" in text_of(bo.get(path(world, "intake/")))
    assert bo.post(path(world, "test-event/"), {"summary": "x", "severity": "grave"}).status_code == 400


def test_eve_is_refused_and_ids_of_other_services_lead_nowhere(world: World, browser: Browser) -> None:
    """A45, A57, A58."""
    key, _ = keys.issue(SYSTEM, world.checkout)
    beat, _ = heartbeats.create(SYSTEM, world.checkout, name="Backup")
    other = builders.service("Other", world.payments)
    eve = browser(world.eve)
    assert eve.get(path(world, "intake/")).status_code == 403
    assert "Intake" not in text_of(eve.get(path(world)))
    for each in (f"/keys/{key.pk}/rotate/", f"/keys/{key.pk}/revoke/", f"/keys/{key.pk}/edit/"):
        assert eve.get(each).status_code == 404, each
        assert eve.post(each).status_code == 404, each
    for each in (
        "keys/",
        "heartbeats/",
        "test-event/",
        f"heartbeats/{beat.pk}/pause/",
        f"heartbeats/{beat.pk}/delete/",
    ):
        assert eve.post(path(world, each), {"kind": "events", "name": "x"}).status_code == 403, each
    for each in (f"/keys/{key.pk}/rotate/", f"/keys/{key.pk}/revoke/"):
        assert browser(world.bo).post(each, {"grace": "0"}).status_code == 403, "a member is no manager"
    assert browser(world.ana).post(f"/services/{other.pk}/heartbeats/{beat.pk}/pause/").status_code == 404
    assert browser(world.ana, csrf=True).post(f"/keys/{key.pk}/revoke/").status_code == 403
    key.refresh_from_db()
    assert (key.revoked_at, key.valid_until, IntegrationKey.objects.count()) == (None, None, 1)


def test_hostile_names_are_inert(world: World, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A4."""
    keys.issue(SYSTEM, world.checkout, name=EVIL[:80])
    heartbeats.create(SYSTEM, world.checkout, name=EVIL[:80])
    assert_inert(browser(world.ana).get(path(world, "intake/")))
    # A key that ends with 49 looks as if the template in the hostile name had been worked out.
    monkeypatch.setattr("integrations.commands.heartbeats.secrets.token_hex", lambda size=16: "ab" * size)
    ana = browser(world.ana)
    made = ana.post(
        path(world, "heartbeats/"), {"name": EVIL[:80] + "2", "interval_seconds": "9 s", "grace_seconds": "0"}
    )
    assert_inert(ana.get(made["Location"]))


def test_the_page_costs_the_same_for_few_and_many(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    ana, page = browser(world.ana), path(world, "intake/")
    keys.issue(SYSTEM, world.checkout)
    few = count(ana, page)
    for number in range(12):
        keys.issue(SYSTEM, world.checkout, name=str(number))
        heartbeats.create(SYSTEM, world.checkout, name=str(number))
        inbound.send_test(builders.acts(world.ana), world.checkout, summary=str(number))
    assert count(ana, page) == few == recorded(__file__)["intake"]


def test_snippets_stand_ready_without_a_key(world: World, browser: Browser) -> None:
    """DET-11, A45: the commonest tools, with a variable where the key belongs; no key's text is on the page."""
    raw = keys.issue(SYSTEM, world.checkout, kind="events")[1]
    page = text_of(browser(world.bo).get(path(world, "intake/")))
    for words in ("send_resolved: true", "/integrations/grafana/$WATCHBILL_KEY", "curl -fsS -X POST"):
        assert words in page, words
    assert raw not in page
    assert "js/copy.js" in page


def test_the_outcome_of_a_test_event_comes_by_itself(world: World, browser: Browser, at: clock.FrozenClock) -> None:
    """The list asks again while the worker has not judged it, and no longer; nor for ever where nobody judges."""
    ana = browser(world.ana)
    sent = ana.post(path(world, "test-event/"), {"summary": "Trial", "severity": "critical"})
    waiting = after(ana, sent)
    assert "Being judged" in waiting
    assert 'hx-select="#events"' in waiting
    at.move(minutes=6)
    assert 'hx-select="#events"' not in text_of(ana.get(path(world, "intake/")))
    worker.drain()
    judged = text_of(ana.get(path(world, "intake/")))
    assert "Opened" in judged
    assert 'hx-select="#events"' not in judged
