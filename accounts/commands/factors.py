"""Verbs of second factors: add an app or a passkey, rename, remove, spend a code, make recovery codes, reset (A42)."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.db import transaction

from accounts import guessing
from accounts.actors import Actor
from accounts.actors import person as person_actor
from accounts.commands import shapes, users
from accounts.models import User
from accounts.models.users import ADMIN_ROLES
from accounts.permissions import FACTOR_EDIT, FACTOR_RESET, require
from accounts.queries import place_managed_by
from accounts.second_factor import is_needed
from accounts.telling import tell
from core import audit, clock, secrets, throttle
from core.db import locked
from core.errors import Conflict, Forbidden, Invalid

Type = Authenticator.Type
STEP = 30  # seconds that a code of an app is shown
MOST = 20  # passkeys of one person
WRONG = "This code is wrong, or has been used."
log = structlog.get_logger("portal.sign_in")


def new_secret() -> str:
    """The seed of an app that is to be added: 160 random bits in base 32."""
    return str(generate_totp_secret())


def spend_code(user: User, code: str, *, address: str = "") -> Authenticator:
    """Use a code of the person's app, or a recovery code, up.

    Raises Invalid for a wrong or used one, TooMany after five wrong ones in a quarter of an hour, of which the person
    is told. Codes of an app are good one step early or late, and each once (A42).
    """
    person = str(user.pk)
    guessing.count(guessing.CODE, person, person=person, mail="codes_guessed", address=address)
    found = _spent(user, code)
    if found is None:
        raise Invalid(WRONG, fields={"code": [WRONG]})
    throttle.give_back(guessing.CODE.name, person)
    return found


@transaction.atomic
def _spent(user: User, code: str) -> Authenticator | None:
    rows = Authenticator.objects.filter(user=user).exclude(type=Type.WEBAUTHN).order_by("pk")
    for row in locked(rows):
        try:
            right = _spend_step(row, code) if row.type == Type.TOTP else row.wrap().validate_code(code)
        except ValueError:  # sealed with a key that is no longer ours
            log.error("a second factor cannot be opened with WATCHBILL_FIELD_KEYS", person=user.pk)
            continue
        if right:
            if row.type == Type.RECOVERY_CODES:
                _tell_of_code(user, row)
            return row
    return None


def _tell_of_code(user: User, codes: Authenticator) -> None:
    """Whoever found the paper with the codes is not alone in knowing."""
    codes.refresh_from_db()  # the library has marked the code in a row of its own
    left = {"left": len(codes.wrap().get_unused_codes())}
    tell("code_used", user.pk, audit.write(person_actor(user), "factor.use_code", f"user:{user.pk}", after=left))


def _spend_step(row: Authenticator, code: str) -> bool:
    step = _step_of(secrets.decrypt(row.data["secret"]), code, after=row.data.get("spent", 0))
    if step is None:
        return False
    row.data["spent"] = step
    row.save(update_fields=["data"])
    return True


def _step_of(secret: str, code: str, *, after: int = 0) -> int | None:
    """The step of now, or one before or after, whose code this is; None where there is none later than `after`."""
    now = int(clock.now().timestamp()) // STEP
    for step in (now - 1, now, now + 1):
        if step > after and compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return step
    return None


@transaction.atomic
def add_app(actor: Actor, user: User, *, secret: str, code: str) -> list[str]:
    """Add the app that shows this code; gives the recovery codes where these are the person's first.

    Raises Invalid for a wrong code and Conflict (`app_exists`) where there is an app already.
    """
    require(actor, FACTOR_EDIT, user)
    locked(User.objects.filter(pk=user.pk)).get()
    step = _step_of(secret, code)
    if step is None:
        sentence = "This is not the code that the app shows now. Is the phone's clock right?"
        raise Invalid(sentence, fields={"code": [sentence]})
    if Authenticator.objects.filter(user=user, type=Type.TOTP).exists():
        raise Conflict("There is an app already.", code="app_exists", hint="Remove it first.")
    data = {"secret": secrets.encrypt(secret), "spent": step}
    made = Authenticator.objects.create(user=user, type=Type.TOTP, data=data, created_at=clock.now())
    return _added(actor, user, made)


@transaction.atomic
def add_passkey(actor: Actor, user: User, *, name: str, credential: dict[str, Any]) -> list[str]:
    """Add a passkey whose answer to our challenge has been checked; gives recovery codes as `add_app` does."""
    require(actor, FACTOR_EDIT, user)
    locked(User.objects.filter(pk=user.pk)).get()
    if Authenticator.objects.filter(user=user, type=Type.WEBAUTHN).count() >= MOST:
        raise Conflict(f"There are {MOST} passkeys already.", code="too_many_passkeys", hint="Remove one first.")
    data = {"name": shapes.name(name, limit=60), "credential": credential}
    made = Authenticator.objects.create(user=user, type=Type.WEBAUTHN, data=data, created_at=clock.now())
    return _added(actor, user, made)


def _added(actor: Actor, user: User, made: Authenticator) -> list[str]:
    has_codes = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).exists()
    codes = [] if has_codes else RecoveryCodes.activate(user).generate_codes()
    tell("factor_added", user.pk, audit.write(actor, "factor.add", f"user:{user.pk}", after=_said(made)))
    return codes


def _said(factor: Authenticator) -> dict[str, Any]:
    """What the audit, and by it the mail, says of a factor; an app has no name."""
    name = {"name": factor.data["name"]} if factor.data.get("name") else {}
    return {"type": factor.type, "factor": factor.pk, **name}


@transaction.atomic
def rename_passkey(actor: Actor, user: User, factor: Authenticator, *, name: str) -> Authenticator:
    """Call a passkey by another name; raises Invalid."""
    require(actor, FACTOR_EDIT, user)
    row = _own(user, factor)
    before, row.data["name"] = row.data.get("name", ""), shapes.name(name, limit=60)
    row.save(update_fields=["data"])
    after = {"name": row.data["name"]}
    audit.write(actor, "factor.rename", f"user:{user.pk}", before={"name": before}, after=after)
    return row


@transaction.atomic
def remove_factor(actor: Actor, user: User, factor: Authenticator) -> User:
    """Remove an app or a passkey; with the last one the recovery codes go, and the sessions that it has opened.

    The door has asked for the password and a code, and renews its own session (`update_session_auth_hash`). Raises
    Conflict (`last_factor`) where the person needs one.
    """
    require(actor, FACTOR_EDIT, user)
    user = locked(User.objects.filter(pk=user.pk)).get()
    row = _own(user, factor)
    others = Authenticator.objects.filter(user=user).exclude(pk=row.pk).exclude(type=Type.RECOVERY_CODES)
    if not others.exists():
        if is_needed(user):
            hint = "Add another one first."
            raise Conflict("This is your last one, and your role needs one.", code="last_factor", hint=hint)
        Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).delete()
        if user.role in ADMIN_ROLES:  # what they have shown counts no more should the rule be turned on again (A68)
            user = users.end_sessions(actor, user)
    before = _said(row)
    row.delete()
    tell("factor_removed", user.pk, audit.write(actor, "factor.remove", f"user:{user.pk}", before=before))
    return user


@transaction.atomic
def make_recovery_codes(actor: Actor, user: User) -> list[str]:
    """Ten new recovery codes, which end the former ones; they are shown this once."""
    require(actor, FACTOR_EDIT, user)
    locked(User.objects.filter(pk=user.pk)).get()
    rows = Authenticator.objects.filter(user=user)
    if not rows.exclude(type=Type.RECOVERY_CODES).exists():
        raise Conflict("Recovery codes come with a second factor.", code="no_factor", hint="Add an app or a passkey.")
    rows.filter(type=Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    tell("codes_made", user.pk, audit.write(actor, "factor.make_codes", f"user:{user.pk}"))
    return codes


@transaction.atomic
def reset_factors(actor: Actor, user: User) -> User:
    """Take a colleague's second factors away who has lost them; his or her sessions end and a mail says so.

    A manager of a team of his or hers may, and an administrator; those of process owners and administrators are for
    administrators alone, and nobody resets his own (A60).
    """
    require(actor, FACTOR_RESET, place_managed_by(user, actor.user) or user)
    if actor.user is not None and actor.user.pk == user.pk:
        raise Forbidden("You may not reset your own.", code="own_factors", hint="Remove them under Security.")
    user = users.end_sessions(actor, user)
    rows = Authenticator.objects.filter(user=user)
    before = {"types": sorted(rows.values_list("type", flat=True))}
    rows.delete()
    tell("factors_reset", user.pk, audit.write(actor, "factor.reset", f"user:{user.pk}", before=before))
    return user


def _own(user: User, factor: Authenticator) -> Authenticator:
    found = locked(Authenticator.objects.filter(user=user, pk=factor.pk)).first()
    if found is None:
        raise Conflict("This factor is gone.", code="gone", hint="Reload the page.")
    return found
