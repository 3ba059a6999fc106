"""Canaries: secrets planted at every door, then looked for wherever they must not be (A45, A95, A96, A98, A99)."""

from __future__ import annotations

import base64
import logging
import pickle
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal
from django.contrib import admin
from django.core import mail
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from core import alarms, cache, clock, logs, worker
from core.models import IdempotencyKey
from incidents.views import listing
from notifications.kinds import Message
from notifications.models import Delivery
from tests import world as builders
from tests.fakes import Carrier
from tests.flows.security_canaries import ALLOWED, NEW_PASSWORD, Plot, planted
from tests.flows.security_doors import Knocker, table
from tests.flows.security_scene import Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world
from tests.pages import text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture
def carrier(settings: Any) -> Iterator[Carrier]:
    """An HTTP carrier that the guard lets us reach."""
    made = Carrier()
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    yield made
    made.close()


@pytest.fixture
def said() -> Iterator[list[str]]:
    """Every line that the log writes meanwhile, as text and as JSON."""
    found: list[str] = []

    class Catch:
        def put(self, line: str) -> None:
            found.append(line)

    handlers = []
    for formatter in (logs.TextFormatter(), logs.JsonFormatter()):
        handler = logs.QueuedHandler(Catch())  # type: ignore[arg-type]
        handler.setFormatter(formatter)
        logging.root.addHandler(handler)
        handlers.append(handler)
    yield found
    for handler in handlers:
        logging.root.removeHandler(handler)


def whole_database() -> str:
    """Every row of every table as text."""
    found = []
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            found += [f"{name} {row!r}" for row in cursor.fetchall()]
    return "\n".join(found)


def used(scene: Scene, browser: Browser, canaries: dict[str, str]) -> None:
    """Use them rightly, wrongly and at the wrong place, so that every refusal gets to see one."""
    stranger = Client(raise_request_exception=False)
    for name, secret in canaries.items():
        for scheme in ("Bearer", "Basic", "GenieKey"):
            stranger.get("/api/v1/me/", headers={"Authorization": f"{scheme} {secret}"})
        stranger.get("/api/v1/incidents/", {"token": secret})
        stranger.post("/accounts/login/", {"login": f"{name.replace(' ', '')}@example.org", "password": secret})
        stranger.get(f"/answer/{secret}/")
        stranger.get(f"/setup/{secret}/")
        stranger.post(f"/callbacks/sms_twilio/{secret}/", {"AuthToken": secret})
        browser(scene.world.ana).post(
            f"/services/{scene.ids['services']}/try/", {"kind": "generic", "payload": f'{{"api_key": "{secret}", '}
        )
    worker.drain()


def everywhere(scene: Scene) -> Iterator[tuple[str, str]]:
    """Each page and list that an administrator or a manager can read, and each page of the administration."""
    knocker = Knocker(scene)
    for door in table():
        if door.method == "GET" and "AD" in door.may and "answer/" not in door.route:
            for who in ("AD", "MG"):
                yield f"/{door.route} as {who}", text_of(knocker.ask(who, "GET", door.route, scene.ids))
    ada = Client(raise_request_exception=False)
    ada.force_login(scene.world.ada)
    for model in admin.site._registry:
        start = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for path in [start, *(f"{start}{row.pk}/{end}/" for row in _last(model) for end in ("change", "history"))]:
            yield path, text_of(ada.get(path))


def _last(model: type[Model]) -> list[Any]:
    return list(model._default_manager.order_by("-pk")[:2])


def test_no_canary_is_found_where_it_does_not_belong(
    scene: Scene, browser: Browser, carrier: Carrier, said: list[str]
) -> None:
    """A45, A95, A98: logs, tables, mails, figures, exports and every page that an administrator can read."""
    canaries = planted(Plot(scene, browser, carrier))
    used(scene, browser, canaries)
    figures = Client(REMOTE_ADDR="127.0.0.1").get("/metrics").content.decode()
    letters = "\n".join(f"{letter.subject} {letter.body} {letter.extra_headers}" for letter in mail.outbox)
    places = [("logs", "\n".join(said)), ("tables", whole_database()), ("mail", letters), ("figures", figures)]
    assert len(said) > 200
    assert all(len(secret) >= 14 for secret in canaries.values())
    for place, text in places:
        found = [name for name, secret in canaries.items() if secret in text and place not in ALLOWED.get(name, ())]
        assert not found, f"{place} show {found}"
    hidden = {name: secret for name, secret in canaries.items() if "pages" not in ALLOWED.get(name, ())}
    pages = 0
    for path, text in everywhere(scene):
        pages += 1
        assert not [name for name, secret in hidden.items() if secret in text], path
    assert pages > 150


