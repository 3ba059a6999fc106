"""The files of an incident, one at a time, to those who may read its timeline (A6, A7, A36)."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpRequest
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from core.web.doors import actor_of, signed_in
from incidents.queries.access import incident_seen_by
from incidents.queries.attachments import HEADERS, attachment_seen_by, bytes_of


@signed_in
@require_safe
def attachment(request: HttpRequest, number: int, file: str) -> Any:
    """A picture in its place, or a text to be saved; `?small` asks for the picture that a timeline shows."""
    actor: Actor = actor_of(request)
    found = attachment_seen_by(actor, incident_seen_by(actor, number), file)
    small = found.is_image and "small" in request.GET
    etag = f'"{found.sha256[:32]}{"-small" if small else ""}"'
    response: Any = get_conditional_response(request, etag)
    if response is None:
        stored, kind = bytes_of(found, small=small)
        response = FileResponse(stored, content_type=kind, as_attachment=not found.is_image, filename=found.name)
    for name, value in {**HEADERS, "ETag": etag}.items():
        response[name] = value
    return response
