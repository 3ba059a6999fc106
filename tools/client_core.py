"""A small typed client of the Watchbill API, made from its description by `make docs-generate`.

It needs httpx and nothing else. Copy the file, or take from it what you need.

    portal = Watchbill("https://watchbill.example.org", token="wb_…")
    made = portal.incidents_declare({"title": "Checkout is slow", "service": 3})
    portal.incidents_acknowledge(made["number"])
    for incident in portal.incidents_list(status=["triggered"]):
        print(incident["number"], incident["title"])

Each method is one operation. Lists are turned page by page as you read them. A refusal is a `Refused`: look at
its `code`; with the code `stale`, `version` is the one that the thing has now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx


# --- shapes ---
class Refused(Exception):
    """The portal has refused a request: `code` is for programs, the text of the exception for people."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: int | None = None) -> None:
        super().__init__(f"{status}: {problem.get('detail', 'No reason was given.')}")
        self.status = status
        self.code: str = problem.get("code", "error")
        self.hint: str = problem.get("hint", "")
        self.fields: dict[str, list[str]] = problem.get("fields") or {}
        self.version: int | None = problem.get("version")
        self.request_id: str = problem.get("request_id", "")
        self.retry_after = retry_after


class Watchbill:
    """The portal at one address, with one token; close it, or use it in a `with`."""

    def __init__(
        self, url: str, token: str, *, timeout: float = 10.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "watchbill-client/1"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        query: Mapping[str, Any] | None = None,
        version: int | None = None,
        idempotency_key: str = "",
    ) -> httpx.Response:
        """One request; raises Refused, and httpx.HTTPError where the portal was not reached."""
        headers = {"If-Match": f'"{version}"'} if version is not None else {}
        headers |= {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        if files:
            parts = [("files", each) for each in files]
            answer = self._http.request(method, path, headers=headers, data=dict(body or {}), files=parts)
        elif method in {"POST", "PUT", "PATCH"}:
            answer = self._http.request(method, path, params=asked or None, headers=headers, json=dict(body or {}))
        else:
            answer = self._http.request(method, path, params=asked or None, headers=headers)
        if answer.is_success:
            return answer
        told = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        wait = answer.headers.get("Retry-After", "")
        raise Refused(answer.status_code, told, int(wait) if wait.isdigit() else None)

    def _call(self, method: str, path: str, **more: Any) -> Any:
        """The answer as JSON; None where there is nothing to show."""
        answer = self._send(method, path, **more)
        return answer.json() if answer.content else None

    def _bytes(self, method: str, path: str, **more: Any) -> bytes:
        """The answer as it came."""
        return self._send(method, path, **more).content

    def _pages(self, path: str, *, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """The rows of a list, one page after the other; the next page is fetched when it is needed."""
        found = self._call("GET", path, query=query)
        while True:
            yield from found["results"]
            if not found["next"]:
                return
            # The address of the next page holds the query, but maybe another name of the portal than ours.
            found = self._call("GET", httpx.URL(found["next"]).raw_path.decode())

    # --- operations ---