def test_the_link_that_answers_is_where_it_belongs(scene: Scene) -> None:
    """A95: in the message of the one who was paged, sealed in the table, and in no other place."""
    delivery = Delivery.objects.get(pk=scene.ids["deliveries"])
    link = Message.from_json(delivery.message).answer_link
    assert "/answer/" in link
    assert link.rpartition("/answer/")[2].strip("/") not in whole_database()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "tokens/", {"name": "x", "scopes": ["read"]}),
        ("post", "services/{services}/keys/", {}),
        ("post", "keys/{keys}/rotate/", {}),
        ("post", "services/{services}/heartbeats/", {"name": "z"}),
        ("post", "webhooks/", {"name": "z", "url": "https://8.8.8.8/x", "kinds": ["incident.opened"]}),
        ("post", "webhooks/{webhooks}/rotate/", {}),
        ("post", "contact-methods/", {"provider": "email", "address": "new@example.org"}),
        ("put", "providers/sms_twilio/", {"enabled": False}),
    ],
)
def test_an_answer_with_a_secret_is_never_kept(
    method: str, path: str, body: dict[str, Any], scene: Scene, browser: Browser
) -> None:
    """A95, A98: `Idempotency-Key` is refused before anything is made, so nothing of the answer is stored."""
    call = getattr(browser(scene.world.ada), method)
    before = whole_database()
    answer = call(
        f"/api/v1/{path.format(**scene.ids)}", body, content_type="application/json", headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 400
    assert answer.json()["fields"] == {
        "Idempotency-Key": ["Idempotency-Key cannot be used here: nothing of this answer is kept."]
    }
    assert not IdempotencyKey.objects.filter(key__startswith="api:").exists()
    assert whole_database() == before


def test_a_repeat_does_not_undo_a_counted_try(scene: Scene, browser: Browser) -> None:
    """A37, A43: guesses of the present password are counted whatever headers come along."""
    bo, guess = browser(scene.world.bo), {"current": "wrong", "password": NEW_PASSWORD}
    given: dict[str, Any] = {"content_type": "application/json"}
    for number in range(30):
        answer = bo.post("/api/v1/me/password/", guess, **given, headers={"Idempotency-Key": f"k{number}"})
        assert answer.json()["fields"].keys() == {"Idempotency-Key"}
    found = [bo.post("/api/v1/me/password/", guess, **given).status_code for _ in range(12)]
    assert found == [400] * 10 + [429] * 2


# --- what breaks ----------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/incidents/", "/api/v1/incidents/"])
def test_an_error_tells_its_number_and_nothing_else(
    path: str, scene: Scene, browser: Browser, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A96: no exception's text, path, setting or version on the page; the log has it without the secret."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"/srv/portal/queries.py: SELECT * FROM accounts_user; token={scene.key}")

    monkeypatch.setattr(listing, "incidents_found", broken)
    monkeypatch.setattr("incidents.api.incidents.incidents_seen_by", broken)
    client = browser(scene.world.ana)
    client.raise_request_exception = False
    answer = client.get(path)
    text = answer.content.decode()
    assert answer.status_code == 500
    for clue in (
        "RuntimeError",
        "Traceback",
        "SELECT",
        "/srv/",
        "queries.py",
        scene.key,
        "Django",
        "Python",
        "SETTINGS",
    ):
        assert clue not in text, clue
    number = answer["X-Request-Id"]
    assert number in text
    logged = [line for line in said if number in line]
    assert any("RuntimeError" in line for line in said)
    assert logged
    assert not [line for line in said if scene.key in line]


def test_a_stranger_cannot_fill_the_log_with_tracebacks(scene: Scene, browser: Browser, said: list[str]) -> None:
    """A18, A96: a form with too many fields, or too large, is one line of the log each."""
    client = browser(scene.world.ana)
    said.clear()
    assert client.post("/profile/", {f"field{number}": "x" for number in range(700)}).status_code == 400
    assert client.post("/profile/", {"name": "x" * 3_000_000}).status_code == 413
    assert said
    assert not [line for line in said if "Traceback" in line]


def test_an_address_that_is_made_up_raises_no_alarm(
    scene: Scene, browser: Browser, carrier: Carrier, at: clock.FrozenClock
) -> None:
    """G14: whoever adds a dead host as his own webhook makes no red banner for everybody."""
    carrier.always = "503"
    hook = {"provider": "webhook", "address": f"{carrier.url}/hook"}
    assert (
        browser(scene.world.bo).post("/api/v1/contact-methods/", hook, content_type="application/json").status_code
        == 201
    )
    for _ in range(8):
        worker.drain()
        at.move(minutes=1)
    assert Delivery.objects.get(purpose="verify").attempts >= 3
    assert not [beat.name for beat in alarms.standing()]


# --- unpickling -----------------------------------------------------------------------------------
class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return (Path.touch, (self.file,))


def test_a_pickle_in_the_cache_table_is_never_loaded(tmp_path: Path, settings: Any) -> None:
    """A99: the file that it would make is absent, and the cache still works."""
    settings.CACHES = {"default": {"BACKEND": "core.cache.DatabaseCache", "LOCATION": "cache"}}
    call_command("createcachetable", verbosity=0)
    store, file = caches["default"], tmp_path / "made"
    assert store.get("key") is None
    store.set("key", {"a": [1, "ü", None]})
    assert store.get("key") == {"a": [1, "ü", None]}
    value = base64.b64encode(pickle.dumps(Bomb(file))).decode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cache SET value = %s", [value])
        assert cursor.rowcount == 1
    assert store.get("key") is None
    assert store.get_many(["key"]) == {"key": None}
    assert store.incr("count", 1) if store.add("count", 1) else False
    assert not file.exists()
    pickle.loads(base64.b64decode(value))
    assert file.exists(), "the bomb of this test is a dud"


def test_redis_holds_json_too(tmp_path: Path) -> None:
    """A99: values from Redis are never unpickled; what is no JSON counts as not cached."""
    serializer, file = cache.JsonSerializer(), tmp_path / "made"
    assert serializer.loads(serializer.dumps({"a": 1})) == {"a": 1}
    assert serializer.loads(pickle.dumps(Bomb(file))) is None
    assert serializer.loads(b"[" * 100_000) is None
    assert not file.exists()
    with pytest.raises(TypeError):
        serializer.dumps(Bomb(file))


@pytest.mark.skipif(not portal.REDIS_URL, reason="needs Redis (make test-services)")
def test_a_pickle_in_redis_is_never_loaded(tmp_path: Path) -> None:
    """A99: the same with the real one."""
    store: Any = caches["default"]
    file = tmp_path / "made"
    store.set("key", {"a": 1})
    assert store.get("key") == {"a": 1}
    store._cache.get_client(None, write=True).set(store.make_and_validate_key("key"), pickle.dumps(Bomb(file)))
    assert store.get("key") is None
    assert not file.exists()


def test_sessions_and_notices_are_no_pickles() -> None:
    """A99: what a session or a cookie holds is signed JSON."""
    assert portal.SESSION_SERIALIZER.endswith("JSONSerializer")
    assert "Pickle" not in repr(portal.CACHES) + portal.MESSAGE_STORAGE


def test_a_token_ends_with_its_time(scene: Scene, at: clock.FrozenClock) -> None:
    """A44, A95: used, refused and expired tokens alike leave no trace of their text."""
    raw = builders.token(scene.world.bo, "read")
    scene.world.bo.api_tokens.update(expires_at=clock.now() + timedelta(hours=1))
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {raw}"}).status_code == 200
    at.move(hours=2)
    refused = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {raw}"})
    assert (refused.status_code, raw in refused.content.decode()) == (401, False)
