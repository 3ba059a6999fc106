"""Verbs of people: create, edit, change role, deactivate, reactivate, set a password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.actors import Actor
from accounts.commands import shapes
from accounts.emails import clean as clean_email
from accounts.facts import UserCreated, UserDeactivated
from accounts.models import ApiToken, User
from accounts.models.users import RANKS
from accounts.permissions import PASSWORD_EDIT, PROFILE_EDIT, USER_EDIT, require
from accounts.telling import tell
from core import audit, clock
from core.db import bump, check_version, locked
from core.errors import Conflict, Forbidden, Invalid
from core.facts import record

HIGHEST = max(RANKS.values())


@transaction.atomic
def create(
    actor: Actor,
    *,
    email: str,
    name: str,
    role: str = "responder",
    time_zone: str = "UTC",
    password: str | None = None,
    hashed: str = "",
) -> User:
    """Make a person; without a password he or she sets one through the mailed reset link.

    `hashed` is the password's hash where the caller has made it before the transaction, since that is slow.

    Raises Invalid, Conflict (`taken`) for a known address, Forbidden for a role above the actor's (A60).
    """
    require(actor, USER_EDIT)
    refuse_above(actor, shapes.role(role))
    made = User(email=clean_email(email), name=shapes.name(name), role=role, time_zone=shapes.zone(time_zone))
    if password is not None:
        check_password_rules(password, made)
    made.password = hashed or make_password(password)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("Somebody with this e-mail address is here already.", code="taken") from error
    record(UserCreated(user_id=made.pk))
    audit.write(actor, "user.create", f"user:{made.pk}", after={"email": made.email, "name": made.name, "role": role})
    return made


@transaction.atomic
def edit_profile(actor: Actor, user: User, *, version: int | None = None, **changes: Any) -> User:
    """Change one's own name, time zone, language, look, keys or announcements; raises Invalid, Conflict (`stale`)."""
    require(actor, PROFILE_EDIT, user)
    return _edit(actor, user, version, {key: shapes.PROFILE[key](value) for key, value in _known(changes).items()})


@transaction.atomic
def edit(actor: Actor, user: User, *, version: int | None = None, email: str | None = None, **changes: Any) -> User:
    """Change another's profile or e-mail address; sessions end with the address (A28)."""
    require(actor, USER_EDIT, user)
    refuse_above(actor, user.role)
    cleaned = {key: shapes.PROFILE[key](value) for key, value in _known(changes).items()}
    if email is not None:
        cleaned["email"] = clean_email(email)
    try:
        with transaction.atomic():
            return _edit(actor, user, version, cleaned)
    except IntegrityError as error:
        raise Conflict("Somebody with this e-mail address is here already.", code="taken") from error


@transaction.atomic
def change_role(actor: Actor, user: User, *, role: str, version: int | None = None) -> User:
    """Give a person another role; every session of his or hers ends (A28).

    Nobody grants above his or her own rank or changes his or her own role, and the last administrator
    stays (A60): Forbidden, Forbidden, Conflict (`last_administrator`).
    """
    require(actor, USER_EDIT, user)
    refuse_above(actor, shapes.role(role))
    user = _held_with_administrators(user)
    check_version(user, version)
    refuse_above(actor, user.role)
    if actor.user is not None and actor.user.pk == user.pk:
        raise Forbidden("You may not change your own role.", code="own_role", hint="Ask another administrator.")
    if role == user.role:
        return user
    if role != "administrator":
        _keep_one_administrator(user)
    before, user.role = user.role, role
    _end_sessions(user, "role")
    audit.write(actor, "user.change_role", f"user:{user.pk}", before={"role": before}, after={"role": role})
    return user


@transaction.atomic
def deactivate(actor: Actor, user: User) -> User:
    """Shut a person out at once: sessions, sockets and tokens end in this transaction, others take over (S50).

    Raises Conflict (`last_administrator`) rather than leaving nobody who can let people in (A60).
    """
    require(actor, USER_EDIT, user)
    user = _held_with_administrators(user)
    refuse_above(actor, user.role)
    if not user.is_active:
        return user
    _keep_one_administrator(user)
    user.is_active, user.deactivated_at = False, clock.now()
    _end_sessions(user, "is_active", "deactivated_at")
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=clock.now())
    record(UserDeactivated(user_id=user.pk))
    audit.write(actor, "user.deactivate", f"user:{user.pk}", before={"active": True}, after={"active": False})
    return user


