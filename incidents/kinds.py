"""Shapes and registries of the room: what monitoring says, kinds of timeline entries, panels of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.actors import Actor
    from accounts.permissions import Permission
    from incidents.models import Incident, TimelineEntry

ACTIONS = ("trigger", "acknowledge", "resolve", "info", "change")
SEVERITIES = ("critical", "error", "warning", "info")
FLOOD_KEY = "watchbill:flood"


def severity_rank(severity: str) -> int:
    """0 for critical to 3 for info; an unknown word counts as error."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 1


@dataclass(frozen=True, slots=True)
class Normalised:
    """One event of any tool in our own words; `event_at` is the tool's time (aware, UTC) if it gave one (O35).

    `began_at` is when the condition began, from tools that give no other time with a trigger: it never makes one late.
    `generated` says that the tool sent no key and one was made up; `tool_group` is the tool's own grouping.
    `kind` is the tool's class of event, or the kind of a change (deploy, config, flag, package, infra).
    """

    service_id: int
    action: str
    key: str
    summary: str = ""
    severity: str = "error"
    source: str = ""
    component: str = ""
    group: str = ""
    kind: str = ""
    tool_group: str = ""
    tool: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    links: Sequence[Mapping[str, Any]] = ()
    event_at: datetime | None = None
    began_at: datetime | None = None
    marks: Sequence[str] = ()
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one event: new, duplicate, worse, resolved, acknowledged, unknown_key, stale, signal or change."""

    outcome: str
    alert_id: int | None = None


def into_flood(event: Normalised) -> Normalised:
    """The same event as one more count of the service's flood alert, which is paged once (A84)."""
    summary = "Flood of alerts: more than 100 new keys in a minute"
    return replace(
        event, key=FLOOD_KEY, summary=summary, tool_group="", group="", marks=(*event.marks, "flood"), generated=False
    )


@dataclass(frozen=True, slots=True)
class EntryKind:
    """How one kind of timeline entry behaves; people may edit `human` ones, `icon` names a symbol of the sprite.

    `shows` are the filters of the page that show it: note, action (what was tried and decided, RES-07), or chat,
    which is a room of its own beside the timeline (RES-17).
    """

    key: str
    label: str
    icon: str = "arrow"
    tone: str = ""
    human: bool = False
    visibility: str = "responders"
    shows: Sequence[str] = ()


_entry_kinds: dict[str, EntryKind] = {}


def register_entry_kind(kind: EntryKind) -> EntryKind:
    """Add a kind of timeline entry; raises ValueError when the key is taken by another."""
    if _entry_kinds.get(kind.key, kind) != kind:
        raise ValueError(f"timeline kind {kind.key} is registered twice")
    _entry_kinds[kind.key] = kind
    return kind


def entry_kind(key: str) -> EntryKind:
    """The kind under this key; raises KeyError for one that nobody registered."""
    return _entry_kinds[key]


def entry_kinds() -> list[EntryKind]:
    """Every kind, in the order of registration."""
    return list(_entry_kinds.values())


@dataclass(frozen=True, slots=True)
class Panel:
    """Something that a room shows in a named slot of the incident page; `render` gives safe HTML or ""."""

    key: str
    slot: str
    title: str
    render: Callable[[Actor, Incident], str]
    position: int = 50


_panels: dict[str, Panel] = {}


def register_panel(panel: Panel) -> None:
    """Put a panel into its slot; raises ValueError when the key is taken."""
    if panel.key in _panels:
        raise ValueError(f"panel {panel.key} is registered twice")
    _panels[panel.key] = panel


def panels(slot: str) -> list[Panel]:
    """The panels of a slot, by position and key."""
    return sorted((p for p in _panels.values() if p.slot == slot), key=lambda p: (p.position, p.key))


@dataclass(frozen=True, slots=True)
class BoardPanel:
    """A card of Now: `template` is drawn with what `read` returns as `panel`, unless that is None."""

    template: str
    read: Callable[[Actor], Any]


_board: dict[str, BoardPanel] = {}


def register_board_panel(panel: BoardPanel) -> None:
    """Add or replace a card of Now."""
    _board[panel.template] = panel


