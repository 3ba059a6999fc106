"""What can be wrong with a request, as six kinds; pages and API map them in one place each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PortalError(Exception):
    """A refusal with a sentence for people and a code for programs.

    `fields` maps a field's name to the sentences that belong beside it; `hint` says what to do.
    """

    status = 500
    code = "error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        hint: str = "",
        fields: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.fields: dict[str, list[str]] = {k: list(v) for k, v in (fields or {}).items()}
        if code is not None:
            self.code = code


class Invalid(PortalError):
    """The input breaks a rule (400)."""

    status, code = 400, "invalid"


class Forbidden(PortalError):
    """The actor may not do this (403).

    `lacking` is the right that is missing, a row of the table of rights or its name, and the thing that it is asked
    of: a page finds the people by it who may do the act.
    """

    status, code = 403, "forbidden"

    def __init__(
        self, detail: str, *, code: str | None = None, hint: str = "", lacking: tuple[Any, Any] | None = None
    ) -> None:
        super().__init__(detail, code=code, hint=hint)
        self.lacking = lacking


class Missing(PortalError):
    """No such thing, or none that this actor may know of (404)."""

    status, code = 404, "not_found"


class Conflict(PortalError):
    """The thing has changed, is taken, or does not allow this step now (409)."""

    status, code = 409, "conflict"


class Stale(Conflict):
    """The sender has seen an older version than `version`, the one that it has now (409 `stale`; S51, A105)."""

    code = "stale"

    def __init__(
        self, detail: str, *, version: int, hint: str = "", fields: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(detail, hint=hint, fields=fields)
        self.version = version


class TooMany(PortalError):
    """A throttle holds; `retry_after` is in seconds (429)."""

    status, code = 429, "too_many_requests"

    def __init__(self, detail: str, *, retry_after: int = 60, hint: str = "") -> None:
        super().__init__(detail, hint=hint)
        self.retry_after = retry_after


class Unreachable(PortalError):
    """A foreign system did not answer as it should (502)."""

    status, code = 502, "unreachable"
