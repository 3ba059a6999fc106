"""A small typed client of the Watchbill API, made from its description by `make docs-generate`.

It needs httpx and nothing else. Copy the file, or take from it what you need.

    portal = Watchbill("https://watchbill.example.org", token="wb_…")
    made = portal.incidents_declare({"title": "Checkout is slow", "service": 3})
    portal.incidents_acknowledge(made["number"])
    for incident in portal.incidents_list(status=["triggered"]):
        print(incident["number"], incident["title"])

Each method is one operation. Lists are turned page by page as you read them. A refusal is a `Refused`: look at
its `code`; with the code `stale`, `version` is the one that the thing has now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, NotRequired, Self, TypedDict, cast

import httpx


class Alert(TypedDict):
    """A condition that a tool reports."""

    id: int
    key: str
    state: Literal["open", "resolved"]
    summary: str
    severity: Literal["critical", "error", "warning", "info"]
    source: str
    component: str
    group: str
    kind: str
    tool: str
    details: Any
    links: Any
    marks: Any
    count: int
    first_seen: str
    last_seen: str
    resolved_at: str | None


class Answer(TypedDict):
    """What the answer did, as a sentence, and the page as it is now."""

    sentence: str
    page: Page


class Around(TypedDict):
    """The incident's service with what needs it and what it needs, one step each way."""

    service: Point
    needed_by: list[Point]
    needs: list[Point]


class Attachment(TypedDict):
    """A file, as it was made anew; `url` is where its bytes are, for those who may read the timeline."""

    key: str
    name: str
    media_type: str
    size: int
    width: int | None
    height: int | None
    sha256: str
    added_at: str
    url: str


class Attempt(TypedDict):
    """One try at a provider."""

    number: int
    started_at: str
    ended_at: str | None
    outcome: str
    detail: str


class Audit(TypedDict):
    """Who did what to which thing, with each field before and after; secrets are not in it."""

    id: int
    at: str
    actor: str
    name: str
    verb: str
    thing: str
    address: str
    before: dict[str, Any]
    after: dict[str, Any]


class CauseInput(TypedDict):
    """The suspected cause."""

    version: NotRequired[int]
    cause: NotRequired[str]


class Change(TypedDict):
    """Something that was altered."""

    id: int
    service: Named
    summary: str
    source: str
    kind: str
    details: Any
    links: Any
    started_at: str
    received_at: str


class ChangeInput(TypedDict):
    """Something that was altered."""

    service: int
    summary: str
    kind: NotRequired[Literal["deploy", "config", "flag", "package", "infra"]]
    source: NotRequired[str]
    started_at: NotRequired[str]
    details: NotRequired[dict[str, Any]]


class CodeInput(TypedDict):
    """The code that was sent to the address."""

    code: str


class ContactMethod(TypedDict):
    """An address of one's own; its secrets are never read back."""

    id: int
    provider: str
    label: str
    address: str
    verified_at: str | None
    broken_at: str | None
    broken_reason: str
    last_delivered_at: str | None
    created_at: str


class ContactMethodInput(TypedDict):
    """An address to be added; `secrets` are the provider's own fields for it."""

    provider: str
    address: str
    label: NotRequired[str]
    secrets: NotRequired[dict[str, str]]


class Decision(TypedDict):
    """What the rules say of an event; `rule` is null when its severity decided."""

    rule: int | None
    rule_name: str
    priority: ShortPriority
    urgency: str
    informational: bool


class DeclareInput(TypedDict):
    """A title and a service are enough."""

    title: str
    service: int
    priority: NotRequired[int]
    description: NotRequired[str]


class DeclineInput(TypedDict):
    """Why somebody declines."""

    reason: NotRequired[str]


class DeclinedInput(TypedDict):
    """Why somebody has declined."""

    reason: str


class Delivery(TypedDict):
    """A message on its way or at its end, with every attempt; the address is masked."""

    id: int
    purpose: str
    purpose_key: str
    user: int | None
    name: str | None
    provider: str
    address: str
    title: str
    rank: int
    first: bool
    state: Literal["queued", "sent", "confirmed", "failed", "withdrawn", "bundled"]
    created_at: str
    due_at: str
    held_until: str | None
    handed_at: str | None
    confirmed_at: str | None
    ended_at: str | None
    attempts: int
    error: str
    bundled_into: int | None
    tries: list[Attempt]


class Detail(TypedDict):
    """One incident; fields that a stakeholder may not read are empty."""

    number: int
    title: str
    status: Literal["triggered", "acknowledged", "identified", "mitigated", "resolved", "closed", "merged", "cancelled"]
    priority: ShortPriority
    service: Named
    is_major: bool
    urgency: Literal["high", "low"]
    snoozed_until: str | None
    status_since: str
    created_at: str
    alert_count: int
    reopen_count: int
    customer_impact: str
    version: int
    description: str
    resolution: str
    resolution_code: str
    suspected_cause: str
    review_later: bool
    recurrence_of: NotRequired[int | None]
    assignees: list[Named]
    milestones: list[Milestone]
    phase: Literal["detect", "diagnose", "resolve", "learn", "done"]
    waiting: Waiting | None
    event_count: int
    allowed: list[str]
    last_seq: int


class Done(TypedDict):
    """An incident as it is after the verb."""

    number: int
    status: str
    version: int


class Entry(TypedDict):
    """One line of the timeline; the text of a struck entry is hidden, and all texts from stakeholders."""

    id: int
    seq: int
    kind: Literal[
        "note",
        "chat",
        "todo",
        "action",
        "finding",
        "hypothesis",
        "can_report",
        "customer_report",
        "decision",
        "opened",
        "alert_received",
        "alert_grouped",
        "alert_resolved",
        "page_sent",
        "page_failed",
        "page_declined",
        "level_skipped",
        "escalated",
        "exhausted",
        "caught_up",
        "acknowledged",
        "assigned",
        "priority_changed",
        "status_changed",
        "snoozed",
        "described",
        "suggestion",
        "milestone_edited",
        "split",
        "reopened",
    ]
    occurred_at: str
    recorded_at: str
    actor_kind: str
    actor_label: str
    on_behalf_of: str
    text: str
    data: dict[str, Any]
    pinned: bool
    struck_reason: str
    visibility: str
    edited_at: str | None
    hash: str
    version: int
    files: list[Place]


class EntryChanges(TypedDict):
    """A new text; the former one stays as a revision. `version` counts from 1; a stale one is 409 with
    both texts.
    """

    version: NotRequired[int]
    text: NotRequired[str]
    occurred_at: NotRequired[str]
    why: NotRequired[str]


class EventRule(TypedDict):
    """An event rule."""

    id: int
    service: int | None
    name: str
    position: int
    enabled: bool
    field: str
    operator: Literal["equals", "contains", "matches", "exists"]
    value: str
    priority: int | None
    urgency: str
    informational: bool
    version: int


class EventRuleChanges(TypedDict):
    """An event rule; without a service it is for all of them."""

    version: NotRequired[int]
    service: NotRequired[int | None]
    name: NotRequired[str]
    position: NotRequired[int]
    enabled: NotRequired[bool]
    field: NotRequired[str]
    operator: NotRequired[Literal["equals", "contains", "matches", "exists"]]
    value: NotRequired[str]
    priority: NotRequired[int | None]
    urgency: NotRequired[Literal["high", "low", ""]]
    informational: NotRequired[bool]


class EventRuleInput(TypedDict):
    """An event rule; without a service it is for all of them."""

    version: NotRequired[int]
    service: NotRequired[int | None]
    name: str
    position: NotRequired[int]
    enabled: NotRequired[bool]
    field: str
    operator: NotRequired[Literal["equals", "contains", "matches", "exists"]]
    value: NotRequired[str]
    priority: NotRequired[int | None]
    urgency: NotRequired[Literal["high", "low", ""]]
    informational: NotRequired[bool]


class ExportInput(TypedDict):
    """Which incidents; empty is all."""

    q: NotRequired[str]


class Factor(TypedDict):
    """A second factor without its secret; recovery codes with how many are left."""

    id: int
    type: Literal["totp", "webauthn", "recovery_codes"]
    name: str
    created_at: str
    last_used_at: str | None
    left: int | None


class Field(TypedDict):
    """One value that a provider asks for."""

    name: str
    label: str
    kind: str
    secret: bool
    required: bool
    hint: str


class FilesInput(TypedDict):
    """An entry that brings files, as multipart/form-data; `files` and `alt` may be given up to five
    times.
    """

    alt: NotRequired[str]
    text: NotRequired[str]
    kind: NotRequired[
        Literal["note", "chat", "todo", "action", "finding", "hypothesis", "can_report", "customer_report", "decision"]
    ]
    occurred_at: NotRequired[str]


class Grouping(TypedDict):
    """How alerts of a service become incidents; `by` are the fields of the mode fields."""

    mode: str
    by: list[str]
    window_minutes: int
    version: int


class GroupingInput(TypedDict):
    """How alerts become incidents; `by` are the fields of the mode fields."""

    version: NotRequired[int]
    mode: Literal["tool", "none", "fields", "window"]
    by: NotRequired[list[str]]
    window_minutes: NotRequired[int]


class Heartbeat(TypedDict):
    """A heartbeat without the text of its key."""

    id: int
    service: int
    name: str
    prefix: str
    interval_seconds: int
    grace_seconds: int
    state: str
    last_ping_at: str | None
    due_at: str | None
    version: int


class HeartbeatEditChanges(TypedDict):
    """What can be changed of a heartbeat, in seconds."""

    name: NotRequired[str]
    interval_seconds: NotRequired[int]
    grace_seconds: NotRequired[int]
    version: NotRequired[int]


class HeartbeatInput(TypedDict):
    """A heartbeat to be made."""

    name: str
    interval_seconds: NotRequired[int]
    grace_seconds: NotRequired[int]


class Hole(TypedDict):
    """Something that would leave a page unanswered."""

    thing: str
    name: str
    sentence: str


class Inbound(TypedDict):
    """One line of the inbound log."""

    id: int
    service: int
    key: int | None
    received_at: str
    request: str
    tool: str
    action: str
    dedup_key: str
    outcome: str
    detail: str
    marks: list[str]


