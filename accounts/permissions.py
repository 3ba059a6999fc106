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


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of the matrix; `scope` is what an API token must carry (read, write or admin)."""

    name: str
    columns: frozenset[str]
    scope: str
    sentence: str


_table: dict[str, Permission] = {}
_relations: list[Callable[[Actor, Any], Iterable[str]]] = []


def permission(name: str, columns: Iterable[str], sentence: str, *, scope: str = "write") -> Permission:
    """Add a row to the table; names are unique, columns must exist."""
    row = Permission(name, frozenset(columns), scope, sentence)
    unknown = row.columns - set(COLUMNS)
    if unknown or name in _table:
        raise ValueError(f"permission {name}: unknown columns {unknown} or already defined")
    _table[name] = row
    return row


def table() -> list[Permission]:
    """Every row, by name; tests and the documentation print it."""
    return [_table[name] for name in sorted(_table)]


def relation(resolver: Callable[[Actor, Any], Iterable[str]]) -> Callable[[Actor, Any], Iterable[str]]:
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
    role = user.role
    if role == "stakeholder":
        return {"ST"}
    found = {"RX"}
    if role in {"process_owner", "administrator"}:
        found.add("PO")
    if role == "administrator":
        found.add("AD")
    found.update(_team_columns(actor, thing))
    if thing is user or getattr(thing, "user_id", None) == user.pk:
        found.add("OW")
    return found


def _team_columns(actor: Actor, thing: Any) -> set[str]:
    assert actor.user is not None
    roles = actor.user.team_roles()
    if thing is None:
        return {"MG"} if "manager" in roles.values() else set()
    team = getattr(thing, "owning_team_id", None)
    if team is None or team not in roles:
        return set()
    return {"RE", "MG"} if roles[team] == "manager" else {"RE"}


def can(actor: Actor, row: Permission, thing: Any = None) -> bool:
    """Whether the actor may; the portal itself always may, since a command of a person stands before it."""
    if actor.kind == "system":
        return True
    if actor.scopes is not None and row.scope not in actor.scopes:
        return False
    return bool(row.columns & columns_of(actor, thing))


def require(actor: Actor, row: Permission, thing: Any = None) -> None:
    """Refuse with a sentence unless the actor may; the first line of every command."""
    if not can(actor, row, thing):
        raise Forbidden(f"You may not {row.sentence}.", code="forbidden", hint="Ask a manager of the team.")
