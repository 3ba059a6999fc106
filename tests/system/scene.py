"""A running portal with people, keys and a mail server that keeps its own log: what the fault tests act on."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tools.chaos.leases import Leases
from tools.chaos.portal import Portal, fetch
from tools.chaos.sink import Received, Sink
from tools.services import Postgres

PASSWORD = "correct horse battery"  # tests.world's, which needs Django


def eventually(check: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until `check` gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def link_of(text: str) -> str:
    """The answer link of a mail."""
    found = re.search(r"http\S+/answer/\S+", text)
    assert found, text
    return found[0]


def fields_of(html: str) -> dict[str, str]:
    """The hidden fields of the answer form."""
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', html))


class Scene:
    """One portal and its mail server; events are told apart by their token, which stands in title and mail."""

    def __init__(self, portal: Portal, sink: Sink, crew: dict[str, Any], postgres: Postgres | None = None) -> None:
        self.portal, self.sink, self.postgres = portal, sink, postgres
        self.keys: list[str] = crew["keys"]
        self.ladders: list[str] = crew["ladders"]
        self.token: str = crew["token"]
        self.accepted: dict[str, float] = {}
        self.sessions: dict[str, Any] = {}  # cookies of whoever has signed in by the form, by address
        self._number = 0

    def fresh(self) -> str:
        """A token that nobody has used."""
        self._number += 1
        return f"chaos-{self._number:06d}"

    def body(self, token: str, key: str = "", action: str = "trigger") -> bytes:
        """An event of the token's own service, or of the service of `key`."""
        payload = {"summary": f"Fault {token}", "source": "test", "severity": "critical"}
        own = self.keys[int(token.removeprefix("chaos-")) % len(self.keys)]
        return json.dumps(
            {"routing_key": key or own, "event_action": action, "dedup_key": token, "payload": payload}
        ).encode()

    def try_post(self, token: str, key: str = "", action: str = "trigger", timeout: float = 15) -> int:
        """Post once; the status, 0 when nobody answered. A 202 is remembered with its time."""
        with contextlib.suppress(OSError):
            body = self.body(token, key, action)
            address = f"{self.portal.url}/v2/enqueue"
            status = fetch(address, body, timeout=timeout, Content_Type="application/json")[0]
            if status == 202:
                self.accepted.setdefault(token, time.monotonic())
            return status
        return 0

    def is_taken(self, token: str) -> bool:
        """Post once; whether it was accepted."""
        return self.try_post(token) == 202

    def post(self, key: str = "") -> str:
        """Post a fresh event and insist on the 202; returns its token."""
        token = self.fresh()
        assert self.try_post(token, key) == 202, self.portal.tail()
        return token

    def post_many(self, count: int, threads: int = 10) -> list[str]:
        """Post fresh events at once."""
        tokens = [self.fresh() for _ in range(count)]
        with ThreadPoolExecutor(threads) as pool:
            assert set(pool.map(self.try_post, tokens)) == {202}, self.portal.tail()
        return tokens

    def mails(self, token: str) -> list[Received]:
        """The mails that name the token, in the order of arrival."""
        return self.sink.holding(token)

    def arrives(self, token: str, seconds: float = 20) -> Received:
        """Wait for the first mail of a token."""
        eventually(lambda: self.mails(token), seconds, f"a mail for {token}")
        return self.mails(token)[0]

    def pages(self, token: str, seconds: float = 30) -> None:
        """Wait until somebody is paged for a token. A second mail to one person within a minute waits (F65)."""
        paged = (
            "SELECT count(*) FROM oncall_page p JOIN incidents_incident i ON p.subject = 'incident:' || i.number"
            f" WHERE i.title LIKE '%{token}'"
        )
        eventually(lambda: self.sql(paged)[0][0], seconds, f"a page for {token}")

    def counts(self, tokens: list[str]) -> dict[str, int]:
        """How many mails each token has."""
        return {token: len(self.mails(token)) for token in tokens}

    def holders(self, token: str) -> list[int]:
        """The processes that hold a lease on the token's page now."""
        return [pid for pid, tokens in Leases(self.portal, self.postgres).held().items() if token in tokens]

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Read or change the database past the product; without rows nothing is returned."""
        if self.postgres is not None:
            with psycopg.connect(self.postgres.url, autocommit=True) as server:
                cursor = server.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        path = Path(self.portal.environment["WATCHBILL_DATA_DIR"]) / "watchbill.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def api(self, path: str, data: dict[str, Any] | None = None) -> Any:
        """Ask the API as Ada; with data a POST."""
        body = None if data is None else json.dumps(data).encode()
        address, bearer = f"{self.portal.url}/api/v1/{path}", f"Bearer {self.token}"
        status, answer = fetch(address, body, Authorization=bearer, Content_Type="application/json")
        assert status in {200, 201}, answer
        return json.loads(answer)

    def incident(self, token: str) -> dict[str, Any]:
        """The incident of a token, by the API."""
        found = [one for one in self.api("incidents/")["results"] if token in one["title"]]
        assert len(found) == 1, found
        return dict(found[0])

    def sign_in(self, email: str) -> httpx.Client:
        """A browser in which a person has signed in with the password of all."""
        client = httpx.Client(base_url=self.portal.url, timeout=15, follow_redirects=True)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/accounts/login/").text)
        assert token
        form = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        answer = client.post("/accounts/login/", data=form, headers={"Referer": self.portal.url})
        assert answer.status_code == 200, answer.text
        assert "login" not in answer.url.path, answer.text
        return client

    def at_rest(self, seconds: float = 20) -> None:
        """Wait until no delivery and no event waits or is in hand."""
        busy = (
            "SELECT count(*) FROM core_duerow WHERE kind IN ('delivery.send', 'event.evaluate')"
            " AND state IN ('waiting', 'leased') AND due <= CURRENT_TIMESTAMP"
        )
        eventually(lambda: self.sql(busy) == [(0,)], seconds, "the queue is at rest")
