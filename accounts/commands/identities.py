"""Verbs of identities: somebody comes from the identity provider, an administrator unbinds (A51)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts import actors
from accounts.actors import Actor
from accounts.commands import invitations, users
from accounts.emails import clean as clean_email
from accounts.models import Identity, User
from accounts.permissions import USER_EDIT, require
from core import audit, clock
from core.db import locked
from core.errors import Conflict, Forbidden, Invalid, Missing

LONGEST = 255  # signs of a subject (OpenID Connect Core, 2)


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider says of somebody, after its signature has been checked; `verified` speaks of the address."""

    issuer: str
    subject: str
    email: str
    verified: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who came; `joined` where it was by an invitation just now."""

    user: User
    joined: bool


def arrive(claims: Claims) -> Arrived:
    """The person behind the provider's claims, which are the right to come in.

    Known subjects are their person whatever their address is now. A new one is bound to the active person, or to
    the waiting invitation, of an address that the provider has verified; nobody signs up by himself. Raises Forbidden
    (`inactive`, `unverified`, `bound`, `unknown`).
    """
    found = Identity.objects.select_related("user").filter(issuer=claims.issuer, subject=claims.subject).first()
    if found is not None:
        _refuse_inactive(found.user)
        Identity.objects.filter(pk=found.pk).update(used_at=clock.now())
        return Arrived(found.user, joined=False)
    if not claims.verified:
        raise Forbidden(
            "The identity provider does not vouch for your e-mail address.",
            code="unverified",
            hint="Sign in with your password, or have the address verified there.",
        )
    return _first_time(claims, _address(claims.email))


@transaction.atomic
def unbind(actor: Actor, identity: Identity) -> None:
    """Forget which account at the provider a person has: the next sign-in from there binds anew, by the address.

    The person's sessions end, since whoever has that account may have opened them; Forbidden for a role above (A60).
    """
    require(actor, USER_EDIT, identity.user)
    users.end_sessions(actor, identity.user)
    before = {"user": identity.user_id, "issuer": identity.issuer}
    Identity.objects.filter(pk=identity.pk).delete()
    audit.write(actor, "identity.unbind", f"identity:{identity.pk}", before=before)


@transaction.atomic
def _first_time(claims: Claims, email: str) -> Arrived:
    user = locked(User.objects.filter(email=email)).first()
    joined = user is None
    if user is None:
        user = _invited(claims, email)
    _refuse_inactive(user)
    now = clock.now()
    try:
        with transaction.atomic():
            made = Identity.objects.create(user=user, issuer=claims.issuer, subject=claims.subject, used_at=now)
    except IntegrityError as error:  # an address that was given to another account there
        raise Forbidden(
            "Another account of the identity provider belongs to this person.",
            code="bound",
            hint="Ask an administrator to unbind the former one.",
        ) from error
    who, after = actors.person(user, via="single sign-on"), {"user": user.pk, "issuer": claims.issuer}
    audit.write(who, "identity.bind", f"identity:{made.pk}", after=after)
    return Arrived(user, joined=joined)


def _invited(claims: Claims, email: str) -> User:
    try:
        waiting = invitations.waiting_for(email)
        return invitations.accept_proven(waiting, name=_name(claims.name) or waiting.name)
    except (Missing, Conflict) as error:
        raise Forbidden(
            "Nobody here has the address that the identity provider gave.",
            code="unknown",
            hint="Ask an administrator to invite you.",
        ) from error


def _refuse_inactive(user: User) -> None:
    if not user.is_active:
        raise Forbidden("This account has been shut.", code="inactive", hint="Ask an administrator.")


def _address(email: str) -> str:
    try:
        return clean_email(email)
    except Invalid as error:
        raise Forbidden("The identity provider gave no e-mail address of yours.", code="unverified") from error


def _name(text: str) -> str:
    """The provider's name for somebody where it fits; the inviter's stays where it does not."""
    plain = " ".join(text.split())
    return plain if plain.isprintable() and len(plain) <= 120 else ""
