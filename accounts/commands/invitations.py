"""Verbs of invitations: invite, resend, revoke, accept (A40)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts import actors
from accounts.actors import Actor
from accounts.commands import shapes, teams, users
from accounts.emails import clean as clean_email
from accounts.models import Invitation, Team, User
from accounts.models.invitations import LIFE
from accounts.permissions import INVITATION_SEND, USER_EDIT, can, require
from accounts.queries import digest_of
from core import audit, clock, throttle
from core.db import locked
from core.errors import Conflict, Forbidden, Invalid, Missing
from core.jobs import enqueue
from core.secrets import encrypt

HOUR, DAY = 60 * 60, 24 * 60 * 60  # seconds
PER_HOUR, PER_ADDRESS = 100, 5  # of one person an hour; mails to one address a day
GONE = "This invitation has been used, has run out or was taken back."


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation on its way; `raw` is its token for those who hand it over themselves, else empty."""

    invitation: Invitation
    raw: str


def invite(
    actor: Actor,
    *,
    email: str,
    name: str,
    role: str = "responder",
    team: Team | None = None,
    team_role: str = "member",
) -> Sent:
    """Ask somebody in by mail, into a team where one is named.

    Managers and process owners invite responders into their teams, administrators anybody up to their own rank
    (A60). Raises Forbidden, Invalid, TooMany, and Conflict (`taken`, `invited`) for an address that is known.
    """
    require(actor, INVITATION_SEND, team)
    _refuse_beyond(actor, shapes.role(role), team)
    made = Invitation(email=clean_email(email), name=shapes.name(name), role=role, team=team, team_role=team_role)
    _check_team(made)
    _count(actor, made.email)
    made.invited_by = _inviter(actor)
    with transaction.atomic():
        _refuse_known(made.email)
        _make_room(made.email)
        raw = _seal(made)
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError as error:
            raise _invited() from error
        enqueue("accounts.invitation_mail", str(made.pk))
        audit.write(actor, "invitation.send", f"invitation:{made.pk}", after=_said(made))
    return Sent(made, raw if _hands_over(actor) else "")


def resend(actor: Actor, invitation: Invitation) -> Sent:
    """Mail a new link, which is good for a week; the former one opens nothing from now on.

    Raises Conflict (`over`) once the person has joined or the invitation was revoked, and TooMany.
    """
    require(actor, INVITATION_SEND, invitation)
    _refuse_beyond(actor, invitation.role, invitation.team)
    _count(actor, invitation.email)
    with transaction.atomic():
        invitation = _held(invitation)
        _refuse_known(invitation.email)
        raw = _seal(invitation)
        invitation.invited_by = _inviter(actor)
        invitation.save(update_fields=["digest", "sealed", "made_at", "expires_at", "invited_by"])
        enqueue("accounts.invitation_mail", str(invitation.pk))
        audit.write(actor, "invitation.resend", f"invitation:{invitation.pk}", after=_said(invitation))
    return Sent(invitation, raw if _hands_over(actor) else "")


@transaction.atomic
def revoke(actor: Actor, invitation: Invitation) -> Invitation:
    """Take an invitation back: its link opens nothing any more; raises Conflict (`over`) when it is too late."""
    require(actor, INVITATION_SEND, invitation)
    _refuse_beyond(actor, invitation.role, invitation.team)
    invitation = _held(invitation)
    invitation.revoked_at, invitation.sealed = clock.now(), ""
    invitation.save(update_fields=["revoked_at", "sealed"])
    audit.write(actor, "invitation.revoke", f"invitation:{invitation.pk}", before=_said(invitation))
    return invitation


def open_to(raw: str) -> Invitation:
    """The invitation that this token opens; Missing for a used, expired, revoked or guessed one alike (A40)."""
    return _standing(Invitation.objects.filter(digest=digest_of(raw)))


def waiting_for(email: str) -> Invitation:
    """The invitation that waits for an address which somebody has proven to be his or hers; Missing without one."""
    return _standing(Invitation.objects.filter(email=email))


def accept(raw: str, *, name: str, password: str, time_zone: str = "UTC") -> User:
    """Join by the link, which is spent: of two at once exactly one does, the other gets Missing (A40).

    The token is the right to do so. Raises Invalid for a weak password, which leaves the link open.
    """
    found = open_to(raw)
    users.check_password_rules(password, User(email=found.email, name=shapes.name(name)))
    hashed = make_password(password)  # slow on purpose: before the row is held
    return _join(found, name=name, time_zone=time_zone, password=password, hashed=hashed)


def accept_proven(invitation: Invitation, *, name: str, time_zone: str = "UTC") -> User:
    """Join without a password, for somebody whose identity provider vouches for the invited address (A51)."""
    return _join(invitation, name=name, time_zone=time_zone)


