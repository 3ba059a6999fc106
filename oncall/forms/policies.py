"""The shape of an escalation policy's form: fields, and levels as rows of targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from accounts.models import Team, User
from core.web.forms import VersionedForm, choice, line, offer, whole
from oncall.commands.policies import MOST_LEVELS, MOST_MINUTES, MOST_REPEATS, MOST_TARGETS
from oncall.forms.rows import press
from oncall.kinds import LevelDraft
from oncall.models import EscalationPolicy, Schedule

USUAL_MINUTES = "5"
MINUTES = f"Minutes must be a whole number from 1 to {MOST_MINUTES}."


class PolicyForm(VersionedForm):
    """Everything of a policy but its levels."""

    name = line("Name", 120)
    team = choice("Team", (), "Its managers may change the policy.")
    repeats = whole("Repeat the whole policy", 0, MOST_REPEATS, "Times, while nobody answers.")
    fallback = choice("Then tell", (), "When nobody has answered at all.", required=False)

    def __init__(self, *args: Any, teams: Iterable[Team], people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(team.pk): team for team in teams}
        self.people = {str(user.pk): user for user in people}
        offer(self, "team", [(pk, team.name) for pk, team in self.teams.items()])
        nobody = ("", "The team's managers, else the administrators")
        offer(self, "fallback", [nobody, *((pk, user.name) for pk, user in self.people.items())])

    def values(self) -> dict[str, Any]:
        """Keyword arguments that creating and editing share."""
        given = self.cleaned_data
        return {"name": given["name"], "repeats": given["repeats"], "fallback": self.people.get(given["fallback"])}

    def owner(self) -> Team:
        """The chosen team."""
        return self.teams[self.cleaned_data["team"]]

    def ending(self) -> Ending | None:
        """What follows the levels, as the form stands, sent or not; None where it cannot be read."""
        repeats, team, fallback = (str(self[name].value()).strip() for name in ("repeats", "team", "fallback"))
        if repeats not in map(str, range(MOST_REPEATS + 1)) or team not in self.teams:
            return None
        person = self.people.get(fallback)
        return Ending(int(repeats), int(team), person.pk if person else None)


@dataclass(frozen=True, slots=True)
class Ending:
    """How often the levels are gone through anew, and by whose ids the last resort is found."""

    repeats: int
    team_id: int
    fallback_id: int | None


@dataclass(frozen=True)
class Chosen:
    """A person or schedule that a level names, as the form draws it; `person` is None for a schedule."""

    value: str
    label: str
    person: User | None = None


@dataclass
class LevelRow:
    """One level as it was typed; `targets` are `user:<id>` or `schedule:<id>`, empty where none is chosen."""

    minutes: str = USUAL_MINUTES
    targets: list[str] = field(default_factory=list)
    wrong: str = ""
    wrong_minutes: bool = False
    chosen: list[Chosen] = field(default_factory=list)


class Levels:
    """The rows of the form, and whom they may name."""

    def __init__(self, rows: list[LevelRow], schedules: Iterable[Schedule], people: Iterable[User]) -> None:
        self.rows = rows
        turns = [Chosen(f"schedule:{each.pk}", each.name) for each in schedules]
        persons = [Chosen(f"user:{each.pk}", each.name, each) for each in people]
        self.groups = [("Schedules", turns), ("People", persons)]
        self.known = {each.value: each for each in (*turns, *persons)}
        for row in rows:
            row.chosen = [self.known.get(value, Chosen(value, "No longer there")) for value in row.targets]

    def press(self, wanted: str) -> None:
        """Add, move or take away a row, or take one name off it (`untarget:<place>:<target>`)."""
        verb, _, rest = wanted.partition(":")
        place, _, value = rest.partition(":")
        if verb == "untarget":
            for row in [row for number, row in enumerate(self.rows) if str(number) == place]:
                row.targets = [each for each in row.targets if each != value]
                row.chosen = [each for each in row.chosen if each.value != value]
            return
        press(self.rows, wanted, LevelRow(), MOST_LEVELS)

    def check(self) -> bool:
        """Look at every row that names somebody; what is wrong stands with the row."""
        for row in self.rows:
            row.wrong = self._fault(row) if row.targets else ""
            row.wrong_minutes = row.wrong == MINUTES
        return not any(row.wrong for row in self.rows)

    def _fault(self, row: LevelRow) -> str:
        typed = row.minutes
        if not (typed.isascii() and typed.isdigit() and len(typed) <= 4 and 1 <= int(typed) <= MOST_MINUTES):
            return MINUTES
        if len(set(row.targets)) > MOST_TARGETS:
            return f"A level has room for {MOST_TARGETS} people or schedules."
        if set(row.targets) - set(self.known):
            return "Choose a person or schedule of the list."
        return ""

    @property
    def is_full(self) -> bool:
        """Whether there is no room for a further level."""
        return len(self.rows) >= MOST_LEVELS

    @property
    def faults(self) -> list[str]:
        """What is wrong with each level, as sentences that name it."""
        return [f"Level {number}: {row.wrong}" for number, row in enumerate(self.rows, 1) if row.wrong]

    def drafts(self) -> list[LevelDraft]:
        """The rows that name somebody and are right, as the command takes them."""
        return [
            LevelDraft(int(row.minutes), _ids(row.targets, "user"), _ids(row.targets, "schedule"))
            for row in self.rows
            if row.targets and not row.wrong
        ]


def _ids(targets: Sequence[str], kind: str) -> tuple[int, ...]:
    return tuple(int(target.partition(":")[2]) for target in targets if target.startswith(f"{kind}:"))


def typed_rows(data: QueryDict) -> list[LevelRow]:
    """The rows as they were sent."""
    count = data.get("levels", "")
    number = min(int(count), MOST_LEVELS) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    return [
        LevelRow(
            data.get(f"level-{place}-minutes", "").strip(),
            list(dict.fromkeys(target for target in data.getlist(f"level-{place}-target") if target)),
        )
        for place in range(number)
    ]


def stored_rows(policy: EscalationPolicy) -> list[LevelRow]:
    """The rows of a stored policy whose targets have been read ahead."""
    return [
        LevelRow(
            str(level.timeout_minutes),
            [
                f"user:{t.user_id}" if t.user_id is not None else f"schedule:{t.schedule_id}"
                for t in level.targets.all()
            ],
        )
        for level in policy.levels.all()
    ]
