"""Whatever is sealed with the field keys is resealed: no room seals where `manage.py reseal` does not look (A98)."""

from __future__ import annotations

import ast

from core import resealing
from tests.architecture.source import files, short, tree

#: Where what a module seals comes to lie. Sessions, cookies and forms end by themselves within the old key's time.
SEALS = {
    "accounts/adapter.py": "mfa_authenticator.data",
    "accounts/commands/factors.py": "mfa_authenticator.data",
    "accounts/commands/invitations.py": "accounts_invitation.sealed",
    "accounts/views/factors.py": "session",
    "accounts/views/oidc.py": "cookie",
    "core/web/held.py": "session",
    "core/web/once.py": "session",
    "notifications/commands/providers.py": "core_storedsecret.sealed",
}


def test_who_seals_says_where_it_comes_to_lie() -> None:
    home = {"core/secrets.py"}
    found = {short(path) for path in files() for node in ast.walk(tree(path)) if _seals(node)} - home
    assert found == set(SEALS)
    assert set(SEALS.values()) - {"session", "cookie"} <= {place.name for place in resealing.places()}


def _seals(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name == "encrypt"
