"""What import-linter cannot see: the rules of the house (docs/developers/house.md)."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from tests.architecture.source import ROOMS, ROOT, files, functions, short, tree


def test_every_room_stands_in_the_import_contract() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    folders = {path.parent.name for path in ROOT.glob("*/apps.py")} | {"portal"}
    assert set(contract["root_packages"]) == folders == set(ROOMS)
    layers = contract["contracts"][0]["layers"]
    assert layers == list(reversed(ROOMS))
    engines = {f"{path.parent.name}.engine" for path in ROOT.glob("*/engine")}
    assert set(contract["contracts"][3]["source_modules"]) == engines


def test_foreign_keys_point_down() -> None:
    for model in apps.get_models():
        room = model.__module__.split(".")[0]
        if room not in ROOMS:
            continue
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey | models.OneToOneField | models.ManyToManyField):
                target = field.related_model.__module__.split(".")[0]
                if target in ROOMS:
                    assert ROOMS.index(target) <= ROOMS.index(room), f"{model.__name__}.{field.name} points up"


def test_files_stay_small() -> None:
    for path in files():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 500, f"{short(path)} has {lines} lines"


def test_no_imports_inside_functions() -> None:
    """Function-local imports are the smell of a cycle; apps.py wires and may, others state `# lazy: why`."""
    for path in files():
        if path.name == "apps.py":
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for child in ast.walk(node):
                    if isinstance(child, ast.Import | ast.ImportFrom):
                        line = lines[child.lineno - 1]
                        assert "# lazy:" in line, f"{short(path)}:{child.lineno} imports inside {node.name}"


def test_states_change_only_in_commands() -> None:
    """`.status =` and `.state =` stand only in commands (and in core's own mechanics)."""
    pattern = re.compile(r"\.(status|state) = ")
    for path in files(*ROOMS[1:]):
        if "commands" in path.parts or path.name in {"commands.py", "consumers.py"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not pattern.search(line), f"{short(path)}:{number} changes a state outside commands/"


def command_files() -> list[Path]:
    return [
        path
        for path in files()
        if "commands" in path.parts and "management" not in path.parts and path.name != "__init__.py"
    ]


def takes_actor(function: ast.FunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg == "actor"


@pytest.mark.parametrize("path", command_files(), ids=short)
def test_commands_ask_for_permission_first(path: Path) -> None:
    """A public function that takes an actor calls `require` in its first statement, or hands the actor on to one."""
    for function in functions(path):
        if function.name.startswith("_") or not takes_actor(function):
            continue
        body = function.body[1:] if ast.get_docstring(function) else function.body
        called = {
            call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            for call in ast.walk(body[0] if body else function)
            if isinstance(call, ast.Call)
        }
        inside = any(
            isinstance(call, ast.Call)
            and any(isinstance(argument, ast.Name) and argument.id == "actor" for argument in call.args)
            for statement in body
            for call in ast.walk(statement)
        )
        downward = "Called down" in (ast.get_docstring(function) or "")
        assert "require" in called or inside or downward, f"{short(path)}: {function.name} asks nobody for permission"


def test_no_forbidden_names() -> None:
    """`services` names what our users own, so it is a noun's file only; `utils` names nothing."""
    nouns = {"models", "api", "views", "commands", "queries", "forms"}
    for path in files():
        assert path.name not in {"utils.py", "helpers.py"}, short(path)
        assert path.name != "services.py" or path.parent.name in nouns, short(path)


def test_no_signals_or_overridden_save() -> None:
    for path in files():
        text = path.read_text(encoding="utf-8")
        if "models" in path.parts or path.name == "models.py":
            assert "def save(" not in text, f"{short(path)} overrides save()"
        assert "django.db.models.signals" not in text, f"{short(path)} uses model signals"


def test_templates_of_a_room_include_only_lower_ones() -> None:
    """And load tags of lower ones only: a card of a higher room is registered, not named."""
    pattern = re.compile(r'{%\s*(?:include|extends)\s+"([^"]+)"')
    loads = re.compile(r"{%\s*load\s+(?:[^%]*\sfrom\s+)?([^%]+?)\s*%}")
    homes = {path.stem: path.relative_to(ROOT).parts[0] for path in ROOT.glob("*/templatetags/*.py")}
    for path in (ROOT / "templates").rglob("*.html"):
        room = path.relative_to(ROOT / "templates").parts[0]
        if room not in ROOMS:
            continue
        text = path.read_text(encoding="utf-8")
        loaded = [homes.get(library, "") for names in loads.findall(text) for library in names.split()]
        for name in [*pattern.findall(text), *loaded]:
            target = name.split("/")[0]
            if target in ROOMS:
                assert ROOMS.index(target) <= ROOMS.index(room), f"{short(path)} includes {name}"


def test_templates_stay_small() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 200, short(path)


def test_everything_is_here_and_on() -> None:
    """ADM-06: nothing asks for a licence, a plan or an edition; a feature is there because it is installed."""
    fence = re.compile(r"licen[cs]e|entitlement|paywall|premium|enterprise|subscription_plan|billing", re.IGNORECASE)
    pages = sorted((ROOT / "templates").rglob("*.html"))
    found = [
        f"{short(path)}: {match.group()}"
        for path in [*files(), *pages]
        for match in fence.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)