def board_panels(actor: Actor) -> list[tuple[str, Any]]:
    """The templates of the cards that this viewer is shown, in their order, with what each is drawn with."""
    found = [(name, _board[name].read(actor)) for name in sorted(_board)]
    return [(name, panel) for name, panel in found if panel is not None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a line of the composer has led to: an entry, a sentence with the address that takes the step back, or
    `ask`, the page of the portal that asks before anybody is paged (`door` is its address for programs)."""

    entry: TimelineEntry | None = None
    says: str = ""
    undo: str = ""
    ask: str = ""
    door: str = ""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command of the composer: `usage` is how it is written, `says` what it does, `right` who may.

    One that only writes has a `kind` (and `shape`, if its text is put into a form); any other is `run` with what stands
    after its name. `verbs` are those of the state table of which one at least must be possible now.
    """

    key: str
    usage: str
    says: str
    right: Permission
    run: Callable[[Actor, Incident, str], Outcome] | None = None
    kind: str = ""
    shape: Callable[[str], str | None] | None = None
    verbs: Sequence[str] = ()


_slash: dict[str, SlashCommand] = {}


def register_slash(command: SlashCommand) -> None:
    """Add a command of the composer; raises ValueError when the key is taken."""
    if command.key in _slash:
        raise ValueError(f"slash command {command.key} is registered twice")
    _slash[command.key] = command


def slash_command(key: str) -> SlashCommand | None:
    """The command under this key, if there is one."""
    return _slash.get(key)


def slash_commands() -> list[SlashCommand]:
    """Every command, by its key."""
    return [_slash[key] for key in sorted(_slash)]


HUMAN_KINDS = (
    ("note", "Note", "chat", ("note",)),
    ("chat", "Chat", "chat", ("chat",)),
    ("todo", "To do", "tasks", ("note", "action")),
    ("action", "Action", "play", ("note", "action")),
    ("finding", "Finding", "search", ("note", "action")),
    ("hypothesis", "Hypothesis", "bolt", ("note",)),
    ("can_report", "CAN report", "list", ("note",)),
    ("customer_report", "Customer report", "users", ("note",)),
    ("decision", "Decision", "hand", ("note", "action")),
)
SYSTEM_KINDS = (
    ("opened", "Opened", "alert", "red", "stakeholders"),
    ("alert_received", "Alert", "alert", "red", "responders"),
    ("alert_grouped", "Alert grouped", "layers", "red", "responders"),
    ("alert_resolved", "Alert resolved", "check", "green", "responders"),
    ("page_sent", "Paged", "bell", "amber", "responders"),
    ("page_failed", "Page failed", "bell", "red", "responders"),
    ("page_declined", "Declined", "hand", "amber", "responders"),
    ("level_skipped", "Level passed over", "ladder", "amber", "responders"),
    ("escalated", "Escalated", "ladder", "red", "responders"),
    ("exhausted", "Nobody answered", "alert", "red", "responders"),
    ("caught_up", "Back again", "clock", "amber", "responders"),
    ("acknowledged", "Acknowledged", "check", "amber", "stakeholders"),
    ("assigned", "Assigned", "route", "", "responders"),
    ("priority_changed", "Priority", "flag", "amber", "stakeholders"),
    ("status_changed", "Status", "arrow", "blue", "stakeholders"),
    ("snoozed", "Snoozed", "moon", "", "responders"),
    ("described", "What is known", "edit", "", "responders"),
    ("suggestion", "Suggestion", "bolt", "blue", "responders"),
    ("milestone_edited", "Milestone", "clock", "", "responders"),
    ("split", "Split", "route", "", "responders"),
    ("reopened", "Reopened", "revert", "red", "stakeholders"),
)
for _key, _label, _icon, _shows in HUMAN_KINDS:
    register_entry_kind(EntryKind(_key, _label, _icon, human=True, shows=_shows))
for _key, _label, _icon, _tone, _visibility in SYSTEM_KINDS:
    register_entry_kind(EntryKind(_key, _label, _icon, _tone, visibility=_visibility))