class InboundDetail(TypedDict):
    """One event with the body of its request, secrets masked."""

    id: int
    service: int
    key: int | None
    received_at: str
    request: str
    tool: str
    action: str
    dedup_key: str
    outcome: str
    detail: str
    marks: list[str]
    body: str


class Incident(TypedDict):
    """An incident in a list: what stakeholders may read too."""

    number: int
    title: str
    status: Literal["triggered", "acknowledged", "identified", "mitigated", "resolved", "closed", "merged", "cancelled"]
    priority: ShortPriority
    service: Named
    is_major: bool
    urgency: Literal["high", "low"]
    snoozed_until: str | None
    status_since: str
    created_at: str
    alert_count: int
    reopen_count: int
    customer_impact: str
    version: int


class Invitation(TypedDict):
    """An invitation without its token."""

    id: int
    email: str
    name: str
    role: Literal["stakeholder", "responder", "process_owner", "administrator"]
    team: int | None
    team_role: Literal["member", "manager"]
    invited_by: int
    state: Literal["waiting", "expired", "joined", "revoked"]
    made_at: str
    expires_at: str
    accepted_at: str | None
    revoked_at: str | None


class InvitationInput(TypedDict):
    """Somebody to be invited."""

    name: str
    email: str
    role: NotRequired[Literal["stakeholder", "responder", "process_owner", "administrator"]]
    team: NotRequired[int | None]
    team_role: NotRequired[Literal["member", "manager"]]


class IssuedHeartbeat(TypedDict):
    """A heartbeat just made, with its key and address for this once."""

    id: int
    service: int
    name: str
    prefix: str
    interval_seconds: int
    grace_seconds: int
    state: str
    last_ping_at: str | None
    due_at: str | None
    version: int
    key: str
    url: str


class IssuedKey(TypedDict):
    """A key just made, with its text for this once."""

    id: int
    service: int
    kind: str
    name: str
    prefix: str
    paths: dict[str, Any]
    created_at: str
    valid_until: str | None
    revoked_at: str | None
    last_used_at: str | None
    health: KeyHealth
    version: int
    key: str


class IssuedToken(TypedDict):
    """A token just made, with its text for this once."""

    id: int
    user: int
    name: str
    prefix: str
    scopes: list[Literal["read", "write", "admin"]]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    token: str


class IssuedWebhook(TypedDict):
    """A webhook whose secret was just made, with it for this once."""

    id: int
    name: str
    team: int | None
    url: str
    kinds: list[
        Literal[
            "incident.opened",
            "incident.acknowledged",
            "incident.priority_raised",
            "incident.priority_lowered",
            "incident.resolved",
            "incident.resolve_undone",
            "incident.reopened",
            "incident.closed",
            "incident.cancelled",
            "incident.retriggered",
            "incident.moved",
            "incident.snoozed",
            "incident.reassigned",
            "incident.renamed",
            "incident.exhausted",
        ]
    ]
    services: list[int]
    state: Literal["active", "paused"]
    state_since: str
    paused_reason: str
    paused_by_itself: bool
    failing_since: str | None
    old_secret_until: str | None
    created_at: str
    version: int
    secret: str


class Key(TypedDict):
    """An integration key without its text, which nobody can read again."""

    id: int
    service: int
    kind: str
    name: str
    prefix: str
    paths: dict[str, Any]
    created_at: str
    valid_until: str | None
    revoked_at: str | None
    last_used_at: str | None
    health: KeyHealth
    version: int


class KeyEditChanges(TypedDict):
    """What can be changed of a key."""

    name: NotRequired[str]
    paths: NotRequired[dict[str, Any]]
    version: NotRequired[int]


class KeyHealth(TypedDict):
    """What a key has brought in the last 24 hours."""

    events: int
    refused: int
    unknown: int
    last_event_at: str | None


class KeyInput(TypedDict):
    """A key to be made; `paths` are for generic JSON."""

    kind: NotRequired[Literal["alertmanager", "changes", "events", "generic", "grafana", "opsgenie"]]
    name: NotRequired[str]
    paths: NotRequired[dict[str, Any]]


class KnownChanges(TypedDict):
    """What is known; a text that is left out stays, an empty one is taken away (not the title)."""

    version: NotRequired[int]
    title: NotRequired[str]
    customer_impact: NotRequired[str]
    suspected_cause: NotRequired[str]
    description: NotRequired[str]


class LabelChanges(TypedDict):
    """Another label."""

    label: NotRequired[str]


class Level(TypedDict):
    """A level of a policy."""

    position: int
    timeout_minutes: int
    users: list[int]
    schedules: list[int]


class LevelInput(TypedDict):
    """A level: whom to page, and for how many minutes to wait."""

    timeout_minutes: NotRequired[int]
    users: NotRequired[list[int]]
    schedules: NotRequired[list[int]]


class Me(TypedDict):
    """Oneself."""

    id: int
    name: str
    email: str
    role: Literal["stakeholder", "responder", "process_owner", "administrator"]
    time_zone: str
    locale: str
    theme: str
    single_keys: bool
    announce: Literal["all", "key", "none"]
    teams: list[MyTeam]
    scopes: list[Literal["read", "write", "admin"]] | None
    version: int


class Member(TypedDict):
    """A person in a team."""

    user: int
    name: str
    role: Literal["member", "manager"]


class MemberInput(TypedDict):
    """What a person is to be in a team."""

    role: NotRequired[Literal["member", "manager"]]


class Milestone(TypedDict):
    """When something was reached."""

    kind: str
    at: str
    recorded_at: str
    source: str
    edits: Any


class MilestoneInput(TypedDict):
    """When it really was; `seen` is the time that the sender believes to stand there: 409 where it is
    another.
    """

    kind: Literal["started", "detected", "acknowledged", "mobilised", "identified", "mitigated", "resolved", "closed"]
    at: str
    why: NotRequired[str]
    seen: NotRequired[str]


class MyTeam(TypedDict):
    """A team of mine and what I am in it."""

    id: int
    name: str
    role: Literal["member", "manager"]


class Named(TypedDict):
    """A thing by id and name."""

    id: int
    name: str


class NearChange(TypedDict):
    """A change and its distance from the start in seconds; positive is before it."""

    change: Change
    seconds_before: float


class NearIncident(TypedDict):
    """An incident around another one, as lists show it; `resolution` is how it ended."""

    number: int
    title: str
    status: Literal["triggered", "acknowledged", "identified", "mitigated", "resolved", "closed", "merged", "cancelled"]
    priority: ShortPriority
    service: Named
    is_major: bool
    urgency: Literal["high", "low"]
    snoozed_until: str | None
    status_since: str
    created_at: str
    alert_count: int
    reopen_count: int
    customer_impact: str
    version: int
    resolution: str


class NewContactMethod(TypedDict):
    """An address just made, with the signing secret of a webhook for this once."""

    id: int
    provider: str
    label: str
    address: str
    verified_at: str | None
    broken_at: str | None
    broken_reason: str
    last_delivered_at: str | None
    created_at: str
    signing_secret: str


class NewPersonInput(TypedDict):
    """A person to be made; without a password he or she sets one by the reset link."""

    name: str
    email: str
    role: NotRequired[Literal["stakeholder", "responder", "process_owner", "administrator"]]
    time_zone: NotRequired[str]
    password: NotRequired[str]


class NoteInput(TypedDict):
    """What a person writes, at its own time; `slash`: a command of the composer at its beginning is
    run.
    """

    text: str
    kind: NotRequired[
        Literal["note", "chat", "todo", "action", "finding", "hypothesis", "can_report", "customer_report", "decision"]
    ]
    occurred_at: NotRequired[str]
    slash: NotRequired[bool]


class OnCall(TypedDict):
    """Who is on call on a schedule now; `user` is null in a gap."""

    schedule: int
    name: str
    team: int
    user: int | None
    user_name: str | None
    since: str | None
    until: str | None


class OnePolicy(TypedDict):
    """A policy, with what would be passed over if it were used now."""

    id: int
    name: str
    team: int
    repeats: int
    fallback: int | None
    levels: list[Level]
    version: int
    warnings: list[str]


class Organisation(TypedDict):
    """Its name, its time zone and its rule on second factors."""

    name: str
    time_zone: str
    staff_factor: bool
    version: int


class OrganisationChanges(TypedDict):
    """What may be changed."""

    name: NotRequired[str]
    time_zone: NotRequired[str]
    staff_factor: NotRequired[bool]
    version: NotRequired[int]


class Page(TypedDict):
    """A page that was sent to oneself; `subject` is a key such as `incident:42`."""

    id: int
    subject: str
    level: int
    pass_number: int
    reason: str
    state: str
    open: bool
    created_at: str
    handed_at: str | None
    answered_at: str | None
    answered_via: str


class PasswordInput(TypedDict):
    """A new password against the present one."""

    current: str
    password: str


class Person(TypedDict):
    """A person as others see him or her: the address is for oneself and for administrators."""

    id: int
    name: str
    email: str | None
    role: Literal["stakeholder", "responder", "process_owner", "administrator"]
    time_zone: str
    is_active: bool
    version: int


class PersonChanges(TypedDict):
    """What an administrator changes of a person."""

    name: NotRequired[str]
    time_zone: NotRequired[str]
    locale: NotRequired[Literal["en-gb"]]
    theme: NotRequired[Literal["dark", "light", ""]]
    single_keys: NotRequired[bool]
    announce: NotRequired[Literal["all", "key", "none"]]
    email: NotRequired[str]
    version: NotRequired[int]


class PinInput(TypedDict):
    """Whether it is pinned."""

    pinned: bool


class Place(TypedDict):
    """A file in an entry, with the words for those who cannot see it."""

    alt: str
    file: Attachment


class Point(TypedDict):
    """A service and how it stands as the asker may know; `note` names what is open on it."""

    id: int
    name: str
    health: Literal["ok", "degraded", "partial", "outage"]
    note: str


class Policy(TypedDict):
    """An escalation policy with its levels."""

    id: int
    name: str
    team: int
    repeats: int
    fallback: int | None
    levels: list[Level]
    version: int


