"""State machines as tables: verb -> (states it is allowed in, state it leads to)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import Conflict


@dataclass(frozen=True, slots=True)
class StateTable:
    """The legal moves of one live noun."""

    noun: str
    moves: Mapping[str, tuple[tuple[str, ...], str]]

    def next(self, verb: str, state: str) -> str:
        """The state that `verb` leads to; raises Conflict where it is not allowed now."""
        allowed, target = self.moves[verb]
        if state not in allowed:
            raise Conflict(
                f"This {self.noun} is {state}: it cannot be moved by “{verb}” now.",
                code="illegal_move",
                hint="Reload to see the present state.",
            )
        return target

    def verbs(self, state: str) -> list[str]:
        """The verbs that are allowed in `state`, in the table's order."""
        return [verb for verb, (allowed, _) in self.moves.items() if state in allowed]

    def states(self) -> list[str]:
        """Every state that the table names, sorted."""
        seen: set[str] = set()
        for allowed, target in self.moves.values():
            seen.update(allowed)
            seen.add(target)
        return sorted(seen)

    def mermaid(self) -> str:
        """The diagram for the documentation."""
        return "\n".join(["stateDiagram-v2", *self._edges()])

    def _edges(self) -> Iterable[str]:
        for verb, (allowed, target) in self.moves.items():
            for state in allowed:
                yield f"    {state} --> {target}: {verb}"
