"""The answer to a body that is too big: nobody reads it, so Django has no request, and one answer of a kind serves all.

A browser gets the portal's own page, its script a notice, the API a problem; a monitoring tool a line of text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest, HttpResponse

from core.web import errors

Header = tuple[bytes, bytes]
# The page holds nothing but ours, and the middleware that says so for others has not seen it (A30).
POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'"


def too_big(path: str, header: Callable[[str], str], limit: int) -> tuple[list[Header], bytes]:
    """Headers and body of a 413; `header` gives the value of a request's header by its name, `limit` is in bytes."""
    if path.startswith("/api/"):
        return _made("api", limit)
    if header("hx-request") == "true":
        return _made("script", limit)
    return _made("page" if "text/html" in header("accept") else "", limit)


@lru_cache(maxsize=32)
def _made(kind: str, limit: int) -> tuple[list[Header], bytes]:
    answer = _answer(kind, limit)
    answer["Content-Length"] = str(len(answer.content))
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.items()], answer.content


def _answer(kind: str, limit: int) -> HttpResponse:
    if not kind:
        return HttpResponse("The request is too big.\n", content_type="text/plain; charset=utf-8")
    request = HttpRequest()
    request.path = "/api/" if kind == "api" else "/"
    request.META["HTTP_HX_REQUEST"] = "true" if kind == "script" else "false"
    detail = f"What you sent is larger than {limit / 2**20:g} MB, so it was not read and nothing was saved."
    hint = f"{'Go back and send' if kind == 'page' else 'Send'} fewer files at a time, or smaller ones."
    answer = errors.answer(request, 413, detail, code="too_big", hint=hint)
    answer["Content-Security-Policy"], answer["X-Content-Type-Options"] = POLICY, "nosniff"
    return answer
