"""One table of rights: a permission names the columns of the matrix that may use it; all else is refused.

Columns (docs/reference/permissions.md prints the table): AN anonymous, ST stakeholder, RE responder of the
owning team, RX any other responder, IN a person on the incident, MG manager of the owning team, PO process
owner, AD administrator, IK integration key of that very service, OW the owner of the row itself.
An API token acts as its owner, narrowed by its scopes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from accounts.actors import Actor
from core.errors import Forbidden

COLUMNS = ("AN", "ST", "RE", "RX", "IN", "MG", "PO", "AD", "IK", "OW")
STAFF = ("RE", "RX", "IN", "MG", "PO", "AD")
SCOPES = ("read", "write", "admin")
PERSON = "person"  # a scope that no token can carry: only somebody who signed in may (matrix 3.4, AT)


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of the matrix; `scope` is what an API token must carry (read, write or admin).

    The scope `PERSON` keeps tokens and links out altogether (tokens cannot make tokens).
    """

    name: str
    columns: frozenset[str]
    scope: str
    sentence: str


_table: dict[str, Permission] = {}
Resolver = Callable[[Actor, Any], Iterable[str]]
_relations: list[Resolver] = []


def permission(name: str, columns: Iterable[str], sentence: str, *, scope: str = "write") -> Permission:
    """Add a row to the table; names are unique, columns must exist."""
    row = Permission(name, frozenset(columns), scope, sentence)
    unknown = row.columns - set(COLUMNS)
    if unknown or name in _table or scope not in (*SCOPES, PERSON):
        raise ValueError(f"permission {name}: unknown columns {unknown}, unknown scope or already defined")
    _table[name] = row
    return row


def table() -> list[Permission]:
    """Every row, by name; tests and the documentation print it."""
    return [_table[name] for name in sorted(_table)]


def named(row: Permission | str) -> Permission:
    """The row of this name, for `core`, which knows no rows; raises KeyError for one that is not there."""
    return _table[row] if isinstance(row, str) else row


def relation(resolver: Resolver) -> Resolver:
    """Register a room's answer to "how does this actor stand to this thing?" (IN, IK, OW …)."""
    _relations.append(resolver)
    return resolver


def columns_of(actor: Actor, thing: Any = None) -> set[str]:
    """The columns of the matrix in which this actor stands to this thing."""
    found = _own_columns(actor, thing)
    for resolver in _relations:
        found.update(resolver(actor, thing))
    return found


def _own_columns(actor: Actor, thing: Any) -> set[str]:
    user = actor.user
    if user is None:
        return set() if actor.kind in {"integration", "system"} else {"AN"}
    if not user.is_active:
        return {"AN"}
    found = _role_columns(user.role)
    if user.role != "stakeholder":
        found.update(_team_columns(user.team_roles(), thing))
    if getattr(thing, "user_id", None) == user.pk:
        found.add("OW")
    return found


def _role_columns(role: str) -> set[str]:
    """The columns that come with a role, wherever the thing stands."""
    by_role = {
        "stakeholder": {"ST"},
        "responder": {"RX"},
        "process_owner": {"RX", "PO"},
        "administrator": {"RX", "PO", "AD"},
    }
    return set(by_role.get(role, ()))


def _team_columns(roles: dict[int, str], thing: Any) -> set[str]:
    """How a person of these teams stands to the thing's team; without a thing: whether a manager anywhere."""
    if thing is None:
        return {"MG"} if "manager" in roles.values() else set()
    team = team_asked(thing)
    if team is None or team not in roles:
        return set()
    return {"RE", "MG"} if roles[team] == "manager" else {"RE"}


def standing(actor: Actor) -> str:
    """How far an actor reaches: role, teams and scopes in a text that changes with them; fills `core.web.access`."""
    user = actor.user
    role, teams = (user.role, sorted(user.team_roles().items())) if user is not None else (actor.kind, [])
    return f"{role} {teams} {None if actor.scopes is None else sorted(actor.scopes)}"


def can(actor: Actor, row: Permission, thing: Any = None) -> bool:
    """Whether the actor may; the portal itself always may, since a command of a person stands before it."""
    return _in_scope(actor, row) and (actor.kind == "system" or bool(row.columns & columns_of(actor, thing)))


def rights(actor: Actor, thing: Any = None) -> Callable[[Permission], bool]:
    """`can` for many rows of one thing: how the actor stands to it is looked up once, for pages with many buttons."""
    columns = columns_of(actor, thing)
    return lambda row: _in_scope(actor, row) and (actor.kind == "system" or bool(row.columns & columns))


