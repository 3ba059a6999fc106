"""How every HTTP carrier is called and its answer read; not a provider itself (F32)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from core import clock, http
from core.errors import Invalid, PortalError, Unreachable
from core.http import Answer
from notifications.kinds import Permanent, Temporary

DEADLINE = 10.0  # seconds of wall clock for one attempt (G12)
LONGEST_WAIT = 900.0  # seconds; a carrier cannot put a page off for longer than this


def call(url: str, *, personal: bool, **kw: Any) -> Answer:
    """POST to a carrier; raises Temporary or Permanent for every answer but 2xx.

    `personal` is True where the address is a person's own, so that a refusal breaks that address; else the
    address is the operator's and a refusal is the operator's to mend. Texts of foreign answers are not shown (A75).
    """
    try:
        answer = http.send("POST", url, timeout=DEADLINE, **kw)
    except Unreachable as error:
        raise Temporary(f"no answer ({error.code})") from error
    except PortalError as error:
        if personal:
            raise Permanent("this address is not allowed") from error
        raise Temporary("the carrier's address is not allowed", operator=True) from error
    if 200 <= answer.status < 300:
        return answer
    raise refusal(answer, personal=personal)


def refusal(answer: Answer, *, personal: bool) -> Temporary | Permanent:
    """What an answer other than 2xx means."""
    status = answer.status
    if status == 429 or status == 503:
        return Temporary(f"answered {status}", retry_after=retry_after(answer.headers))
    if status >= 500 or status in {408, 425} or status < 200:
        return Temporary(f"answered {status}")
    if 300 <= status < 400:
        reason = "answered with a redirect, which is not followed"
        return Permanent(reason) if personal else Temporary(reason, operator=True)
    if personal:
        return Permanent(f"answered {status}")
    if status in {401, 403, 404}:
        return Temporary(f"refused our credentials ({status})", operator=True)
    return Permanent(f"answered {status}", broken=False)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a Retry-After header in either form, within sane bounds; None where there is none."""
    text = next((value for key, value in headers.items() if key.lower() == "retry-after"), "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - clock.now()).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 1.0), LONGEST_WAIT) if math.isfinite(seconds) else None


def document(answer: Answer) -> dict[str, Any]:
    """The JSON object in an answer; raises Temporary when it is something else (F32)."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Temporary("answered with something that is not understood")
    return value


def clean_url(value: str, *, field: str) -> str:
    """An http(s) address that the guard allows now; raises Invalid (A69, A72)."""
    url = value.strip()
    try:
        if len(url) > 500:
            raise Invalid("This address is too long.")
        http.check_url(url)
        if urlsplit(url).fragment:
            raise Invalid("This address must not have a fragment.")
    except Invalid as error:
        raise _beside(error, field) from error
    except ValueError as error:
        sentence = "This is not an address."
        raise Invalid(sentence, fields={field: [sentence]}) from error
    return url


def look_up(value: str, *, field: str) -> None:
    """Raise Invalid where the name in an http(s) address leads inside (A69); a name not found now may come up later.

    For doors, before the command: it asks the name service, 2 s at most, which no transaction may wait for.
    """
    try:
        http.check_url(value.strip(), lookup=True)
    except Invalid as error:
        raise _beside(error, field) from error


def _beside(error: Invalid, field: str) -> Invalid:
    """The same refusal beside the field of a form, where nothing else would say what to do."""
    said = " ".join(filter(None, [error.detail, error.hint]))
    return Invalid(error.detail, code=error.code, hint=error.hint, fields={field: [said]})
