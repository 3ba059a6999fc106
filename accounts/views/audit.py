"""The audit for those who do not enter the administration: one's own acts, and what belongs to one's teams."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.actors import Actor
from accounts.permissions import AUDIT_SEE, can
from accounts.reading import entries_seen_by
from core.audit_words import told
from core.web.doors import actor_of, part_of, signed_in


@signed_in
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The entries that the person may read, newest first."""
    actor: Actor = actor_of(request)
    rows = entries_seen_by(actor)
    mine = request.GET.get("mine") == "1"
    part = part_of(request, rows.filter(actor=actor.key) if mine else rows)
    context = {
        "part": part,
        "older": part.older,
        "told": told(part.rows),
        "mine": mine,
        "sees_all": can(actor, AUDIT_SEE),
        "crumbs": [("Audit", "")],
    }
    return render(request, "accounts/audit.html", context)