@transaction.atomic
def _join(invitation: Invitation, *, name: str, time_zone: str, **secret: Any) -> User:
    now = clock.now()
    rows = Invitation.objects.filter(pk=invitation.pk, digest=invitation.digest, accepted_at=None, revoked_at=None)
    if not rows.filter(expires_at__gt=now).update(accepted_at=now, sealed=""):
        raise Missing(GONE)
    portal = actors.system("Invitation", on_behalf_of=invitation.invited_by.name)
    user = users.create(portal, email=invitation.email, name=name, role=invitation.role, time_zone=time_zone, **secret)
    if invitation.team is not None:
        teams.join(portal, invitation.team, user=user, role=invitation.team_role)
    Invitation.objects.filter(pk=invitation.pk).update(joined=user)
    audit.write(actors.person(user), "invitation.accept", f"invitation:{invitation.pk}", after={"user": user.pk})
    return user


def _standing(rows: Any) -> Invitation:
    """The one of these rows that waits and whose inviter may still invite so; a right that was lost is not left on."""
    waiting = rows.filter(accepted_at=None, revoked_at=None, expires_at__gt=clock.now())
    found: Invitation | None = waiting.select_related("team", "invited_by").first()
    if found is None or not _may(actors.person(found.invited_by), found.role, found.team):
        raise Missing(GONE)
    return found


def _may(actor: Actor, role: str, team: Team | None) -> bool:
    wide = team is None or role != "responder"
    return can(actor, INVITATION_SEND, team) and (not wide or can(actor, USER_EDIT))


def _refuse_beyond(actor: Actor, role: str, team: Team | None) -> None:
    if not _may(actor, role, team):
        said, hint = "You may invite responders into teams that you manage.", "Ask an administrator."
        raise Forbidden(said, code="forbidden", hint=hint, lacking=(USER_EDIT, None))
    users.refuse_above(actor, role)


def _check_team(made: Invitation) -> None:
    if made.team_role not in teams.ROLES:
        raise Invalid("There is no such role in a team.", fields={"team_role": ["Use member or manager."]})
    if made.team is not None and made.role == "stakeholder":
        raise Invalid("A stakeholder is in no team.", fields={"team": ["Leave it empty for a stakeholder."]})


def _count(actor: Actor, email: str) -> None:
    """Nobody's mailbox is filled by us (A54)."""
    throttle.hit("invitation-sender", actor.key, PER_HOUR, HOUR)
    throttle.hit("invitation-address", email, PER_ADDRESS, DAY)


def _inviter(actor: Actor) -> User:
    if actor.user is None:
        raise Forbidden("An invitation comes from a person.", code="forbidden")
    return actor.user


def _refuse_known(email: str) -> None:
    """Told plainly: whoever may invite sees the people anyhow, and the address is refused before any mail."""
    found = User.objects.filter(email__iexact=email).first()
    if found is not None:
        hint = "" if found.is_active else "An administrator can reactivate the account."
        sentence = "Somebody with this e-mail address is here already."
        raise Conflict(sentence, code="taken", hint=hint, fields={"email": [f"{sentence} {hint}".strip()]})


def _make_room(email: str) -> None:
    """What has run out gives way to a new invitation of the same address."""
    now = clock.now()
    same = Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None, expires_at__lte=now)
    same.update(revoked_at=now, sealed="")


def _invited() -> Conflict:
    sentence = "This address has been invited already."
    hint = "Send that invitation again instead."
    return Conflict(sentence, code="invited", hint=hint, fields={"email": [f"{sentence} {hint}"]})


def _seal(invitation: Invitation) -> str:
    """A new token of 192 random bits and a week; stored are its digest, and itself encrypted until it is mailed."""
    raw = secrets.token_urlsafe(24)
    invitation.digest, invitation.sealed = digest_of(raw), encrypt(raw)
    invitation.made_at = clock.now()
    invitation.expires_at = invitation.made_at + LIFE
    return raw


def _hands_over(actor: Actor) -> bool:
    """Whether the link is shown: without a mail server, to those who could make the account by themselves."""
    return not settings.EMAIL_URL and can(actor, USER_EDIT)


def _held(invitation: Invitation) -> Invitation:
    found = locked(Invitation.objects.filter(pk=invitation.pk)).first()
    if found is None or found.state in {"joined", "revoked"}:
        raise Conflict("This invitation is over.", code="over", hint="Reload the page to see how it ended.")
    return found


def _said(invitation: Invitation) -> dict[str, Any]:
    return {"email": invitation.email, "role": invitation.role, "team": invitation.team_id}
