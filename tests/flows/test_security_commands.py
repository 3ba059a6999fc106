"""Every command is tried by every kind of caller, whatever door may lead to it (A57, A60, A67; matrix 3.4)."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from importlib import import_module

import pytest

from accounts.actors import Actor, token_holder
from accounts.permissions import SCOPES, Permission
from accounts.permissions import table as rights
from tests.architecture.source import ROOT, files, short
from tests.flows.security_commands import BLIND, CALLERS, Row, called_down, commands, everybody, table, tried
from tests.flows.security_doors import PEOPLE, ROUNDS, one_of_each
from tests.flows.security_scene import Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
DOORS = ("views", "api", "admin", "consumers", "management", "admin.py")


def wrongly(scene: Scene, row: Row, who: str, actor: Actor, *, may: bool) -> list[str]:
    """The sentence against it, if somebody could do more or less than the table says."""
    found, wanted = tried(scene, row.command, actor), "done" if may else "refused"
    return [f"{row.command} as {who}: {found}, not {wanted}"] if found != wanted else []


def test_every_command_stands_in_the_table() -> None:
    """A67: a new command fails here until `commands.txt` says what it asks for and who may.

    One line: the right, the scope of a token, who may, the command's full name; `security_commands.py` then needs
    what it is called with (docs/developers/security.md, "Adding a door or a command").
    """
    known = {row.command for row in table()} | set(called_down()) | set(called_down("reads"))
    assert set(commands()) - known == set(), "add these to tests/flows/commands.txt"
    assert known - set(commands()) == set(), "these are no commands any more: take them out of tests/flows/commands.txt"


def test_every_command_asks_for_what_the_table_says() -> None:
    """The right of the row is the one that the command's first `require` names, with the scope of its own table."""
    scopes = {right.name: right.scope for right in rights()}
    for row in table():
        assert scopes.get(row.right) == row.scope, row
        assert row.right in asked(row.command), row


def asked(command: str) -> set[str]:
    """The names of the rights that a command's first `require` may ask for."""
    module = import_module(command.rpartition(".")[0])
    calls = (each for each in ast.walk(commands()[command]) if isinstance(each, ast.Call))
    first = next(each for each in calls if getattr(each.func, "id", "") == "require")
    named = {ast.unparse(part) for part in ast.walk(first.args[1]) if isinstance(part, ast.Name | ast.Attribute)}
    found: Mapping[str, object] = vars(module)
    rows = [getattr(found.get(name.partition(".")[0]), name.partition(".")[2], found.get(name)) for name in named]
    return {row.name for row in rows if isinstance(row, Permission)}


def test_what_asks_nobody_is_called_by_no_door() -> None:
    """A67: commands that are called down have no door, and a word in their docstring says so."""
    for command in called_down():
        module, _, name = command.rpartition(".")
        direct = re.compile(
            rf"\b{module.rpartition('.')[2]}\.{name}\(|from {re.escape(module)} import [^\n]*\b{name}\b"
        )
        for path in files():
            if set(path.relative_to(ROOT).parts) & set(DOORS) and "commands" not in path.relative_to(ROOT).parts[:-1]:
                assert not direct.search(path.read_text(encoding="utf-8")), f"{short(path)} calls {command}"


@pytest.mark.parametrize("whole", ROUNDS)
def test_every_command_is_tried_by_everybody(scene: Scene, whole: bool) -> None:
    """A57, A60: who may gets it done, everybody else is refused; with rows of the own team, and real values.

    `make test` has each command tried by one who may and one who may not, the next command by the next two.
    """
    callers, wrong = everybody(scene), []
    for number, row in enumerate(table()):
        for who in CALLERS if whole else one_of_each(CALLERS, row.verdict, number):
            wrong += wrongly(scene, row, who, callers[who], may=row.verdict(who))
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_of_one_scope_does_what_its_owner_may_with_it(scene: Scene, scope: str) -> None:
    """A44, A60: for everybody, command by command: what the owner may, where the row asks for that very scope."""
    callers, wrong = everybody(scene), []
    for who in PEOPLE:
        owner = callers[who].user
        assert owner is not None
        token = token_holder(owner, (scope,))
        for row in table():
            if not (row.command in BLIND and scope == row.scope != "read"):
                wrong += wrongly(scene, row, f"{who} ({scope})", token, may=who in row.may and row.scope == scope)
    assert not wrong, "\n".join(wrong)