@transaction.atomic
def reactivate(actor: Actor, user: User, *, keep_password: bool = True) -> User:
    """Let a person in again; former tokens and sessions stay dead, and so does a password that is not kept."""
    require(actor, USER_EDIT, user)
    user = locked(User.objects.filter(pk=user.pk)).get()
    refuse_above(actor, user.role)
    if user.is_active:
        return user
    user.is_active, user.deactivated_at = True, None
    if not keep_password:
        user.password = make_password(None)
    _end_sessions(user, "is_active", "deactivated_at", "password")
    record(UserCreated(user_id=user.pk))
    after: dict[str, Any] = {"active": True} if keep_password else {"active": True, "password": "none"}
    audit.write(actor, "user.reactivate", f"user:{user.pk}", before={"active": False}, after=after)
    return user


def set_password(actor: Actor, user: User, *, password: str, hashed: str = "") -> User:
    """Set one's own password; every other session ends with it (A28), and a mail says so.

    `hashed` is its hash where that is known. Raises Invalid for a weak one and Forbidden (`inactive`) for somebody
    who was shut out meanwhile.
    """
    require(actor, PASSWORD_EDIT, user)
    check_password_rules(password, user)
    hashed = hashed or make_password(password)  # slow on purpose: before the row is held
    with transaction.atomic():
        user = locked(User.objects.filter(pk=user.pk)).get()
        _refuse_inactive(user)
        user.password = hashed
        _end_sessions(user, "password")
        tell("password_set", user.pk, audit.write(actor, "user.set_password", f"user:{user.pk}"))
    return user


def _refuse_inactive(user: User) -> None:
    if not user.is_active:
        raise Forbidden("This account has been shut.", code="inactive", hint="Ask an administrator.")


def check_password_rules(password: str, user: User) -> None:
    """Raise Invalid with every sentence of the configured rules that the password breaks."""
    try:
        validate_password(shapes.password(password), user)
    except ValidationError as error:
        raise Invalid("Choose another password.", fields={"password": list(error.messages)}) from error


def _known(changes: dict[str, Any]) -> dict[str, Any]:
    """Refuse whatever is not a field of the profile, such as `role` or `is_staff` (A59)."""
    unknown = sorted(set(changes) - set(shapes.PROFILE))
    if unknown:
        raise Invalid("Unknown field.", fields={key: ["This cannot be changed here."] for key in unknown})
    return changes


def _edit(actor: Actor, user: User, version: int | None, cleaned: dict[str, str | bool]) -> User:
    user = locked(User.objects.filter(pk=user.pk)).get()
    check_version(user, version)
    before = {key: getattr(user, key) for key, value in cleaned.items() if getattr(user, key) != value}
    if not before:
        return user
    for key in before:
        setattr(user, key, cleaned[key])
    if "email" in before:
        _end_sessions(user, *before)
    else:
        bump(user)
        user.save(update_fields=[*before, "version"])
    audit.write(actor, "user.edit", f"user:{user.pk}", before=before, after={key: cleaned[key] for key in before})
    return user


def end_sessions(actor: Actor, user: User) -> User:
    """Called down by other verbs in their transaction: the person's sessions end; Forbidden for a role above (A60)."""
    held = locked(User.objects.filter(pk=user.pk)).get()
    refuse_above(actor, held.role)
    _end_sessions(held)
    return held


def _end_sessions(user: User, *changed: str) -> None:
    """Save these fields of the row that is held, with a new epoch: no session of before fits any more (A28)."""
    user.session_epoch += 1
    bump(user)
    user.save(update_fields=[*changed, "session_epoch", "version"])


def refuse_above(actor: Actor, role: str) -> None:
    """Called down: raises Forbidden (`above_own_rank`) for a role higher than the actor's own (A60)."""
    rank = HIGHEST if actor.user is None else actor.user.rank
    if RANKS[role] > rank:
        said, hint = "You may not deal with a role above your own.", "Ask an administrator."
        raise Forbidden(said, code="above_own_rank", hint=hint, lacking=(USER_EDIT, None))


def _held_with_administrators(user: User) -> User:
    """The person's row, locked together with every administrator's in one order: two who remove each other wait."""
    wanted = Q(pk=user.pk) | Q(role="administrator", is_active=True)
    rows = {row.pk: row for row in locked(User.objects.filter(wanted).order_by("pk"))}
    return rows[user.pk]


def _keep_one_administrator(leaving: User) -> None:
    """Two administrators who remove each other cannot both succeed: their rows are held (A60)."""
    if leaving.role != "administrator" or not leaving.is_active:
        return
    if not User.objects.filter(role="administrator", is_active=True).exclude(pk=leaving.pk).exists():
        raise Conflict(
            "This is the last administrator.", code="last_administrator", hint="Make somebody else administrator first."
        )
