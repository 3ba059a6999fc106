"""What people may not know of is never read: every read at a door begins with who asks (A57, A62, S34)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps
from django.db.models import ForeignKey, OneToOneField

from tests.architecture.source import ROOMS, files, functions, short, tree

# Rows of persons and incidents that no foreign key of their own leads to.
MORE = {"Escalation", "InboundEvent", "ApiToken", "SavedView", "Invitation", "Identity"}
ASKING = re.compile(
    r"\bvisible_to\(|_seen_by\b|\bhidden_\w+\(|\bcan\(|\brequire\(|\baudience\(|\bactor\.user\b|\brights\("
)
# Reads that take no actor and are called at a door all the same, and why that tells nobody anything.
INNER = {
    ("notifications/api/providers.py", "provider_health"): "figures of carriers; no message, no person",
    ("notifications/views/contact_methods.py", "lately"): "of the addresses of the one who asks, read by visible_to",
    ("oncall/views/answer.py", "page_by_id"): "the signed link in a page is the right to it (A47)",
    ("oncall/views/answer.py", "others_of"): "further pages of the same person, at whose link it stands",
    ("oncall/views/rules.py", "verified_methods"): "the addresses of the one who asks",
    ("incidents/consumers.py", "with_files"): "of entries that for_audience has narrowed",
    ("incidents/api/timeline.py", "counted"): "counts revisions of rows that are narrowed already",
    (
        "integrations/api/keys.py",
        "key_health",
    ): "of a service whose keys the actor may see; events are counted, not shown",
    ("integrations/views/intake.py", "key_health"): "the same",
    ("integrations/views/keys.py", "key_health"): "the same",
    ("integrations/api/shapes.py", "body_of"): "of a row that inbound_event or inbound_of has given",
    ("integrations/views/log.py", "body_of"): "the same",
}
# Doors that read rows themselves: the grant at the handshake has asked already (core/web/viewer.py).
GRANTED = {("incidents/consumers.py", "render")}
# Reads with an actor that only join what another read has narrowed, or give what is to be left out.
NARROWED = {"hidden_pages", "hidden_notices"}


@cache
def live() -> frozenset[str]:
    """The names of the models whose rows are not for everybody: with `visible_to`, or hanging on one that has it."""
    models = [model for model in apps.get_models() if model.__module__.split(".")[0] in ROOMS]
    found = {model for model in models if hasattr(model._default_manager.all(), "visible_to")}
    fields = {model: [f for f in model._meta.fields if isinstance(f, ForeignKey | OneToOneField)] for model in models}
    while more := {model for model in models if {f.related_model for f in fields[model]} & found} - found:
        found |= more
    return frozenset({model.__name__ for model in found} | MORE)


def is_door(path: Path) -> bool:
    """Whether a file is of the highest floor."""
    parts = short(path).split("/")
    inside = {"commands", "queries", "models", "forms"} & set(parts[1:-1])
    return not inside and (bool({"views", "api"} & set(parts)) or parts[-1] in {"admin.py", "consumers.py"})


def is_query(path: Path) -> bool:
    """Whether a file holds reads."""
    return "queries" in path.parts or path.name == "queries.py"


def read_models(node: ast.AST) -> set[str]:
    """The live models whose rows a function begins to read."""
    return {
        each.value.id
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and each.attr in {"objects", "_default_manager", "_base_manager"}
        if isinstance(each.value, ast.Name) and each.value.id in live()
    }


def defined(path: Path) -> Iterator[ast.FunctionDef]:
    """Every function of a file, methods included."""
    yield from (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef))


def asks(path: Path, function: ast.FunctionDef) -> bool:
    """Whether a function narrows by who asks."""
    return bool(ASKING.search(ast.get_source_segment(path.read_text(encoding="utf-8"), function) or ""))


def test_live_models_are_found() -> None:
    assert {"Incident", "Alert", "TimelineEntry", "Participant", "Page", "Delivery", "ContactMethod"} <= live()
    assert not {"Service", "Team", "Priority", "Schedule"} & live()


def test_no_door_reads_live_rows_past_who_asks() -> None:
    """Views, API, administration and sockets leave reading to queries, or begin with `visible_to`."""
    for path in filter(is_door, files()):
        for function in defined(path):
            read = read_models(function)
            granted = (short(path), function.name) in GRANTED
            assert not read or granted or asks(path, function), (
                f"{short(path)}: {function.name} reads {read}: begin with visible_to"
            )


def test_every_read_with_an_actor_asks_for_it() -> None:
    """A read that is given the actor and begins with live rows narrows them, in its own words."""
    for path in filter(is_query, files()):
        for function in functions(path):
            first = function.args.args[0].arg if function.args.args else ""
            if first == "actor" and read_models(function) and function.name not in NARROWED:
                assert asks(path, function), f"{short(path)}: {function.name} never asks who reads"


def test_doors_call_no_read_that_knows_nobody() -> None:
    """Reads of live rows without an actor are for commands and other reads; a door that calls one says why here."""
    inner = {
        (".".join(Path(short(path)).with_suffix("").parts), function.name)
        for path in filter(is_query, files())
        for function in functions(path)
        if read_models(function) and not (function.args.args and function.args.args[0].arg == "actor")
    }
    assert len(inner) > 20
    called = {(short(path), name) for path in filter(is_door, files()) for module, name in taken(path) & inner}
    assert called == set(INNER), "say in INNER why this tells nobody anything, or give the read its actor"


def taken(path: Path) -> set[tuple[str, str]]:
    """The functions that a file takes from other modules: by their own name, or by that of their module."""
    found: set[tuple[str, str]] = set()
    modules: dict[str, str] = {}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {(node.module, alias.name) for alias in node.names}
            modules |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.add((modules[node.value.id], node.attr))
    return found