class PolicyChanges(TypedDict):
    """A policy to be made or changed, as one document."""

    name: NotRequired[str]
    team: NotRequired[int]
    repeats: NotRequired[int]
    fallback: NotRequired[int | None]
    levels: NotRequired[list[LevelInput]]
    version: NotRequired[int]


class PolicyInput(TypedDict):
    """A policy to be made or changed, as one document."""

    name: str
    team: int
    repeats: NotRequired[int]
    fallback: NotRequired[int | None]
    levels: list[LevelInput]


class Priority(TypedDict):
    """One of P1 to P5."""

    id: int
    rank: int
    name: str
    definition: str
    major: bool
    pages: bool
    urgency: Literal["high", "low"]
    ack_timeout_minutes: int | None
    version: int


class PriorityChangeInput(TypedDict):
    """The new priority's id."""

    version: NotRequired[int]
    priority: int
    reason: NotRequired[str]
    review_later: NotRequired[bool]


class PriorityChanges(TypedDict):
    """What a priority is called and demands."""

    version: NotRequired[int]
    name: NotRequired[str]
    definition: NotRequired[str]
    major: NotRequired[bool]
    pages: NotRequired[bool]
    urgency: NotRequired[Literal["high", "low"]]
    ack_timeout_minutes: NotRequired[int | None]


class ProfileChanges(TypedDict):
    """What people change of themselves."""

    name: NotRequired[str]
    time_zone: NotRequired[str]
    locale: NotRequired[Literal["en-gb"]]
    theme: NotRequired[Literal["dark", "light", ""]]
    single_keys: NotRequired[bool]
    announce: NotRequired[Literal["all", "key", "none"]]
    version: NotRequired[int]


class Provider(TypedDict):
    """A carrier: what it asks for, and how it has done in the last hour."""

    id: str
    label: str
    usable: bool
    proof: Literal["code", "none"]
    address_field: Field
    secret_fields: list[Field]
    waiting: int
    sent: int
    failed: int
    last_sent_at: str | None


class ProviderDetail(TypedDict):
    """A carrier with what an operator may see: settings without secrets, which say only whether they
    are set.
    """

    id: str
    label: str
    usable: bool
    proof: Literal["code", "none"]
    address_field: Field
    secret_fields: list[Field]
    waiting: int
    sent: int
    failed: int
    last_sent_at: str | None
    settings_fields: list[Field]
    settings: dict[str, str]
    callback_url: str
    public_key: str
    version: int


class ProviderInput(TypedDict):
    """An operator's settings; a secret that is left empty stays as it is."""

    enabled: bool
    settings: NotRequired[dict[str, str]]
    version: NotRequired[int]


class ReasonInput(TypedDict):
    """Why."""

    version: NotRequired[int]
    reason: NotRequired[str]


class ReassignInput(TypedDict):
    """A person or a policy, one of the two."""

    version: NotRequired[int]
    user: NotRequired[int]
    policy: NotRequired[int]
    reason: NotRequired[str]


class Related(TypedDict):
    """Local or global: `upstream` is open on what the service needs, `downstream` on what needs it."""

    is_local: bool
    sentences: list[str]
    needed: Side
    needing: Side
    upstream: list[NearIncident]
    downstream: list[NearIncident]
    meanwhile: list[NearIncident]
    past: list[NearIncident]


class ResolveInput(TypedDict):
    """How it ended."""

    version: NotRequired[int]
    resolution: NotRequired[str]
    code: NotRequired[Literal["fixed", "self_healed", "no_action", "duplicate", "false_alarm"]]


class Revision(TypedDict):
    """What an entry said before."""

    text: str
    occurred_at: str
    actor: str
    at: str
    why: str


class RoleInput(TypedDict):
    """A person's role."""

    role: Literal["stakeholder", "responder", "process_owner", "administrator"]
    version: NotRequired[int]


class RotateInput(TypedDict):
    """How long the old key is still accepted."""

    grace_hours: NotRequired[int]


class Rule(TypedDict):
    """When and by which address one wants to be told of a page."""

    id: int
    urgency: Literal["high", "low"]
    delay_minutes: int
    method: int
    provider: str


class RuleInput(TypedDict):
    """A rule to be added."""

    urgency: NotRequired[Literal["high", "low"]]
    delay_minutes: NotRequired[int]
    method: int


class Said(TypedDict):
    """What a command of the composer has done."""

    says: str


class Schedule(TypedDict):
    """A schedule; `members` are people in the order of turns."""

    id: int
    name: str
    team: int
    time_zone: str
    anchor: str
    unit: Literal["hour", "day", "week", "month"]
    length: int
    members: list[int]
    version: int


class ScheduleChanges(TypedDict):
    """A schedule to be made or changed; `anchor` is a local time in `time_zone`: the first hand-off."""

    name: NotRequired[str]
    team: NotRequired[int]
    time_zone: NotRequired[str]
    anchor: NotRequired[str]
    unit: NotRequired[Literal["hour", "day", "week", "month"]]
    length: NotRequired[int]
    members: NotRequired[list[int]]
    version: NotRequired[int]


class ScheduleInput(TypedDict):
    """A schedule to be made or changed; `anchor` is a local time in `time_zone`: the first hand-off."""

    name: str
    team: int
    time_zone: NotRequired[str]
    anchor: str
    unit: NotRequired[Literal["hour", "day", "week", "month"]]
    length: NotRequired[int]
    members: list[int]


class SentInvitation(TypedDict):
    """An invitation just sent; `link` is null unless no mail server is set and the sender may make
    people.
    """

    id: int
    email: str
    name: str
    role: Literal["stakeholder", "responder", "process_owner", "administrator"]
    team: int | None
    team_role: Literal["member", "manager"]
    invited_by: int
    state: Literal["waiting", "expired", "joined", "revoked"]
    made_at: str
    expires_at: str
    accepted_at: str | None
    revoked_at: str | None
    link: str | None


class Service(TypedDict):
    """A service."""

    id: int
    name: str
    description: str
    team: int
    team_name: str
    policy: int | None
    urgency: Literal["priority", "high", "low"]
    ack_timeout_minutes: int | None
    reopen_window_minutes: int
    quiet_resolve_seconds: int
    customer_facing: bool
    needs: list[int]
    archived_at: str | None
    version: int


class ServiceChanges(TypedDict):
    """A service to be made or changed; `policy: null` leaves it to the team's managers."""

    name: NotRequired[str]
    description: NotRequired[str]
    team: NotRequired[int]
    policy: NotRequired[int | None]
    urgency: NotRequired[Literal["priority", "high", "low"]]
    ack_timeout_minutes: NotRequired[int | None]
    reopen_window_minutes: NotRequired[int]
    quiet_resolve_seconds: NotRequired[int]
    customer_facing: NotRequired[bool]
    needs: NotRequired[list[int]]
    version: NotRequired[int]


class ServiceInput(TypedDict):
    """A service to be made or changed; `policy: null` leaves it to the team's managers."""

    name: str
    description: NotRequired[str]
    team: int
    policy: NotRequired[int | None]
    urgency: NotRequired[Literal["priority", "high", "low"]]
    ack_timeout_minutes: NotRequired[int | None]
    reopen_window_minutes: NotRequired[int]
    quiet_resolve_seconds: NotRequired[int]
    customer_facing: NotRequired[bool]
    needs: NotRequired[list[int]]


class Session(TypedDict):
    """A browser that is signed in."""

    id: int
    device: str
    address: str
    signed_in_at: str
    last_seen_at: str
    is_this: bool


class SeveralInput(TypedDict):
    """The verb, the numbers, and the values of the single verb."""

    verb: Literal["acknowledge", "resolve", "reassign", "undo_acknowledge", "undo_resolve"]
    numbers: list[int]
    resolution: NotRequired[str]
    code: NotRequired[Literal["fixed", "self_healed", "no_action", "duplicate", "false_alarm"]]
    user: NotRequired[int]
    policy: NotRequired[int]
    reason: NotRequired[str]


class Shift(TypedDict):
    """An unbroken time of one person; `until` is null where nobody else ever takes over."""

    user: int
    since: str
    until: str | None


class ShortPriority(TypedDict):
    """A priority inside an incident."""

    id: int
    rank: int
    name: str


class Side(TypedDict):
    """The services one step away on one side."""

    all: int
    unwell: int


class SnoozeInput(TypedDict):
    """Until when, with its zone."""

    version: NotRequired[int]
    until: str


class SplitInput(TypedDict):
    """Ids of the alerts that leave."""

    version: NotRequired[int]
    alerts: list[int]
    title: NotRequired[str]


class StrikeInput(TypedDict):
    """Why it is struck; `redact` also removes the text of a secret."""

    reason: str
    redact: NotRequired[bool]


class SubscriptionInput(TypedDict):
    """What `PushSubscription.toJSON()` gives; `former` is the endpoint that it replaces."""

    endpoint: str
    keys: dict[str, str]
    expirationTime: NotRequired[float | None]
    former: NotRequired[str]
    label: NotRequired[str]


class Team(TypedDict):
    """A team."""

    id: int
    name: str
    description: str
    version: int


class TeamChanges(TypedDict):
    """A team to be made or changed."""

    name: NotRequired[str]
    description: NotRequired[str]
    version: NotRequired[int]


class TeamInput(TypedDict):
    """A team to be made or changed."""

    name: str
    description: NotRequired[str]


class TestEvent(TypedDict):
    """What became of a test event."""

    outcome: str
    alert: int | None


class TestEventInput(TypedDict):
    """A test event; the severity `info` pages nobody where the rules are the usual ones."""

    summary: NotRequired[str]
    severity: NotRequired[Literal["critical", "error", "warning", "info"]]


class TextInput(TypedDict):
    """What a person adds to a move."""

    version: NotRequired[int]
    text: NotRequired[str]


class Token(TypedDict):
    """A token without its secret, which nobody can read again."""

    id: int
    user: int
    name: str
    prefix: str
    scopes: list[Literal["read", "write", "admin"]]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class TokenInput(TypedDict):
    """A token to be made."""

    name: str
    scopes: list[Literal["read", "write", "admin"]]
    expires_at: NotRequired[str | None]


