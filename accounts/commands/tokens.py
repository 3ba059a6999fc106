"""Verbs of API tokens: issue and revoke."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.commands import shapes
from accounts.models import ApiToken, User
from accounts.permissions import SCOPES, TOKEN_ISSUE, TOKEN_REVOKE, require
from accounts.queries import digest_of
from core import audit, clock
from core.db import locked
from core.errors import Conflict, Forbidden, Invalid

PREFIX = "wb_"
MOST = 50  # usable tokens of one person


@transaction.atomic
def issue(
    actor: Actor, user: User, name: str, scopes: Collection[str], expires: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token for oneself and return it with its raw text, which is never shown again (A44).

    Tokens cannot make tokens. `expires` is an aware time in the future, or None for never. Raises Invalid.
    """
    require(actor, TOKEN_ISSUE, user)
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise Invalid("Choose among read, write and admin.", fields={"scopes": ["Choose among read, write and admin."]})
    if expires is not None and expires <= clock.now():
        raise Invalid("The end lies in the past.", fields={"expires_at": ["Choose a time in the future."]})
    if not locked(User.objects.filter(pk=user.pk)).get().is_active:
        raise Forbidden("This account has been shut.", code="inactive", hint="Ask an administrator.")
    if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MOST:
        raise Conflict(f"There are {MOST} tokens already.", code="too_many_tokens", hint="Revoke one first.")
    raw = PREFIX + secrets.token_urlsafe(32)
    made = ApiToken.objects.create(
        user=user,
        name=shapes.name(name, limit=80),
        prefix=raw[:8],
        digest=digest_of(raw),
        scopes=[scope for scope in SCOPES if scope in scopes],
        expires_at=expires,
    )
    audit.write(actor, "token.issue", f"token:{made.pk}", after={"user": user.pk, "scopes": made.scopes})
    return made, raw


@transaction.atomic
def revoke(actor: Actor, token: ApiToken) -> ApiToken:
    """End a token at once; revoking it again changes nothing."""
    require(actor, TOKEN_REVOKE, token)
    changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now())
    if changed:
        audit.write(actor, "token.revoke", f"token:{token.pk}", before={"user": token.user_id})
    token.refresh_from_db()
    return token
