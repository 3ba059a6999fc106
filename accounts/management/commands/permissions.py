"""`manage.py permissions`: prints the page docs/reference/permissions.md from the table of rights."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.permissions import COLUMNS, PERSON, Permission, table

COLUMN_WORDS = {
    "AN": "anybody, also without signing in",
    "ST": "stakeholder",
    "RE": "responder in the team that owns the thing",
    "RX": "any other responder",
    "IN": "person on the incident, of whatever team",
    "MG": "manager of the team that owns the thing",
    "PO": "process owner",
    "AD": "administrator",
    "IK": "integration key, for its own service",
    "OW": "the person whose row it is",
}
HEAD = """# Who may do what

This page is printed by `manage.py permissions` from the table that the code asks; a test compares the two.
Everything is refused that no column allows. An API token acts as its owner, narrowed by its scopes; the scope
“person” keeps tokens and mailed links out: only somebody who signed in may. An administrator is a process owner
too, and every process owner a responder. [What asks for which right](doors.md) lists commands, pages and API.
"""


def row(permission: Permission) -> str:
    """One line of the matrix."""
    cells = ["yes" if column in permission.columns else "–" for column in COLUMNS]
    return f"| `{permission.name}` | {permission.sentence} | {' | '.join(cells)} | {permission.scope} |"


def page() -> str:
    """The whole page as Markdown."""
    lines = [HEAD, "| Column | Who |", "|---|---|"]
    lines += [f"| {column} | {COLUMN_WORDS[column]} |" for column in COLUMNS]
    lines += ["", f"| Right | You may … | {' | '.join(COLUMNS)} | Scope |", "|---|---|" + "---|" * (len(COLUMNS) + 1)]
    lines += [row(permission) for permission in table()]
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    """Prints the page on standard output."""

    help = f"Print the matrix of rights as Markdown (scopes: read, write, admin, {PERSON})."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        self.stdout.write(page(), ending="")