class TryInput(TypedDict):
    """The fields of an event, as rules see them."""

    summary: NotRequired[str]
    severity: NotRequired[Literal["critical", "error", "warning", "info"]]
    source: NotRequired[str]
    component: NotRequired[str]
    group: NotRequired[str]
    key: NotRequired[str]
    tool: NotRequired[str]
    details: NotRequired[dict[str, Any]]


class VerbInput(TypedDict):
    """A verb without values; `version` (or If-Match) refuses a stale form."""

    version: NotRequired[int]


class VersionInput(TypedDict):
    """Nothing but the version that was seen, for a view that is `versioned`."""

    version: NotRequired[int]


class View(TypedDict):
    """A saved view; without a team it is its owner's alone."""

    id: int
    name: str
    query: str
    owner: Named
    team: Named | None
    version: int


class ViewChanges(TypedDict):
    """A name, a query as in the list's search, and the team that shares it."""

    name: NotRequired[str]
    query: NotRequired[str]
    team: NotRequired[int | None]
    version: NotRequired[int]


class ViewInput(TypedDict):
    """A name, a query as in the list's search, and the team that shares it."""

    name: str
    query: str
    team: NotRequired[int | None]


class Waiting(TypedDict):
    """Whom the escalation asks now, and what follows when."""

    people: list[Named]
    level: int
    pass_number: int
    next_due: str | None
    next_people: list[Named]


class Webhook(TypedDict):
    """A webhook without its secret, which nobody can read again."""

    id: int
    name: str
    team: int | None
    url: str
    kinds: list[
        Literal[
            "incident.opened",
            "incident.acknowledged",
            "incident.priority_raised",
            "incident.priority_lowered",
            "incident.resolved",
            "incident.resolve_undone",
            "incident.reopened",
            "incident.closed",
            "incident.cancelled",
            "incident.retriggered",
            "incident.moved",
            "incident.snoozed",
            "incident.reassigned",
            "incident.renamed",
            "incident.exhausted",
        ]
    ]
    services: list[int]
    state: Literal["active", "paused"]
    state_since: str
    paused_reason: str
    paused_by_itself: bool
    failing_since: str | None
    old_secret_until: str | None
    created_at: str
    version: int


class WebhookAttempt(TypedDict):
    """One attempt: a status class such as `5xx`, or a word for no answer, and a time bucket."""

    at: str
    outcome: str
    took: str


class WebhookChanges(TypedDict):
    """A webhook to be made; without a team it is the whole organisation's."""

    name: NotRequired[str]
    url: NotRequired[str]
    team: NotRequired[int | None]
    kinds: NotRequired[
        list[
            Literal[
                "incident.opened",
                "incident.acknowledged",
                "incident.priority_raised",
                "incident.priority_lowered",
                "incident.resolved",
                "incident.resolve_undone",
                "incident.reopened",
                "incident.closed",
                "incident.cancelled",
                "incident.retriggered",
                "incident.moved",
                "incident.snoozed",
                "incident.reassigned",
                "incident.renamed",
                "incident.exhausted",
            ]
        ]
    ]
    services: NotRequired[list[int]]
    version: NotRequired[int]


class WebhookDelivery(TypedDict):
    """One event for a webhook."""

    id: str
    kind: Literal[
        "ping",
        "incident.opened",
        "incident.acknowledged",
        "incident.priority_raised",
        "incident.priority_lowered",
        "incident.resolved",
        "incident.resolve_undone",
        "incident.reopened",
        "incident.closed",
        "incident.cancelled",
        "incident.retriggered",
        "incident.moved",
        "incident.snoozed",
        "incident.reassigned",
        "incident.renamed",
        "incident.exhausted",
    ]
    incident: int | None
    state: Literal["waiting", "sent", "failed", "skipped"]
    detail: str
    advice: str
    attempts: list[WebhookAttempt]
    tries: int
    next_try_at: str | None
    sent_at: str | None
    created_at: str


class WebhookDeliveryDetail(TypedDict):
    """One event with its text as it is sent."""

    id: str
    kind: Literal[
        "ping",
        "incident.opened",
        "incident.acknowledged",
        "incident.priority_raised",
        "incident.priority_lowered",
        "incident.resolved",
        "incident.resolve_undone",
        "incident.reopened",
        "incident.closed",
        "incident.cancelled",
        "incident.retriggered",
        "incident.moved",
        "incident.snoozed",
        "incident.reassigned",
        "incident.renamed",
        "incident.exhausted",
    ]
    incident: int | None
    state: Literal["waiting", "sent", "failed", "skipped"]
    detail: str
    advice: str
    attempts: list[WebhookAttempt]
    tries: int
    next_try_at: str | None
    sent_at: str | None
    created_at: str
    body: dict[str, Any] | None


class WebhookInput(TypedDict):
    """A webhook to be made; without a team it is the whole organisation's."""

    name: str
    url: str
    team: NotRequired[int | None]
    kinds: list[
        Literal[
            "incident.opened",
            "incident.acknowledged",
            "incident.priority_raised",
            "incident.priority_lowered",
            "incident.resolved",
            "incident.resolve_undone",
            "incident.reopened",
            "incident.closed",
            "incident.cancelled",
            "incident.retriggered",
            "incident.moved",
            "incident.snoozed",
            "incident.reassigned",
            "incident.renamed",
            "incident.exhausted",
        ]
    ]
    services: NotRequired[list[int]]


class WebhookReplayInput(TypedDict):
    """From when on events are sent again."""

    since: str


class WebhookReplayed(TypedDict):
    """How many events are sent again."""

    events: int


class WebhookResumeInput(TypedDict):
    """Whether what came during the pause is sent."""

    send_waiting: NotRequired[bool]


class WebhookSecretInput(TypedDict):
    """How long messages are signed with the old secret too."""

    grace_hours: NotRequired[int]