def _in_scope(actor: Actor, row: Permission) -> bool:
    """Whether the actor's credential carries what the row asks for, whatever the person may."""
    if actor.kind == "system":
        return True
    if row.scope == PERSON and actor.kind != "user":
        return False
    return actor.scopes is None or row.scope in actor.scopes


def require(actor: Actor, row: Permission, thing: Any = None) -> None:
    """Refuse with a sentence unless the actor may; the first line of every command."""
    if not can(actor, row, thing):
        hint = whom_to_ask(actor, row, thing)
        raise Forbidden(f"You may not {row.sentence}.", code="forbidden", hint=hint, lacking=(row, thing))


def whom_to_ask(actor: Actor, row: Permission, thing: Any = None) -> str:
    """What helps whoever lacks this right, without a look into the database; empty where nobody could."""
    if not _in_scope(actor, row):
        return "Sign in to do it." if row.scope == PERSON else f"It takes a token with the scope “{row.scope}”."
    if "RX" in row.columns:  # all of staff may: only another role helps
        return "Ask an administrator."
    if "MG" in row.columns and team_asked(thing) is not None:
        return (
            "Ask a manager of the team."
            if "AD" not in row.columns
            else "Ask a manager of the team or an administrator."
        )
    if "MG" in row.columns and thing is None:
        return "Ask a manager of your team, or an administrator."
    if "PO" in row.columns:
        return "Ask a process owner or an administrator."
    if "AD" in row.columns:
        return "Ask an administrator."
    return "Only the person whose it is may." if "OW" in row.columns else ""


def team_asked(thing: Any) -> int | None:
    """The number of the team that owns the thing; None where no team does."""
    team: int | None = getattr(thing, "owning_team_id", None)
    return team


def require_named(actor: Actor, row: Permission | str, thing: Any = None) -> None:
    """As `require`, by the row or by its name; fills the slot of `core.web.access`."""
    require(actor, named(row), thing)


# --- the rows of this room -------------------------------------------------------------------------
USER_SEE = permission("user.see", ["OW", *STAFF], "see people", scope="read")
USER_EDIT = permission("user.edit", ["AD"], "change people", scope="admin")
PROFILE_EDIT = permission("profile.edit", ["OW"], "change somebody else's profile")
PASSWORD_EDIT = permission("password.edit", ["OW"], "change somebody else's password", scope=PERSON)
FACTOR_SEE = permission("factor.see", ["OW"], "see somebody else's second factors", scope="read")
FACTOR_EDIT = permission("factor.edit", ["OW"], "change somebody else's second factors", scope=PERSON)
FACTOR_RESET = permission("factor.reset", ["MG", "AD"], "reset somebody's second factors", scope=PERSON)
SESSION_SEE = permission("session.see", ["OW"], "see somebody else's sessions", scope="read")
SESSION_END = permission("session.end", ["OW"], "end somebody else's sessions", scope=PERSON)
TEAM_SEE = permission("team.see", STAFF, "see teams", scope="read")
TEAM_CREATE = permission("team.create", ["PO", "AD"], "create teams")
TEAM_EDIT = permission("team.edit", ["MG", "PO", "AD"], "change this team")
TEAM_DELETE = permission("team.delete", ["PO", "AD"], "delete teams")
TEAM_LEAVE = permission("team.leave", ["OW", "MG", "PO", "AD"], "take somebody else out of this team")
INVITATION_SEE = permission("invitation.see", ["MG", "PO", "AD"], "see who is invited", scope="read")
INVITATION_SEND = permission("invitation.send", ["MG", "PO", "AD"], "invite people", scope="admin")
TOKEN_SEE = permission("token.see", ["OW", "AD"], "see somebody else's tokens", scope="read")
TOKEN_ISSUE = permission("token.issue", ["OW"], "make tokens here", scope=PERSON)
TOKEN_REVOKE = permission("token.revoke", ["OW", "AD"], "revoke this token", scope=PERSON)
SETTINGS_EDIT = permission("settings.edit", ["AD"], "change the settings", scope="admin")
PROVIDER_EDIT = permission("provider.edit", ["AD"], "change the providers", scope="admin")
AUDIT_SEE = permission("audit.see", ["PO", "AD"], "read the whole audit", scope="admin")
AUDIT_READ = permission("audit.read", STAFF, "read what is yours of the audit", scope="read")
ADMIN_ENTER = permission("admin.enter", ["PO", "AD"], "enter the administration", scope=PERSON)
HEALTH_SEE = permission("health.see", STAFF, "see the engine's health", scope="read")
ENGINE_RUN = permission("engine.run", ["PO", "AD"], "work on what the engine has given up", scope="admin")
