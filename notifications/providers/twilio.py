"""Twilio's wire format, shared by SMS and voice: form posts, Basic auth, signed call-backs; no provider itself.

https://www.twilio.com/docs/usage/security#validating-requests tells what is signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape  # nosec B406

from core import http
from core.errors import Invalid, PortalError, Unreachable
from notifications.kinds import BadCallback, CallbackRequest, Field, Permanent, Sent, Temporary
from notifications.providers import carrier

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
SID = re.compile(r"[A-Za-z0-9]{2,64}", re.ASCII)
DEAD_NUMBER = {21211, 21214, 21217, 21408, 21610, 21612, 21614, 13224, 30003, 30005, 30006}
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
SETTINGS = (
    Field("account_sid", "Account SID"),
    Field("auth_token", "Auth token", secret=True),
    Field("from_number", "Sender's number", hint="With country code, such as +4512345678."),
    Field("base_url", "API address", default="https://api.twilio.com", required=False),
)


def clean_number(value: str, *, field: str = "address") -> str:
    """A number with its country code and nothing else; raises Invalid (A10)."""
    number = re.sub(r"[ ().-]", "", value.strip())
    if len(value) > 40 or not NUMBER.fullmatch(number):
        sentence = "Enter one number with its country code, such as +45 12 34 56 78."
        raise Invalid(sentence, fields={field: [sentence]})
    return number


def clean_settings(found: dict[str, str]) -> dict[str, str]:
    """Check an operator's values; raises Invalid."""
    if not SID.fullmatch(found["account_sid"]):
        raise Invalid("This is no account SID.", fields={"account_sid": ["Letters and digits only."]})
    found["from_number"] = clean_number(found["from_number"], field="from_number")
    found["base_url"] = carrier.clean_url(found["base_url"], field="base_url").rstrip("/")
    return found


def post(what: str, form: Sequence[tuple[str, str]], settings: Mapping[str, str], key: str) -> Sent:
    """Create a message or a call; raises Temporary or Permanent."""
    account = settings["account_sid"]
    basic = base64.b64encode(f"{account}:{settings['auth_token']}".encode()).decode()
    url = f"{settings['base_url']}/2010-04-01/Accounts/{account}/{what}.json"
    token = hashlib.sha256(key.encode()).hexdigest()
    headers = {"Authorization": f"Basic {basic}", "Accept": "application/json", "I-Twilio-Idempotency-Token": token}
    try:
        answer = http.send("POST", url, form=dict(form), headers=headers, timeout=carrier.DEADLINE)
    except Unreachable as error:
        raise Temporary(f"no answer ({error.code})") from error
    except PortalError as error:
        raise Temporary("the carrier's address is not allowed", operator=True) from error
    if not 200 <= answer.status < 300:
        raise refused(answer)
    ref = carrier.document(answer).get("sid")
    if not isinstance(ref, str) or not SID.fullmatch(ref):
        raise Temporary("answered with something that is not understood")
    return Sent(ref=ref)


def refused(answer: http.Answer) -> Temporary | Permanent:
    """A refusal with Twilio's own code: some say that the number will never work."""
    try:
        code = json.loads(answer.body).get("code")
    except (ValueError, AttributeError, RecursionError):
        code = None
    if answer.status == 400 and isinstance(code, int):
        return Permanent(f"refused with code {code}", broken=code in DEAD_NUMBER)
    return carrier.refusal(answer, personal=False)


def signature(secret: str, url: str, form: Sequence[tuple[str, str]]) -> str:
    """Base64 of HMAC-SHA1 over the address and the sorted raw values; raises ValueError for an empty secret."""
    if not secret:
        raise ValueError("an empty secret signs nothing")
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(form)))
    return base64.b64encode(
        hmac.new(secret.encode(), signed.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    ).decode()


def check(request: CallbackRequest, settings: Mapping[str, str]) -> None:
    """Refuse a call-back that Twilio has not signed, in constant time (A49); raises BadCallback."""
    given = request.headers.get("x-twilio-signature", "")
    secret = settings.get("auth_token", "")
    if not secret or not given:
        raise BadCallback("no signature, or no secret to check it with")
    expected = signature(secret, request.url, request.form)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise BadCallback("the signature is wrong")


def twiml(inner: str) -> str:
    """A TwiML document."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'


def xml(text: str) -> str:
    """Text for an element or a quoted attribute; what XML cannot hold is left out."""
    kept = "".join(
        c for c in text if c in "\t\n" or (c >= "\x20" and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff")
    )
    return escape(kept, {'"': "&quot;"})
