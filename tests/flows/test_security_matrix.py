"""The matrix of the specification at the real doors: what the code's own table of rights gets wrong is found here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.template.backends.django import Template

from tests.architecture.source import ROOT
from tests.flows.security_doors import OUTSIDE, ROUNDS, Knocker, one_of_each, verdict_of
from tests.flows.security_scene import Ids, Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("matrix.txt")
COLUMNS = ("AN", "SU", "ST", "RE", "RX", "IN", "MG", "AD", "IK", "AT")
WORDS = {"y", "n", "404", "a", "s"}
DOOR = re.compile(r"  (\S+) /(\S*)(?: with (\S+))?( from outside)?")
OUTER = {"REMOTE_ADDR": "203.0.113.9"}


@dataclass
class Row:
    """One object and action: the cells as this release has them, what the specification says otherwise, the doors."""

    name: str
    cells: Mapping[str, str]
    otherwise: list[str]
    doors: list[re.Match[str]] = field(default_factory=list)


def table() -> list[Row]:
    """Every row with its doors."""
    rows: list[Row] = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("  "):
            found = DOOR.fullmatch(line)
            assert found, line
            rows[-1].doors.append(found)
        elif line and not line.startswith("#"):
            name, *cells = line.split()
            now = {who: cell.rpartition(">")[2] for who, cell in zip(COLUMNS, cells, strict=True)}
            rows.append(Row(name, now, [who for who, cell in zip(COLUMNS, cells, strict=True) if ">" in cell]))
    return rows


def test_the_matrix_is_well_formed() -> None:
    for row in table():
        assert set(row.cells.values()) <= WORDS, row.name
        assert row.doors, row.name
        assert len(row.cells) == len(COLUMNS)


def test_what_is_decided_otherwise_is_written_down() -> None:
    """Each row that differs from the specification has its reason in the page of attacks, and no other has."""
    page = (ROOT / "docs/developers/security.md").read_text(encoding="utf-8")
    told = page.partition("## What is decided otherwise")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", told))
    assert named == {row.name for row in table() if row.otherwise}


@pytest.fixture
def knocker(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Knocker:
    """Everybody; pages are not drawn, since a status says all."""
    monkeypatch.setattr(Template, "render", lambda self, context=None, request=None: "")
    return Knocker(scene)


def callers(row: Row) -> Iterator[tuple[str, str, str]]:
    """Who knocks, what his cell says, and his name among the knockers."""
    for who, cell in row.cells.items():
        if who == "AD":
            yield "AD", "y" if cell == "a" else cell, "AD"
            yield "PO", "n" if cell == "a" else cell, "PO"
        elif who == "IN" and row.name.startswith("private."):
            yield who, cell, "CY"
        elif who != "AT":
            yield who, cell, who


def value_of(caller: tuple[str, str, str]) -> tuple[str, bool]:
    """What his cell says, and whether he is somebody from outside."""
    return caller[1], caller[2] in OUTSIDE


def agrees(cell: str, found: str, *, outside: bool) -> bool:
    """Whether an answer is what a cell says; a stranger is asked to sign in and learns nothing."""
    if cell == "y":
        return found == "open"
    if outside and cell != "404":
        return found in {"stranger", "forbidden", "missing"}
    return found == "missing" if cell == "404" else found in {"forbidden", "missing", "stranger"}


@pytest.mark.parametrize("whole", ROUNDS)
def test_every_cell_holds_at_the_doors(scene: Scene, knocker: Knocker, whole: bool) -> None:
    """Matrix 3.4, A57, A67: object by object, caller by caller, pages and API, with the session of each.

    `make test` tries each value of a row with one of those who have it, and with another at the row's next door.
    """
    wrong = []
    for first, row in enumerate(table()):
        ids = scene.hidden if row.name.startswith("private.") else scene.ids
        for number, door in enumerate(row.doors, first):
            some = list(callers(row))
            for who, cell, name in some if whole else one_of_each(some, value_of, number):
                found = knock(knocker, name, door, ids, session=name not in OUTSIDE)
                if not agrees(cell, found, outside=name in OUTSIDE):
                    wrong.append(f"{row.name}: {door[0].strip()} as {who}: {found}, the matrix says {cell}")
    assert not wrong, "\n".join(wrong)


def test_every_cell_of_a_token_holds_at_the_doors(scene: Scene, knocker: Knocker) -> None:
    """Matrix 3.4, A44, A60: `s` as its owner with all scopes, and refused without any that fits; `n` not at all."""
    wrong = []
    for row in table():
        ids = scene.hidden if row.name.startswith("private.") else scene.ids
        owner = (
            "CY"
            if ids is scene.hidden
            else next(who for who in ("RE", "AD") if row.cells[who] in {"y", "a"} or who == "AD")
        )
        for door in row.doors:
            if door[2].startswith(("api/", "metrics")):
                full = knock(knocker, owner, door, ids)
                bare = knock(knocker, f"{owner} {'write' if door[1] == 'GET' else 'read'}", door, ids)
                cell = row.cells["AT"]
                if (full == "open") != (cell in {"s", "y"}) or (bare == "open") != (cell == "y"):
                    wrong.append(f"{row.name}: {door[0].strip()}: all scopes {full}, no fitting one {bare}, not {cell}")
    assert not wrong, "\n".join(wrong)


def knock(knocker: Knocker, who: str, door: re.Match[str], ids: Ids, *, session: bool = False) -> str:
    """What comes of one request, in the words of the table of doors."""
    method, route, given, outer = door.groups()
    other = dict(each.split("=") for each in given.split(",")) if given else {}
    ids = {**ids, **{noun: ids[name] for noun, name in other.items()}}
    answer = knocker.ask(who, method, route, ids, session=session, meta=OUTER if outer else {})
    return verdict_of(answer, api=route.startswith("api/"))