class Refused(Exception):
    """The portal has refused a request: `code` is for programs, the text of the exception for people."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: int | None = None) -> None:
        super().__init__(f"{status}: {problem.get('detail', 'No reason was given.')}")
        self.status = status
        self.code: str = problem.get("code", "error")
        self.hint: str = problem.get("hint", "")
        self.fields: dict[str, list[str]] = problem.get("fields") or {}
        self.version: int | None = problem.get("version")
        self.request_id: str = problem.get("request_id", "")
        self.retry_after = retry_after


class Watchbill:
    """The portal at one address, with one token; close it, or use it in a `with`."""

    def __init__(
        self, url: str, token: str, *, timeout: float = 10.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {token}", "User-Agent": "watchbill-client/1"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        query: Mapping[str, Any] | None = None,
        version: int | None = None,
        idempotency_key: str = "",
    ) -> httpx.Response:
        """One request; raises Refused, and httpx.HTTPError where the portal was not reached."""
        headers = {"If-Match": f'"{version}"'} if version is not None else {}
        headers |= {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        if files:
            parts = [("files", each) for each in files]
            answer = self._http.request(method, path, headers=headers, data=dict(body or {}), files=parts)
        elif method in {"POST", "PUT", "PATCH"}:
            answer = self._http.request(method, path, params=asked or None, headers=headers, json=dict(body or {}))
        else:
            answer = self._http.request(method, path, params=asked or None, headers=headers)
        if answer.is_success:
            return answer
        told = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        wait = answer.headers.get("Retry-After", "")
        raise Refused(answer.status_code, told, int(wait) if wait.isdigit() else None)

    def _call(self, method: str, path: str, **more: Any) -> Any:
        """The answer as JSON; None where there is nothing to show."""
        answer = self._send(method, path, **more)
        return answer.json() if answer.content else None

    def _bytes(self, method: str, path: str, **more: Any) -> bytes:
        """The answer as it came."""
        return self._send(method, path, **more).content

    def _pages(self, path: str, *, query: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """The rows of a list, one page after the other; the next page is fetched when it is needed."""
        found = self._call("GET", path, query=query)
        while True:
            yield from found["results"]
            if not found["next"]:
                return
            # The address of the next page holds the query, but maybe another name of the portal than ours.
            found = self._call("GET", httpx.URL(found["next"]).raw_path.decode())

    # --- operations ---

    def audit_list(
        self,
        *,
        ordering: Literal["newest"] | None = None,
        page_size: int | None = None,
        thing: list[str] | None = None,
        actor: list[str] | None = None,
        verb: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[Audit]:
        """List entries: one's own acts, a manager's teams', a process owner's and administrator's all."""
        return self._pages(
            "/api/v1/audit/",
            query={
                "ordering": ordering,
                "page_size": page_size,
                "thing": thing,
                "actor": actor,
                "verb": verb,
                "since": since,
                "until": until,
            },
        )

    def changes_record(self, body: ChangeInput, *, idempotency_key: str = "") -> Change:
        """Record a change."""
        return cast("Change", self._call("POST", "/api/v1/changes/", body=body, idempotency_key=idempotency_key))

    def contact_methods_list(
        self, *, ordering: Literal["newest"] | None = None, page_size: int | None = None
    ) -> Iterator[ContactMethod]:
        """List one's own addresses."""
        return self._pages("/api/v1/contact-methods/", query={"ordering": ordering, "page_size": page_size})

    def contact_methods_add(self, body: ContactMethodInput) -> NewContactMethod:
        """Add an address; where its carrier wants one, a code is sent to it."""
        return cast("NewContactMethod", self._call("POST", "/api/v1/contact-methods/", body=body))

    def contact_methods_see(self, id: int) -> ContactMethod:
        """See an address of one's own."""
        return cast("ContactMethod", self._call("GET", f"/api/v1/contact-methods/{id}/"))

    def contact_methods_rename(
        self, id: int, body: LabelChanges | None = None, *, idempotency_key: str = ""
    ) -> ContactMethod:
        """Give an address another label."""
        return cast(
            "ContactMethod",
            self._call("PATCH", f"/api/v1/contact-methods/{id}/", body=body, idempotency_key=idempotency_key),
        )

    def contact_methods_remove(self, id: int, *, idempotency_key: str = "") -> None:
        """Take an address away."""
        self._call("DELETE", f"/api/v1/contact-methods/{id}/", idempotency_key=idempotency_key)

    def contact_methods_send_code(self, id: int) -> None:
        """Send a new code; the former one ends."""
        self._call("POST", f"/api/v1/contact-methods/{id}/send-code/")

    def contact_methods_test(self, id: int) -> Delivery:
        """Send a test message; how it went is in the delivery log."""
        return cast("Delivery", self._call("POST", f"/api/v1/contact-methods/{id}/test/"))

    def contact_methods_verify(self, id: int, body: CodeInput) -> ContactMethod:
        """Prove an address by its code: five tries, 15 minutes."""
        return cast("ContactMethod", self._call("POST", f"/api/v1/contact-methods/{id}/verify/", body=body))

    def contact_methods_subscribe(self, body: SubscriptionInput) -> ContactMethod:
        """Let a browser receive pages; one that is known, by this endpoint or by `former`, stays the
        same address.
        """
        return cast("ContactMethod", self._call("PUT", "/api/v1/contact-methods/subscription/", body=body))

    def coverage_see(self) -> list[Hole]:
        """List services without a policy, policies that reach nobody, schedules with nobody on call
        now.
        """
        return cast("list[Hole]", self._call("GET", "/api/v1/coverage/"))

    def deliveries_list(
        self,
        *,
        ordering: Literal["newest"] | None = None,
        page_size: int | None = None,
        state: list[Literal["queued", "sent", "confirmed", "failed", "withdrawn", "bundled"]] | None = None,
        purpose: list[str] | None = None,
        purpose_key: list[str] | None = None,
        provider: list[str] | None = None,
        user: list[int] | None = None,
        since: str | None = None,
    ) -> Iterator[Delivery]:
        """List messages with their attempts: one's own, a manager's team's, an administrator's all."""
        return self._pages(
            "/api/v1/deliveries/",
            query={
                "ordering": ordering,
                "page_size": page_size,
                "state": state,
                "purpose": purpose,
                "purpose_key": purpose_key,
                "provider": provider,
                "user": user,
                "since": since,
            },
        )

    def deliveries_see(self, id: int) -> Delivery:
        """See a message with its attempts."""
        return cast("Delivery", self._call("GET", f"/api/v1/deliveries/{id}/"))

    def event_rules_list(
        self,
        *,
        ordering: Literal["position", "newest"] | None = None,
        page_size: int | None = None,
        service: list[int] | None = None,
        general: bool | None = None,
    ) -> Iterator[EventRule]:
        """List rules; a service's own come before the general ones."""
        return self._pages(
            "/api/v1/event-rules/",
            query={"ordering": ordering, "page_size": page_size, "service": service, "general": general},
        )

    def event_rules_create(self, body: EventRuleInput, *, idempotency_key: str = "") -> EventRule:
        """Add a rule."""
        return cast("EventRule", self._call("POST", "/api/v1/event-rules/", body=body, idempotency_key=idempotency_key))

    def event_rules_see(self, id: int) -> EventRule:
        """See a rule."""
        return cast("EventRule", self._call("GET", f"/api/v1/event-rules/{id}/"))

    def event_rules_edit(
        self, id: int, body: EventRuleChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> EventRule:
        """Change a rule; its service stays."""
        return cast(
            "EventRule",
            self._call(
                "PATCH", f"/api/v1/event-rules/{id}/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def event_rules_delete(self, id: int, *, idempotency_key: str = "") -> None:
        """Delete a rule."""
        self._call("DELETE", f"/api/v1/event-rules/{id}/", idempotency_key=idempotency_key)

    def heartbeats_see(self, id: int) -> Heartbeat:
        """See a heartbeat."""
        return cast("Heartbeat", self._call("GET", f"/api/v1/heartbeats/{id}/"))

    def heartbeats_edit(
        self,
        id: int,
        body: HeartbeatEditChanges | None = None,
        *,
        version: int | None = None,
        idempotency_key: str = "",
    ) -> Heartbeat:
        """Change a heartbeat's name or times."""
        return cast(
            "Heartbeat",
            self._call(
                "PATCH", f"/api/v1/heartbeats/{id}/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def heartbeats_delete(self, id: int, *, idempotency_key: str = "") -> None:
        """Remove a heartbeat; an open alert of it is resolved."""
        self._call("DELETE", f"/api/v1/heartbeats/{id}/", idempotency_key=idempotency_key)

    def heartbeats_pause(self, id: int, *, idempotency_key: str = "") -> Heartbeat:
        """Expect nothing until it is resumed."""
        return cast("Heartbeat", self._call("POST", f"/api/v1/heartbeats/{id}/pause/", idempotency_key=idempotency_key))

    def heartbeats_resume(self, id: int, *, idempotency_key: str = "") -> Heartbeat:
        """Expect signs of life again, from the next ping on."""
        return cast(
            "Heartbeat", self._call("POST", f"/api/v1/heartbeats/{id}/resume/", idempotency_key=idempotency_key)
        )

    def inbound_see(self, id: int) -> InboundDetail:
        """See an event with the body of its request, secrets masked."""
        return cast("InboundDetail", self._call("GET", f"/api/v1/inbound/{id}/"))

    def incident_views_list(
        self,
        *,
        ordering: Literal["name", "newest"] | None = None,
        page_size: int | None = None,
        shared: bool | None = None,
    ) -> Iterator[View]:
        """List one's own views and those of one's teams."""
        return self._pages(
            "/api/v1/incident-views/", query={"ordering": ordering, "page_size": page_size, "shared": shared}
        )

    def incident_views_create(self, body: ViewInput, *, idempotency_key: str = "") -> View:
        """Keep a query under a name."""
        return cast("View", self._call("POST", "/api/v1/incident-views/", body=body, idempotency_key=idempotency_key))

    def incident_views_edit(
        self, id: int, body: ViewChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> View:
        """Rename it, change its query or who sees it."""
        return cast(
            "View",
            self._call(
                "PATCH", f"/api/v1/incident-views/{id}/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def incident_views_delete(self, id: int, *, idempotency_key: str = "") -> None:
        """Take it away."""
        self._call("DELETE", f"/api/v1/incident-views/{id}/", idempotency_key=idempotency_key)

    def incidents_list(
        self,
        *,
        ordering: Literal["newest", "oldest"] | None = None,
        page_size: int | None = None,
        status: list[
            Literal["triggered", "acknowledged", "identified", "mitigated", "resolved", "closed", "merged", "cancelled"]
        ]
        | None = None,
        priority: list[int] | None = None,
        major: bool | None = None,
        service: list[int] | None = None,
        team: list[int] | None = None,
        created_after: str | None = None,
        created_before: str | None = None,
        q: str | None = None,
    ) -> Iterator[Incident]:
        """List incidents."""
        return self._pages(
            "/api/v1/incidents/",
            query={
                "ordering": ordering,
                "page_size": page_size,
                "status": status,
                "priority": priority,
                "major": major,
                "service": service,
                "team": team,
                "created_after": created_after,
                "created_before": created_before,
                "q": q,
            },
        )

    def incidents_declare(self, body: DeclareInput, *, idempotency_key: str = "") -> Detail:
        """Declare an incident."""
        return cast("Detail", self._call("POST", "/api/v1/incidents/", body=body, idempotency_key=idempotency_key))

    def incidents_see(self, number: int) -> Detail:
        """See an incident."""
        return cast("Detail", self._call("GET", f"/api/v1/incidents/{number}/"))

    def incidents_describe(
        self, number: int, body: KnownChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Write what is known; a stale `version` is 409 with the stored and the sent text of each
        field.
        """
        return cast(
            "Detail",
            self._call(
                "PATCH", f"/api/v1/incidents/{number}/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def incidents_acknowledge(
        self, number: int, body: VerbInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Take it; escalation stops."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/acknowledge/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_alerts(
        self,
        number: int,
        *,
        ordering: Literal["newest", "oldest"] | None = None,
        page_size: int | None = None,
        state: list[Literal["open", "resolved"]] | None = None,
    ) -> Iterator[Alert]:
        """List an incident's alerts."""
        return self._pages(
            f"/api/v1/incidents/{number}/alerts/", query={"ordering": ordering, "page_size": page_size, "state": state}
        )

    def attachments_list(
        self, number: int, *, ordering: Literal["newest", "oldest"] | None = None, page_size: int | None = None
    ) -> Iterator[Attachment]:
        """List the files."""
        return self._pages(
            f"/api/v1/incidents/{number}/attachments/", query={"ordering": ordering, "page_size": page_size}
        )

    def attachments_add(self, number: int, files: Sequence[tuple[str, bytes]], body: FilesInput | None = None) -> Entry:
        """Write an entry with one to five files; 413 for what is too big, 415 for what is no picture
        and no text.
        """
        return cast("Entry", self._call("POST", f"/api/v1/incidents/{number}/attachments/", files=files, body=body))

    def attachments_read(self, number: int, file: str) -> bytes:
        """The file as it is stored."""
        return self._bytes("GET", f"/api/v1/incidents/{number}/attachments/{file}/")

    def incidents_cancel(
        self, number: int, body: ReasonInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """A false alarm."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/cancel/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_changes(self, number: int) -> list[NearChange]:
        """List the changes nearest in time."""
        return cast("list[NearChange]", self._call("GET", f"/api/v1/incidents/{number}/changes/"))

    def incidents_close(
        self, number: int, body: VerbInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """The review is done."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/close/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_escalate_now(
        self, number: int, body: VerbInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Page the next level at once."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/escalate-now/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_graph(self, number: int) -> Around:
        """See the services one step each way with their health."""
        return cast("Around", self._call("GET", f"/api/v1/incidents/{number}/graph/"))

    def incidents_identify(
        self, number: int, body: CauseInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """The cause is known."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/identify/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def milestones_correct(self, number: int, body: MilestoneInput, *, idempotency_key: str = "") -> Milestone:
        """Correct a milestone; both values are kept."""
        return cast(
            "Milestone",
            self._call("POST", f"/api/v1/incidents/{number}/milestones/", body=body, idempotency_key=idempotency_key),
        )

    def incidents_mitigate(
        self, number: int, body: TextInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Customers are no longer hit."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/mitigate/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_priority(
        self, number: int, body: PriorityChangeInput, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Raise or lower the priority."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/priority/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_reassign(
        self, number: int, body: ReassignInput, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Give it to a person or a policy."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/reassign/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_relapse(
        self, number: int, body: TextInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Customers are hit again."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/relapse/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_related(self, number: int) -> Related:
        """See open incidents of services around it, what began with it, and how its service was mended
        before.
        """
        return cast("Related", self._call("GET", f"/api/v1/incidents/{number}/related/"))

    def incidents_reopen(
        self, number: int, body: ReasonInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Take it up again."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/reopen/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_resolve(
        self, number: int, body: ResolveInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Nothing more to do now."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/resolve/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_snooze(
        self, number: int, body: SnoozeInput, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Acknowledge until a time."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/snooze/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_split(
        self, number: int, body: SplitInput, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Move alerts into a new incident; answers with the new one."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/split/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def timeline_list(
        self,
        number: int,
        *,
        ordering: Literal["seq", "occurred", "newest"] | None = None,
        page_size: int | None = None,
        since: int | None = None,
        kind: list[
            Literal[
                "note",
                "chat",
                "todo",
                "action",
                "finding",
                "hypothesis",
                "can_report",
                "customer_report",
                "decision",
                "opened",
                "alert_received",
                "alert_grouped",
                "alert_resolved",
                "page_sent",
                "page_failed",
                "page_declined",
                "level_skipped",
                "escalated",
                "exhausted",
                "caught_up",
                "acknowledged",
                "assigned",
                "priority_changed",
                "status_changed",
                "snoozed",
                "described",
                "suggestion",
                "milestone_edited",
                "split",
                "reopened",
            ]
        ]
        | None = None,
    ) -> Iterator[Entry]:
        """List the entries."""
        return self._pages(
            f"/api/v1/incidents/{number}/timeline/",
            query={"ordering": ordering, "page_size": page_size, "since": since, "kind": kind},
        )

    def timeline_note(self, number: int, body: NoteInput, *, idempotency_key: str = "") -> Entry | Said:
        """Write an entry; with `slash`, run a command: one that would page somebody is 409 with its
        own address. Times of day in a command are read in the time zone of the one who asks.
        """
        return cast(
            "Entry | Said",
            self._call("POST", f"/api/v1/incidents/{number}/timeline/", body=body, idempotency_key=idempotency_key),
        )

    def timeline_edit(
        self,
        number: int,
        id: int,
        body: EntryChanges | None = None,
        *,
        version: int | None = None,
        idempotency_key: str = "",
    ) -> Entry:
        """Change what a person wrote; the former text stays as a revision."""
        return cast(
            "Entry",
            self._call(
                "PATCH",
                f"/api/v1/incidents/{number}/timeline/{id}/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def timeline_pin(self, number: int, id: int, body: PinInput, *, idempotency_key: str = "") -> Entry:
        """Pin an entry or take the pin off."""
        return cast(
            "Entry",
            self._call(
                "POST", f"/api/v1/incidents/{number}/timeline/{id}/pin/", body=body, idempotency_key=idempotency_key
            ),
        )

    def timeline_revisions(self, number: int, id: int) -> list[Revision]:
        """List an entry's revisions, oldest first."""
        return cast("list[Revision]", self._call("GET", f"/api/v1/incidents/{number}/timeline/{id}/revisions/"))

    def timeline_strike(self, number: int, id: int, body: StrikeInput, *, idempotency_key: str = "") -> Entry:
        """Strike an entry with a reason."""
        return cast(
            "Entry",
            self._call(
                "POST", f"/api/v1/incidents/{number}/timeline/{id}/strike/", body=body, idempotency_key=idempotency_key
            ),
        )

    def incidents_undo_acknowledge(
        self, number: int, body: VerbInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Wait for an answer again."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/undo-acknowledge/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_undo_resolve(
        self, number: int, body: VerbInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Detail:
        """Take a resolve back within 10 s."""
        return cast(
            "Detail",
            self._call(
                "POST",
                f"/api/v1/incidents/{number}/undo-resolve/",
                body=body,
                version=version,
                idempotency_key=idempotency_key,
            ),
        )

    def incidents_bulk(self, body: SeveralInput, *, idempotency_key: str = "") -> list[Done]:
        """Do it to all of them or to none; a refusal names each that is in the way."""
        return cast(
            "list[Done]", self._call("POST", "/api/v1/incidents/bulk/", body=body, idempotency_key=idempotency_key)
        )

    def incidents_export(self, body: ExportInput | None = None) -> bytes:
        """CSV in UTF-8 with a byte order mark, times in UTC; one at a time for each person."""
        return self._bytes("POST", "/api/v1/incidents/export/", body=body)

    def invitations_list(
        self, *, ordering: Literal["newest"] | None = None, page_size: int | None = None
    ) -> Iterator[Invitation]:
        """List invitations."""
        return self._pages("/api/v1/invitations/", query={"ordering": ordering, "page_size": page_size})

    def invitations_send(self, body: InvitationInput) -> SentInvitation:
        """Invite somebody."""
        return cast("SentInvitation", self._call("POST", "/api/v1/invitations/", body=body))

    def invitations_see(self, id: int) -> Invitation:
        """See an invitation."""
        return cast("Invitation", self._call("GET", f"/api/v1/invitations/{id}/"))

    def invitations_resend(self, id: int) -> SentInvitation:
        """Send an invitation again; the former link opens nothing."""
        return cast("SentInvitation", self._call("POST", f"/api/v1/invitations/{id}/resend/"))

    def invitations_revoke(self, id: int, *, idempotency_key: str = "") -> Invitation:
        """Take an invitation back."""
        return cast(
            "Invitation", self._call("POST", f"/api/v1/invitations/{id}/revoke/", idempotency_key=idempotency_key)
        )

    def keys_see(self, id: int) -> Key:
        """See a key, without its text."""
        return cast("Key", self._call("GET", f"/api/v1/keys/{id}/"))

    def keys_edit(
        self, id: int, body: KeyEditChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Key:
        """Rename a key or choose its paths."""
        return cast(
            "Key",
            self._call("PATCH", f"/api/v1/keys/{id}/", body=body, version=version, idempotency_key=idempotency_key),
        )

    def keys_revoke(self, id: int, *, idempotency_key: str = "") -> Key:
        """Refuse a key from now on."""
        return cast("Key", self._call("POST", f"/api/v1/keys/{id}/revoke/", idempotency_key=idempotency_key))

    def keys_rotate(self, id: int, body: RotateInput | None = None) -> IssuedKey:
        """Make a successor; the old key works until the grace is over."""
        return cast("IssuedKey", self._call("POST", f"/api/v1/keys/{id}/rotate/", body=body))

    def me_see(self) -> Me:
        """See oneself."""
        return cast("Me", self._call("GET", "/api/v1/me/"))

    def me_edit(
        self, body: ProfileChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Me:
        """Change one's own profile."""
        return cast(
            "Me", self._call("PATCH", "/api/v1/me/", body=body, version=version, idempotency_key=idempotency_key)
        )

    def me_factors(self, *, ordering: Literal["added"] | None = None, page_size: int | None = None) -> Iterator[Factor]:
        """List one's second factors."""
        return self._pages("/api/v1/me/factors/", query={"ordering": ordering, "page_size": page_size})

    def me_set_password(self, body: PasswordInput) -> None:
        """Change one's own password; other sessions end."""
        self._call("POST", "/api/v1/me/password/", body=body)

    def me_sessions(
        self, *, ordering: Literal["newest"] | None = None, page_size: int | None = None
    ) -> Iterator[Session]:
        """List one's sessions."""
        return self._pages("/api/v1/me/sessions/", query={"ordering": ordering, "page_size": page_size})

    def me_sessions_see(self, id: int) -> Session:
        """See a session."""
        return cast("Session", self._call("GET", f"/api/v1/me/sessions/{id}/"))

    def me_sessions_end(self, id: int, *, idempotency_key: str = "") -> None:
        """End a session: its pages lead to sign-in, its sockets close within 5 s; a token cannot."""
        self._call("DELETE", f"/api/v1/me/sessions/{id}/", idempotency_key=idempotency_key)

    def me_sessions_end_others(self, *, idempotency_key: str = "") -> None:
        """End every other session; a token cannot."""
        self._call("POST", "/api/v1/me/sessions/end-others/", idempotency_key=idempotency_key)

    def notification_rules_list(
        self,
        *,
        ordering: Literal["soonest"] | None = None,
        page_size: int | None = None,
        urgency: list[Literal["high", "low"]] | None = None,
    ) -> Iterator[Rule]:
        """List one's own rules."""
        return self._pages(
            "/api/v1/notification-rules/", query={"ordering": ordering, "page_size": page_size, "urgency": urgency}
        )

    def notification_rules_create(self, body: RuleInput, *, idempotency_key: str = "") -> Rule:
        """Add a rule; only in a signed-in browser, never with a token. The first one for an urgency
        makes the default (mail and push at once) rules of one's own beside it.
        """
        return cast(
            "Rule", self._call("POST", "/api/v1/notification-rules/", body=body, idempotency_key=idempotency_key)
        )

    def notification_rules_reset(self, *, idempotency_key: str = "") -> None:
        """Go back to the default; only in a signed-in browser, never with a token."""
        self._call("DELETE", "/api/v1/notification-rules/", idempotency_key=idempotency_key)

    def notification_rules_see(self, id: int) -> Rule:
        """See a rule."""
        return cast("Rule", self._call("GET", f"/api/v1/notification-rules/{id}/"))

    def notification_rules_delete(self, id: int, *, idempotency_key: str = "") -> None:
        """Remove a rule; only in a signed-in browser, never with a token."""
        self._call("DELETE", f"/api/v1/notification-rules/{id}/", idempotency_key=idempotency_key)

    def on_call_list(
        self, *, ordering: Literal["name"] | None = None, page_size: int | None = None, team: list[int] | None = None
    ) -> Iterator[OnCall]:
        """List who is on call now."""
        return self._pages("/api/v1/on-calls/", query={"ordering": ordering, "page_size": page_size, "team": team})

    def organisation_see(self) -> Organisation:
        """See the organisation."""
        return cast("Organisation", self._call("GET", "/api/v1/organisation/"))

    def organisation_edit(
        self, body: OrganisationChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Organisation:
        """Name the organisation, say in which zone it lives and whether staff need a second factor."""
        return cast(
            "Organisation",
            self._call("PATCH", "/api/v1/organisation/", body=body, version=version, idempotency_key=idempotency_key),
        )

    def pages_list(
        self,
        *,
        ordering: Literal["newest"] | None = None,
        page_size: int | None = None,
        state: list[Literal["accepted", "declined", "sent", "timed_out", "undeliverable", "withdrawn"]] | None = None,
    ) -> Iterator[Page]:
        """List one's own pages, newest first."""
        return self._pages("/api/v1/pages/", query={"ordering": ordering, "page_size": page_size, "state": state})

    def pages_see(self, id: int) -> Page:
        """See a page."""
        return cast("Page", self._call("GET", f"/api/v1/pages/{id}/"))

    def pages_accept(self, id: int, *, idempotency_key: str = "") -> Answer:
        """Accept a page: its incident is acknowledged."""
        return cast("Answer", self._call("POST", f"/api/v1/pages/{id}/accept/", idempotency_key=idempotency_key))

    def pages_decline(self, id: int, body: DeclineInput | None = None, *, idempotency_key: str = "") -> Answer:
        """Decline a page: the next level is asked when everybody on this one has declined."""
        return cast(
            "Answer", self._call("POST", f"/api/v1/pages/{id}/decline/", body=body, idempotency_key=idempotency_key)
        )

    def pages_escalate(self, id: int, *, idempotency_key: str = "") -> Answer:
        """Page the next level at once."""
        return cast("Answer", self._call("POST", f"/api/v1/pages/{id}/escalate/", idempotency_key=idempotency_key))

    def pages_explain(self, id: int, body: DeclinedInput, *, idempotency_key: str = "") -> Answer:
        """Give the reason of a page that was declined without one."""
        return cast(
            "Answer", self._call("POST", f"/api/v1/pages/{id}/reason/", body=body, idempotency_key=idempotency_key)
        )

    def policies_list(
        self,
        *,
        ordering: Literal["name", "newest"] | None = None,
        page_size: int | None = None,
        team: list[int] | None = None,
        q: str | None = None,
    ) -> Iterator[Policy]:
        """List policies."""
        return self._pages(
            "/api/v1/policies/", query={"ordering": ordering, "page_size": page_size, "team": team, "q": q}
        )

    def policies_create(self, body: PolicyInput, *, idempotency_key: str = "") -> OnePolicy:
        """Create a policy; refused when nobody on it could be reached."""
        return cast("OnePolicy", self._call("POST", "/api/v1/policies/", body=body, idempotency_key=idempotency_key))

    def policies_see(self, id: int) -> OnePolicy:
        """See a policy, and what would be passed over if it were used now."""
        return cast("OnePolicy", self._call("GET", f"/api/v1/policies/{id}/"))

    def policies_edit(
        self, id: int, body: PolicyChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> OnePolicy:
        """Change a policy; running escalations keep their copy."""
        return cast(
            "OnePolicy",
            self._call("PATCH", f"/api/v1/policies/{id}/", body=body, version=version, idempotency_key=idempotency_key),
        )

    def policies_delete(self, id: int, *, idempotency_key: str = "") -> None:
        """Delete a policy that no service uses."""
        self._call("DELETE", f"/api/v1/policies/{id}/", idempotency_key=idempotency_key)

    def priorities_list(self) -> list[Priority]:
        """List the priorities, most severe first."""
        return cast("list[Priority]", self._call("GET", "/api/v1/priorities/"))

    def priorities_edit(
        self, id: int, body: PriorityChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Priority:
        """Rename a priority or change what it demands."""
        return cast(
            "Priority",
            self._call(
                "PATCH", f"/api/v1/priorities/{id}/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def providers_list(self) -> list[Provider]:
        """List the carriers with what they ask for and how they have done in the last hour."""
        return cast("list[Provider]", self._call("GET", "/api/v1/providers/"))

    def providers_see(self, provider: str) -> ProviderDetail:
        """See a carrier; its settings are for administrators."""
        return cast("ProviderDetail", self._call("GET", f"/api/v1/providers/{provider}/"))

    def providers_configure(self, provider: str, body: ProviderInput, *, version: int | None = None) -> ProviderDetail:
        """Set a carrier up, or switch it on and off; secrets are written and never read back."""
        return cast("ProviderDetail", self._call("PUT", f"/api/v1/providers/{provider}/", body=body, version=version))

    def schedules_list(
        self,
        *,
        ordering: Literal["name", "newest"] | None = None,
        page_size: int | None = None,
        team: list[int] | None = None,
        q: str | None = None,
    ) -> Iterator[Schedule]:
        """List schedules."""
        return self._pages(
            "/api/v1/schedules/", query={"ordering": ordering, "page_size": page_size, "team": team, "q": q}
        )

    def schedules_create(self, body: ScheduleInput, *, idempotency_key: str = "") -> Schedule:
        """Create a schedule."""
        return cast("Schedule", self._call("POST", "/api/v1/schedules/", body=body, idempotency_key=idempotency_key))

    def schedules_see(self, id: int) -> Schedule:
        """See a schedule."""
        return cast("Schedule", self._call("GET", f"/api/v1/schedules/{id}/"))

    def schedules_edit(
        self, id: int, body: ScheduleChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Schedule:
        """Change a schedule."""
        return cast(
            "Schedule",
            self._call(
                "PATCH", f"/api/v1/schedules/{id}/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def schedules_delete(self, id: int, *, idempotency_key: str = "") -> None:
        """Delete a schedule that no policy uses."""
        self._call("DELETE", f"/api/v1/schedules/{id}/", idempotency_key=idempotency_key)

    def schedules_shifts(self, id: int) -> list[Shift]:
        """List who is on call in the next 28 days."""
        return cast("list[Shift]", self._call("GET", f"/api/v1/schedules/{id}/shifts/"))

    def services_list(
        self,
        *,
        archived: bool | None = None,
        ordering: Literal["name", "newest"] | None = None,
        page_size: int | None = None,
        team: list[int] | None = None,
        customer_facing: bool | None = None,
        q: str | None = None,
    ) -> Iterator[Service]:
        """List services."""
        return self._pages(
            "/api/v1/services/",
            query={
                "archived": archived,
                "ordering": ordering,
                "page_size": page_size,
                "team": team,
                "customer_facing": customer_facing,
                "q": q,
            },
        )

    def services_create(self, body: ServiceInput, *, idempotency_key: str = "") -> Service:
        """Create a service."""
        return cast("Service", self._call("POST", "/api/v1/services/", body=body, idempotency_key=idempotency_key))

    def services_see(self, id: int) -> Service:
        """See a service."""
        return cast("Service", self._call("GET", f"/api/v1/services/{id}/"))

    def services_edit(
        self, id: int, body: ServiceChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Service:
        """Change a service."""
        return cast(
            "Service",
            self._call("PATCH", f"/api/v1/services/{id}/", body=body, version=version, idempotency_key=idempotency_key),
        )

    def services_archive(
        self, id: int, body: VersionInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Service:
        """Archive a service; its history stays."""
        return cast(
            "Service",
            self._call(
                "POST", f"/api/v1/services/{id}/archive/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def changes_list(
        self, id: int, *, ordering: Literal["newest"] | None = None, page_size: int | None = None
    ) -> Iterator[Change]:
        """List a service's changes."""
        return self._pages(f"/api/v1/services/{id}/changes/", query={"ordering": ordering, "page_size": page_size})

    def event_rules_try(self, id: int, body: TryInput | None = None, *, idempotency_key: str = "") -> Decision:
        """Say which rule an event would meet and which priority it would get; stores nothing."""
        return cast(
            "Decision",
            self._call("POST", f"/api/v1/services/{id}/event-rules/try/", body=body, idempotency_key=idempotency_key),
        )

    def grouping_see(self, id: int) -> Grouping:
        """See the grouping of a service."""
        return cast("Grouping", self._call("GET", f"/api/v1/services/{id}/grouping/"))

    def grouping_set(
        self, id: int, body: GroupingInput, *, version: int | None = None, idempotency_key: str = ""
    ) -> Grouping:
        """Set the grouping of a service."""
        return cast(
            "Grouping",
            self._call(
                "PUT", f"/api/v1/services/{id}/grouping/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def services_heartbeats(
        self, id: int, *, ordering: Literal["oldest"] | None = None, page_size: int | None = None
    ) -> Iterator[Heartbeat]:
        """List a service's heartbeats."""
        return self._pages(f"/api/v1/services/{id}/heartbeats/", query={"ordering": ordering, "page_size": page_size})

    def services_heartbeats_create(self, id: int, body: HeartbeatInput) -> IssuedHeartbeat:
        """Create a heartbeat; the text of its key is shown this once."""
        return cast("IssuedHeartbeat", self._call("POST", f"/api/v1/services/{id}/heartbeats/", body=body))

    def services_inbound(
        self,
        id: int,
        *,
        ordering: Literal["newest", "oldest"] | None = None,
        page_size: int | None = None,
        outcome: list[
            Literal[
                "accepted",
                "opened",
                "grouped",
                "reopened",
                "counted",
                "worse",
                "resolved",
                "acknowledged",
                "unknown",
                "stale",
                "signal",
                "change",
                "flood",
                "echo",
                "refused",
            ]
        ]
        | None = None,
        key: list[int] | None = None,
        dedup_key: list[str] | None = None,
        since: str | None = None,
    ) -> Iterator[Inbound]:
        """List what came in for a service in the last 30 days."""
        return self._pages(
            f"/api/v1/services/{id}/inbound/",
            query={
                "ordering": ordering,
                "page_size": page_size,
                "outcome": outcome,
                "key": key,
                "dedup_key": dedup_key,
                "since": since,
            },
        )

    def services_keys(
        self, id: int, *, ordering: Literal["oldest"] | None = None, page_size: int | None = None
    ) -> Iterator[Key]:
        """List a service's integration keys with their health."""
        return self._pages(f"/api/v1/services/{id}/keys/", query={"ordering": ordering, "page_size": page_size})

    def services_keys_issue(self, id: int, body: KeyInput | None = None) -> IssuedKey:
        """Issue a key; its text is shown this once."""
        return cast("IssuedKey", self._call("POST", f"/api/v1/services/{id}/keys/", body=body))

    def services_restore(
        self, id: int, body: VersionInput | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Service:
        """Restore an archived service."""
        return cast(
            "Service",
            self._call(
                "POST", f"/api/v1/services/{id}/restore/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def services_test_event(
        self, id: int, body: TestEventInput | None = None, *, idempotency_key: str = ""
    ) -> TestEvent:
        """Send a test event to a service."""
        return cast(
            "TestEvent",
            self._call("POST", f"/api/v1/services/{id}/test-event/", body=body, idempotency_key=idempotency_key),
        )

    def teams_list(
        self, *, ordering: Literal["name", "newest"] | None = None, page_size: int | None = None
    ) -> Iterator[Team]:
        """List teams."""
        return self._pages("/api/v1/teams/", query={"ordering": ordering, "page_size": page_size})

    def teams_create(self, body: TeamInput, *, idempotency_key: str = "") -> Team:
        """Create a team."""
        return cast("Team", self._call("POST", "/api/v1/teams/", body=body, idempotency_key=idempotency_key))

    def teams_see(self, id: int) -> Team:
        """See a team."""
        return cast("Team", self._call("GET", f"/api/v1/teams/{id}/"))

    def teams_edit(
        self, id: int, body: TeamChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Team:
        """Rename or describe a team."""
        return cast(
            "Team",
            self._call("PATCH", f"/api/v1/teams/{id}/", body=body, version=version, idempotency_key=idempotency_key),
        )

    def teams_delete(self, id: int, *, idempotency_key: str = "") -> None:
        """Delete a team that owns nothing."""
        self._call("DELETE", f"/api/v1/teams/{id}/", idempotency_key=idempotency_key)

    def teams_members(
        self, id: int, *, ordering: Literal["joined"] | None = None, page_size: int | None = None
    ) -> Iterator[Member]:
        """List a team's people."""
        return self._pages(f"/api/v1/teams/{id}/members/", query={"ordering": ordering, "page_size": page_size})

    def teams_join(self, id: int, user: int, body: MemberInput | None = None, *, idempotency_key: str = "") -> Member:
        """Take a person into a team, or change what he or she is in it."""
        return cast(
            "Member",
            self._call("PUT", f"/api/v1/teams/{id}/members/{user}/", body=body, idempotency_key=idempotency_key),
        )

    def teams_leave(self, id: int, user: int, *, idempotency_key: str = "") -> None:
        """Take a person out of a team, or leave it oneself."""
        self._call("DELETE", f"/api/v1/teams/{id}/members/{user}/", idempotency_key=idempotency_key)

    def tokens_list(
        self, *, ordering: Literal["newest"] | None = None, page_size: int | None = None
    ) -> Iterator[Token]:
        """List tokens."""
        return self._pages("/api/v1/tokens/", query={"ordering": ordering, "page_size": page_size})

    def tokens_issue(self, body: TokenInput) -> IssuedToken:
        """Make a token; its text is in this answer and nowhere else."""
        return cast("IssuedToken", self._call("POST", "/api/v1/tokens/", body=body))

    def tokens_see(self, id: int) -> Token:
        """See a token."""
        return cast("Token", self._call("GET", f"/api/v1/tokens/{id}/"))

    def tokens_revoke(self, id: int, *, idempotency_key: str = "") -> None:
        """Revoke a token at once."""
        self._call("DELETE", f"/api/v1/tokens/{id}/", idempotency_key=idempotency_key)

    def users_list(
        self,
        *,
        ordering: Literal["name", "newest"] | None = None,
        page_size: int | None = None,
        role: list[Literal["stakeholder", "responder", "process_owner", "administrator"]] | None = None,
        active: bool | None = None,
    ) -> Iterator[Person]:
        """List people."""
        return self._pages(
            "/api/v1/users/", query={"ordering": ordering, "page_size": page_size, "role": role, "active": active}
        )

    def users_create(self, body: NewPersonInput, *, idempotency_key: str = "") -> Person:
        """Create a person."""
        return cast("Person", self._call("POST", "/api/v1/users/", body=body, idempotency_key=idempotency_key))

    def users_see(self, id: int) -> Person:
        """See a person."""
        return cast("Person", self._call("GET", f"/api/v1/users/{id}/"))

    def users_edit(
        self, id: int, body: PersonChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Person:
        """Change a person's profile or e-mail address."""
        return cast(
            "Person",
            self._call("PATCH", f"/api/v1/users/{id}/", body=body, version=version, idempotency_key=idempotency_key),
        )

    def users_deactivate(self, id: int, *, idempotency_key: str = "") -> Person:
        """Shut a person out: sessions and tokens end at once."""
        return cast("Person", self._call("POST", f"/api/v1/users/{id}/deactivate/", idempotency_key=idempotency_key))

    def users_reactivate(self, id: int, *, idempotency_key: str = "") -> Person:
        """Let a person in again."""
        return cast("Person", self._call("POST", f"/api/v1/users/{id}/reactivate/", idempotency_key=idempotency_key))

    def users_reset_factors(self, id: int, *, idempotency_key: str = "") -> None:
        """Take a person's second factors away and end the sessions; he or she is told by mail. A token
        cannot.
        """
        self._call("POST", f"/api/v1/users/{id}/reset-factors/", idempotency_key=idempotency_key)

    def users_change_role(
        self, id: int, body: RoleInput, *, version: int | None = None, idempotency_key: str = ""
    ) -> Person:
        """Give a person another role."""
        return cast(
            "Person",
            self._call(
                "POST", f"/api/v1/users/{id}/role/", body=body, version=version, idempotency_key=idempotency_key
            ),
        )

    def webhooks_list(
        self,
        *,
        ordering: Literal["name", "newest"] | None = None,
        page_size: int | None = None,
        state: list[Literal["active", "paused"]] | None = None,
        q: str | None = None,
    ) -> Iterator[Webhook]:
        """List webhooks."""
        return self._pages(
            "/api/v1/webhooks/", query={"ordering": ordering, "page_size": page_size, "state": state, "q": q}
        )

    def webhooks_create(self, body: WebhookInput) -> IssuedWebhook:
        """Create a webhook; its secret is shown this once."""
        return cast("IssuedWebhook", self._call("POST", "/api/v1/webhooks/", body=body))

    def webhooks_see(self, id: int) -> Webhook:
        """See a webhook, without its secret."""
        return cast("Webhook", self._call("GET", f"/api/v1/webhooks/{id}/"))

    def webhooks_edit(
        self, id: int, body: WebhookChanges | None = None, *, version: int | None = None, idempotency_key: str = ""
    ) -> Webhook:
        """Change a webhook; what waits goes to its new address."""
        return cast(
            "Webhook",
            self._call("PATCH", f"/api/v1/webhooks/{id}/", body=body, version=version, idempotency_key=idempotency_key),
        )

    def webhooks_delete(self, id: int, *, idempotency_key: str = "") -> None:
        """Remove a webhook with its log."""
        self._call("DELETE", f"/api/v1/webhooks/{id}/", idempotency_key=idempotency_key)

    def webhooks_deliveries(
        self,
        id: int,
        *,
        ordering: Literal["newest"] | None = None,
        page_size: int | None = None,
        state: list[Literal["waiting", "sent", "failed", "skipped"]] | None = None,
        kind: list[
            Literal[
                "ping",
                "incident.opened",
                "incident.acknowledged",
                "incident.priority_raised",
                "incident.priority_lowered",
                "incident.resolved",
                "incident.resolve_undone",
                "incident.reopened",
                "incident.closed",
                "incident.cancelled",
                "incident.retriggered",
                "incident.moved",
                "incident.snoozed",
                "incident.reassigned",
                "incident.renamed",
                "incident.exhausted",
            ]
        ]
        | None = None,
    ) -> Iterator[WebhookDelivery]:
        """List a webhook's deliveries of the last 30 days, without those about private incidents."""
        return self._pages(
            f"/api/v1/webhooks/{id}/deliveries/",
            query={"ordering": ordering, "page_size": page_size, "state": state, "kind": kind},
        )

    def webhooks_delivery(self, id: int, event: str) -> WebhookDeliveryDetail:
        """See one delivery with its text."""
        return cast("WebhookDeliveryDetail", self._call("GET", f"/api/v1/webhooks/{id}/deliveries/{event}/"))

    def webhooks_delivery_replay(self, id: int, event: str, *, idempotency_key: str = "") -> WebhookDelivery:
        """Send one event again, with the same id and a new signature."""
        return cast(
            "WebhookDelivery",
            self._call("POST", f"/api/v1/webhooks/{id}/deliveries/{event}/replay/", idempotency_key=idempotency_key),
        )

    def webhooks_pause(self, id: int, *, idempotency_key: str = "") -> Webhook:
        """Send nothing until it is resumed; events wait in its log."""
        return cast("Webhook", self._call("POST", f"/api/v1/webhooks/{id}/pause/", idempotency_key=idempotency_key))

    def webhooks_replay(self, id: int, body: WebhookReplayInput, *, idempotency_key: str = "") -> WebhookReplayed:
        """Send every event again that was given up or left out since a time, with their own ids."""
        return cast(
            "WebhookReplayed",
            self._call("POST", f"/api/v1/webhooks/{id}/replay/", body=body, idempotency_key=idempotency_key),
        )

    def webhooks_resume(self, id: int, body: WebhookResumeInput | None = None, *, idempotency_key: str = "") -> Webhook:
        """Send again, with or without what has waited."""
        return cast(
            "Webhook", self._call("POST", f"/api/v1/webhooks/{id}/resume/", body=body, idempotency_key=idempotency_key)
        )

    def webhooks_rotate(self, id: int, body: WebhookSecretInput | None = None) -> IssuedWebhook:
        """Make a new secret; the old one signs as well until the grace is over."""
        return cast("IssuedWebhook", self._call("POST", f"/api/v1/webhooks/{id}/rotate/", body=body))

    def webhooks_test(self, id: int, *, idempotency_key: str = "") -> WebhookDelivery:
        """Send a `ping`, once, also by a paused webhook; its delivery says what it met."""
        return cast(
            "WebhookDelivery", self._call("POST", f"/api/v1/webhooks/{id}/test/", idempotency_key=idempotency_key)
        )
