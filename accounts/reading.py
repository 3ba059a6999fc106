"""Who may read which entries of the audit: one's own acts, what one's teams own as their manager, or all (A57)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from accounts.kinds import audited_for
from accounts.models import Membership
from accounts.permissions import AUDIT_READ, AUDIT_SEE, can, require
from core.models import AuditEntry


def entries_seen_by(actor: Actor) -> QuerySet[AuditEntry]:
    """The entries that the actor may read; raises Forbidden for whoever may read none."""
    require(actor, AUDIT_READ)
    if can(actor, AUDIT_SEE):
        return AuditEntry.objects.all()
    if actor.user is None:
        return AuditEntry.objects.none()
    roles = actor.user.team_roles()
    managed = {team for team, role in roles.items() if role == Membership.MANAGER}
    return AuditEntry.objects.filter(Q(actor=actor.key) | Q(thing__in=audited_for(actor, managed)))


def teams_of(managed: set[int], actor: Actor) -> Iterable[str]:
    """The teams themselves: who joined, who left, how they are called."""
    return (f"team:{pk}" for pk in managed)
