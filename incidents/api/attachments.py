"""Files over the API: an entry with files is sent as multipart/form-data, everything else stays JSON (RES-06)."""

from __future__ import annotations

from typing import Any

from django.db.models import Value
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import require
from core.api.base import ApiView, ListView, SignedIn
from core.errors import Invalid
from incidents import permissions
from incidents.api import entries, inputs
from incidents.commands import attachments
from incidents.commands.attachments import Upload
from incidents.engine.files import LARGEST, PLAIN, SUFFIXES
from incidents.queries.access import incident_seen_by
from incidents.queries.attachments import HEADERS, attachment_seen_by, attachments_seen_by, bytes_of

STORED = (*SUFFIXES, PLAIN)  # the kinds that a file can be of once it was made anew


class Attachments(ListView):
    """The files of an incident."""

    permission_classes = [SignedIn]
    parser_classes = [MultiPartParser]
    repeatable = False  # the body has been read part by part: there is nothing whole to compare a repeat with
    orderings = {"newest": ("-pk",), "oldest": ("pk",)}

    @extend_schema(operation_id="attachments_list", responses=entries.AttachmentShape(many=True))
    def get(self, request: Request, number: int) -> Response:
        """List the files."""
        rows = attachments_seen_by(self.actor, incident_seen_by(self.actor, number))
        return self.page(rows.annotate(number=Value(number)), entries.AttachmentShape)

    @extend_schema(
        operation_id="attachments_add",
        request={"multipart/form-data": inputs.FilesInput},
        responses={201: entries.EntryShape},
    )
    def post(self, request: Request, number: int) -> Response:
        """Write an entry with one to five files; 413 for what is too big, 415 for what is no picture and no text."""
        incident = incident_seen_by(self.actor, number)
        require(self.actor, permissions.TIMELINE_NOTE, incident)  # before megabytes are read
        if not request.FILES.getlist("files"):
            raise Invalid("Send one to five files.", fields={"files": ["Is missing."]})
        given: dict[str, Any] = self.parse(inputs.FilesInput)
        form: Any = request.data
        alts = [*form.getlist("alt"), *[""] * attachments.MOST]
        sent = request.FILES.getlist("files")
        uploads = [Upload(f.name or "", f.read(LARGEST + 1), alt) for f, alt in zip(sent, alts, strict=False)]
        said = {name: value for name, value in given.items() if name not in ("files", "alt")}
        made = attachments.attach(self.actor, incident, uploads=uploads, **said)
        data = entries.EntryShape(made, context={"request": request}).data
        return Response(data, status=status.HTTP_201_CREATED)


class OneAttachment(ApiView):
    """The bytes of one file."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="attachments_read", responses={(200, *STORED): OpenApiTypes.BINARY})
    def get(self, request: Request, number: int, file: str) -> FileResponse:
        """The file as it is stored."""
        found = attachment_seen_by(self.actor, incident_seen_by(self.actor, number), file)
        stored, kind = bytes_of(found)
        return FileResponse(stored, content_type=kind, as_attachment=True, filename=found.name, headers=HEADERS)
