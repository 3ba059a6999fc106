"""Where carriers report: signature checked over what they sent and the public address, never the Host header (A33)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core import links
from core.errors import Forbidden, Invalid
from notifications.commands.callbacks import config_for, receive
from notifications.kinds import BadCallback, CallbackRequest

LONGEST = 64 * 1024
MOST_FIELDS = 200


@csrf_exempt  # a carrier has no session; its signature stands for it
@never_cache
@require_POST
def callback(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """Take a carrier's post; 403 without a valid signature, 404 for an unknown address."""
    carrier, config = config_for(provider, token)
    try:
        sentence = receive(carrier, config, read(request))
    except BadCallback as error:
        raise Forbidden("The signature of this call-back is not valid.", code="bad_signature") from error
    content_type, body = carrier.callback_answer(sentence)
    return HttpResponse(body, content_type=f"{content_type}; charset=utf-8")


def read(request: HttpRequest) -> CallbackRequest:
    """The post in plain values, decoded once and strictly; raises Invalid."""
    body = request.body
    if len(body) > LONGEST:
        raise Invalid("This call-back is too long.")
    query = request.META.get("QUERY_STRING", "")
    try:
        text = body.decode("ascii")
        form = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        asked = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError as error:
        raise Invalid("This call-back cannot be read.") from error
    if any("\0" in part for pair in [*form, *asked.items()] for part in pair):
        raise Invalid("This call-back holds a character that cannot be stored.")
    url = links.absolute(request.path) + (f"?{query}" if query else "")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return CallbackRequest(url=url, headers=headers, query=asked, form=form, body=body)
