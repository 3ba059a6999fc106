"""What a session says of second factors: whether one was shown in it, and what was proven a moment ago (A42, A68)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.models.users import ADMIN_ROLES
from accounts.queries import organisation
from accounts.sessions import BEGUN
from core import clock

FACTOR, PROOF = "second_factor", "proof"
FRESH = timedelta(minutes=10)
ENROL, PROVE = "/profile/security/enrol/", "/profile/security/prove/"


def mark(session: SessionBase, user: User) -> None:
    """This person has shown a second factor in this session."""
    session[FACTOR] = {"of": user.pk, "at": clock.now().timestamp()}


def unmark(session: SessionBase) -> None:
    """What was shown in this session is gone: it counts no more."""
    session.pop(FACTOR, None)


def stands(session: SessionBase, user: User) -> bool:
    """Whether this session of the person was opened, or gone on with, by a second factor."""
    return bool(session.get(FACTOR, {}).get("of") == user.pk)


def has_factor(user: User) -> bool:
    """Whether the person has an app or a passkey; recovery codes alone are none."""
    return bool(kinds_of(user) - {Authenticator.Type.RECOVERY_CODES})


def kinds_of(user: User) -> set[str]:
    """What the person has, of totp, webauthn and recovery_codes."""
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))


def without_factor(people: QuerySet[User]) -> QuerySet[User]:
    """Of these people, those who have neither an app nor a passkey."""
    kept = Authenticator.objects.filter(user=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return people.exclude(Exists(kept))


def is_needed(user: User) -> bool:
    """Whether this person needs a second factor: whoever may enter the administration, while the rule is on.

    Responders never: a page at night is answered without (docs/responders/index.md).
    """
    if user.role not in ADMIN_ROLES:
        return False
    rule: bool | None = getattr(user, "factor_rule", None)
    return organisation().staff_factor if rule is None else rule


def is_held_up(session: SessionBase, user: User) -> bool:
    """Whether nothing opens in this session until the person has set up or shown a second factor."""
    return user.role in ADMIN_ROLES and not stands(session, user) and is_needed(user)


def leads_to(request: HttpRequest) -> str:
    """Where a person who is held up is led; empty for everybody else."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not is_held_up(request.session, user):
        return ""
    return PROVE if has_factor(user) else ENROL


def note_proof(session: SessionBase, user: User) -> None:
    """The person has just given the password, and a second factor where there is one."""
    session[PROOF] = {"of": user.pk, "at": clock.now().timestamp()}


def is_proven(session: SessionBase, user: User) -> bool:
    """Whether that was a moment ago, for an act that has not spent it yet."""
    found: dict[str, Any] = session.get(PROOF, {})
    return found.get("of") == user.pk and _is_fresh(found.get("at", 0.0))


def spend_proof(session: SessionBase) -> None:
    """One proof is for one act."""
    session.pop(PROOF, None)


def is_fresh(session: SessionBase, user: User) -> bool:
    """Whether a further factor may be added: a moment after the sign-in, or after a proof."""
    return _is_fresh(session.get(BEGUN, 0.0)) or is_proven(session, user)


def _is_fresh(at: float) -> bool:
    return 0 <= clock.now().timestamp() - at <= FRESH.total_seconds()
