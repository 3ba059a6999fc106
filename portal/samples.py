"""What the page of components shows: plain values, nothing of it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms

from core import clock
from core.templatetags import shapes
from core.templatetags.charts import Chart, Line
from core.web.forms import PortalForm
from incidents.kinds import entry_kinds
from incidents.models import Incident, TimelineEntry
from incidents.queries import timeline

TOKENS = """
canvas surface sunken raised hover selected line line-strong line-control ink ink-2 ink-3 accent accent-fill
accent-tint focus red red-ink red-tint orange orange-ink orange-tint amber amber-ink amber-tint blue-ink blue-tint
green-ink green-tint grey-ink grey-tint mark-ok mark-degraded mark-partial mark-outage mark-maint mark-none
h1 h2 h3 h4 h5 h6 h7 h8
"""
HEALTHS = (
    ("ok", "Operational"),
    ("degraded", "Degraded performance"),
    ("partial", "Partial outage"),
    ("outage", "Major outage"),
    ("maint", "Under maintenance"),
)
TEXTS = {
    "note": "Rolling back 4.12.0 now. Error rate was **0.4 %** before it went out.",
    "chat": "Looking at the gateway's own log.",
}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the samples."""

    pk: int
    name: str


class SampleForm(PortalForm):
    """One field of each kind; the sample is filled in wrongly on purpose."""

    title = forms.CharField(max_length=40, initial="Card payments fail at checkout")
    phone = forms.RegexField(
        r"^\+\d", error_messages={"invalid": "Start with the country, for example +49 171 555 123"}
    )
    minutes = forms.IntegerField(min_value=1, max_value=60, help_text="1 to 60")
    urgency = forms.ChoiceField(choices=[("high", "High"), ("low", "Low")])
    when = forms.ChoiceField(choices=[("now", "At once"), ("day", "By day")], widget=forms.RadioSelect, initial="now")
    detail = forms.CharField(widget=forms.Textarea({"rows": 3}), required=False)
    night = forms.BooleanField(required=False, label="Page me at night", help_text="Takes effect when you save")


def samples() -> dict[str, Any]:
    """Everything that the page draws, at the present moment."""
    now = clock.now()
    wrong = SampleForm(
        {"w-title": "", "w-phone": "0171 555", "w-minutes": "90", "w-urgency": "high", "w-when": "now"}, prefix="w"
    )
    return {
        "tokens": TOKENS.split(),
        "states": list(shapes.STATES),
        "healths": HEALTHS,
        "people": [Somebody(8, "Amara Okafor"), Somebody(1, "Priya Raman"), Somebody(7, "Łukasz Nowak")],
        "entries": entries(),
        "form": SampleForm(prefix="s"),
        "wrong": wrong,
        "times": {
            "begun": now - timedelta(minutes=4),
            "later": now + timedelta(minutes=3, seconds=12),
            "soon": now + timedelta(seconds=48),
            "over": now - timedelta(seconds=40),
        },
        "chart": chart(),
        "days": ["ok"] * 40
        + ["degraded", "ok", "outage", "ok", "maint"]
        + ["ok"] * 41
        + ["none", "ok", "ok", "partial"],
        "bad_days": [
            ("17 September", "outage", "Major outage, 41 min"),
            ("15 September", "degraded", "Degraded, 12 min"),
            ("Today", "partial", "Partial outage"),
        ],
        "course": [1, 1, 1.4, 1, 1, 6, 7.6, 7.2, 5],
        "tabs": [("Overview", "#tabs", True), ("Alerts", "#tabs-2", False), ("Changes", "#tabs-3", False)],
    }


def chart() -> Chart:
    """Two lines, a goal and a gap."""
    places = ["3 Aug", "17 Aug", "31 Aug", "14 Sep", "28 Sep", "12 Oct"]
    lines = [
        Line("Median", [2.6, 2.4, 2.5, 2.2, 1.9, 1.8], "1:48"),
        Line("90th percentile", [7.1, 6.2, None, 5.4, 4.9, 4.2], "4:12"),
    ]
    return Chart("Median time to acknowledge fell from 2.6 to 1.8 minutes", places, lines, " min", goal=3)


def entries() -> list[timeline.Line]:
    """A timeline entry of each kind that the rooms know, with a struck and a pinned one at the end."""
    now, incident = clock.now(), Incident(pk=0, number=2481)
    made = []
    for place, kind in enumerate(entry_kinds()):
        entry = TimelineEntry(pk=-1 - place, seq=place, incident=incident, kind=kind.key, text=TEXTS.get(kind.key, ""))
        entry.data = {"to": "mitigated"}
        entry.occurred_at = entry.recorded_at = now - timedelta(minutes=40 - place)
        if kind.human:
            entry.actor_kind, entry.actor_label, entry.actor_user_id = "user", "Priya Raman", 1
            entry.text = entry.text or "What a person writes."
        made.append(timeline.Line(entry=entry, kind=kind))
    note = next(line.kind for line in made if line.kind.human)
    changes: list[dict[str, Any]] = [{"struck_reason": "Wrong incident"}, {"pinned": True, "edited_at": now}]
    for place, change in enumerate(changes):
        entry = TimelineEntry(pk=-90 - place, seq=0, incident=incident, kind=note.key, text="Said before.", **change)
        entry.occurred_at, entry.recorded_at = now, now + timedelta(minutes=5)
        entry.actor_kind, entry.actor_label = "user", "Amara Okafor"
        made.append(timeline.Line(entry=entry, kind=note))
    return made
