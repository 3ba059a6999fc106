"""The addresses of the hot path; with and without a slash at the end, never a redirect (contract.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from integrations.api.bodies import Scope
from integrations.kinds import EventAdapter, adapter_of, native_adapter

KB = 1024
SMALL, LARGE = 512 * KB, 4 * KB * KB


@dataclass(frozen=True, slots=True)
class Route:
    """What an address means: `shape` names the manner of answers, `raw_key` is the key where the path holds it."""

    shape: str
    adapter: EventAdapter | None = None
    raw_key: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    limit: int = SMALL
    strict: bool = True
    methods: tuple[str, ...] = ("POST",)


def find(scope: Scope) -> Route | None:
    """The route of a scope, or None. The undecoded path is cut first, so that an alias may hold a slash."""
    fixed = _fixed().get(scope["path"])
    if fixed is not None:
        return fixed
    raw = scope.get("raw_path")
    path = raw.split(b"?", 1)[0].decode("latin-1") if raw else scope["path"]
    parts = [unquote(part) if raw else part for part in path.split("/") if part]
    if parts[:1] == ["v2"]:
        return _version_two(parts[1:])
    if parts[:1] == ["integrations"] and len(parts) in {2, 3}:
        tool = native_adapter(parts[1])
        key = parts[2] if len(parts) == 3 else ""
        return None if tool is None else Route("native", tool, key, limit=LARGE, strict=False)
    if parts[:1] == ["heartbeats"] and len(parts) == 2:
        return Route("heartbeat", None, parts[1], methods=("GET", "POST"))
    return None


@lru_cache(maxsize=1)
def _fixed() -> dict[str, Route]:
    """The addresses without a variable part, with and without a slash."""
    found = (("/v2/enqueue", "events"), ("/v2/change/enqueue", "changes"), ("/v2/alerts", "opsgenie"))
    return {path + end: Route(tool, adapter_of(tool)) for path, tool in found for end in ("", "/")}


def _version_two(parts: list[str]) -> Route | None:
    fixed = _fixed().get(f"/v2/{'/'.join(parts)}")
    if fixed is not None:
        return fixed
    if len(parts) == 3 and parts[0] == "alerts" and parts[2] in {"close", "acknowledge"}:
        return Route("opsgenie", adapter_of("opsgenie"), address={"alias": parts[1], "action": parts[2]})
    return None


def key_in_head(headers: Mapping[str, str]) -> str:
    """The key of an Authorization header: GenieKey, Bearer or Token; "" without one."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() in {"geniekey", "bearer", "token"}:
        return value.strip().removeprefix("token=").strip('"')
    return ""
