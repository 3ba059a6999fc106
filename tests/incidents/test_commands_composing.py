"""The composer: what is written, said in the room, or asked for by a slash (RES-05, RES-07, RES-17, S19)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.permissions import rights
from core import clock
from core.errors import Conflict, Forbidden, Invalid
from incidents.commands import composing, lifecycle, timeline
from incidents.kinds import Outcome, slash_commands
from incidents.models import Incident, TimelineEntry
from incidents.queries.composing import commands_for
from incidents.queries.details import allowed_verbs
from incidents.queries.timeline import broken_links, entries_seen_by, lines
from tests.incidents.conftest import Stage
from tests.world import acts


@pytest.fixture
def opened(stage: Stage) -> Incident:
    stage.fire()
    return stage.incident()


def say(stage: Stage, text: str, **more: object) -> Outcome:
    return composing.say(acts(stage.world.bo), stage.incident(), text=text, **more)  # type: ignore[arg-type]


def written(stage: Stage, text: str, **more: object) -> TimelineEntry:
    entry = say(stage, text, **more).entry
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    ("text", "kind", "kept"),
    [
        ("The pool is full", "note", "The pool is full"),
        ("TODO: raise the limit", "todo", "raise the limit"),
        ("todo:raise the limit", "todo", "raise the limit"),
        ("/todo raise the limit", "todo", "raise the limit"),
        ("/decide roll back", "decision", "roll back"),
        ("/finding the pool is full", "finding", "the pool is full"),
        ("/hypothesis the deploy", "hypothesis", "the deploy"),
        ("/action restarted pod 3", "action", "restarted pod 3"),
        ("/can down | rolling back | nothing", "can_report",
         "- **Condition:** down\n- **Actions:** rolling back\n- **Needs:** nothing"),
        ("//tmp is full", "note", "/tmp is full"),
        ("/var/log is full", "note", "/var/log is full"),
    ],
)  # fmt: skip
def test_what_is_written_and_as_what(stage: Stage, opened: Incident, text: str, kind: str, kept: str) -> None:
    made = written(stage, text)
    assert (made.kind, made.text) == (kind, kept)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/prio P2", "Did you mean /priority?"),
        ("/frobnicate", "write two: //frobnicate"),
        ("/", "Commands: /ack, /action, /assign, /at,"),
        ("/priority", "Write /priority P1 to P5"),
        ("/priority P9", "Write /priority P1 to P5"),
        ("/state happy", "Write /state acknowledged, identified"),
        ("/resolve", "Write /resolve and one sentence"),
        ("/snooze soon", "Write /snooze 30m"),
        ("/snooze 8d", "seven days at most"),
        ("/assign", "Write /assign and a name"),
        ("/assign @Nobody", "Nobody who can be on call is called “Nobody”."),
        ("/at noon it began", "Write /at 16:18"),
        ("/at 08:30 /ack", "/ack acts now."),
        ("/can up | down", "Write /can condition | actions | needs."),
        ("/decide", "Write /decide text."),
        ("/note", "Write /note text."),
    ],
)
def test_a_wrong_command_says_how_it_is_written(stage: Stage, opened: Incident, text: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refusal:
        say(stage, text)
    assert sentence in refusal.value.fields["text"][0]
    assert not TimelineEntry.objects.filter(actor_user=stage.world.bo).exists()


def test_bo_works_by_commands_alone(stage: Stage, opened: Incident) -> None:
    assert say(stage, "/ack").undo == f"/incidents/1/undo-acknowledge/?version={stage.incident().version}"
    assert stage.assignees() == {"Bo"}
    assert say(stage, "/priority P4 only one shop").says == "The priority of INC-1 was set."
    assert stage.incident().priority.rank == 4
    say(stage, "/state identified the deploy of 09:00")
    assert stage.incident().suspected_cause == "the deploy of 09:00"
    say(stage, "/state mitigated rolled back")
    say(stage, "/resolve Rolled back, the pool is empty again")
    done = stage.incident()
    assert (done.status, done.resolution) == ("resolved", "Rolled back, the pool is empty again")


def test_snoozing_by_a_duration(stage: Stage, opened: Incident) -> None:
    assert "is snoozed until 10:30 UTC" in say(stage, "/snooze 1h30m").says
    assert stage.incident().snoozed_until == clock.now() + timedelta(minutes=90)


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("/escalate", "/incidents/1/escalate/"),
        ("/assign @Cy he knows the pool", "/incidents/1/reassign/?to=user%3A{cy}&reason=he+knows+the+pool"),
        ("/assign cy novak", "/incidents/1/reassign/?to=user%3A{cy}"),
        ("/priority p1 all shops", "/incidents/1/priority/?priority={p1}&reason=all+shops"),
    ],
)
def test_what_pages_people_asks_first(stage: Stage, opened: Incident, text: str, page: str) -> None:
    before = (stage.pages(), stage.kinds())
    outcome = say(stage, text)
    p1 = type(opened.priority).objects.get(rank=1).pk
    assert outcome.ask == page.format(cy=stage.world.cy.pk, p1=p1)
    assert (stage.pages(), stage.kinds()) == before


def test_a_name_that_two_people_have_is_asked_for_in_full(stage: Stage, opened: Incident) -> None:
    stage.world.di.name, stage.world.cy.name = "Kim Okoro", "Kim Novak"
    stage.world.di.save()
    stage.world.cy.save()
    with pytest.raises(Invalid) as refusal:
        say(stage, "/assign @Kim")
    assert "Kim Novak, Kim Okoro" in refusal.value.detail
    assert say(stage, "/assign @Kim Okoro").ask.endswith(f"user%3A{stage.world.di.pk}")


def test_two_of_the_very_same_name_are_told_apart(stage: Stage, opened: Incident) -> None:
    for person, mail in ((stage.world.di, "kim.pay@shop.example"), (stage.world.cy, "kim@shop.example")):
        person.name, person.email = "Kim Novak", mail
        person.save()
    with pytest.raises(Invalid) as refusal:
        say(stage, "/assign @Kim Novak")
    assert "Kim Novak, @kim.pay" in refusal.value.detail
    assert say(stage, "/assign @kim.pay").ask.endswith(f"user%3A{stage.world.di.pk}")
    assert say(stage, "/assign @kim knows it").ask.endswith(f"user%3A{stage.world.cy.pk}&reason=knows+it")


def test_illegal_moves_are_refused_as_by_the_button(stage: Stage, opened: Incident) -> None:
    say(stage, "/ack")
    with pytest.raises(Conflict):
        say(stage, "/ack")
    with pytest.raises(Forbidden):
        composing.say(acts(stage.world.eve), opened, text="/ack")
    with pytest.raises(Forbidden):
        composing.say(acts(stage.world.sam), opened, text="hello")


def test_s19_late_entries_in_the_writers_zone(stage: Stage, opened: Incident) -> None:
    """09:00 UTC is 10:00 in Berlin: 09:40 was twenty minutes ago, 10:20 was yesterday."""
    with timezone.override(ZoneInfo("Europe/Berlin")):
        late = written(stage, "/at 09:40 the first complaint")
        old = written(stage, "/at 10:20 the deploy")
        found = written(stage, "/at 09:41 /finding the pool was full")
    assert (late.occurred_at, late.text) == (datetime(2026, 11, 16, 8, 40, tzinfo=UTC), "the first complaint")
    assert late.recorded_at == clock.now()
    assert old.occurred_at == datetime(2026, 11, 15, 9, 20, tzinfo=UTC)
    assert (found.kind, found.occurred_at.minute) == ("finding", 41)
    assert lines([late])[0].lag == timedelta(minutes=20)
    assert broken_links(opened) == []


def test_s19_what_is_filed_far_above_says_so(stage: Stage, opened: Incident) -> None:
    """At 09:00, 20:00 is that of the evening before; a date may be given, and none in the future."""
    far = say(stage, "/at 20:00 the deploy")
    assert far.says == "Filed under Sun 15 Nov, 20:00."
    assert far.entry is not None
    assert far.entry.occurred_at == datetime(2026, 11, 15, 20, tzinfo=UTC)
    assert say(stage, "/at 08:50 close").says == ""
    dated = say(stage, "/at 2026-11-12T07:30 /decide freeze")
    assert dated.entry is not None
    assert (dated.entry.kind, dated.entry.text, dated.says) == ("decision", "freeze", "Filed under Thu 12 Nov, 07:30.")
    with pytest.raises(Invalid):
        say(stage, "/at 2026-11-17 07:30 tomorrow")


def test_a_plain_note_may_be_written_as_a_command_too(stage: Stage, opened: Incident) -> None:
    """In the chat as well: what is asked for counts, not where it was typed."""
    made = written(stage, "/note the pool is full", kind="chat")
    assert (made.kind, made.text) == ("note", "the pool is full")


def test_pin_takes_ones_own_last_entry(stage: Stage, opened: Incident) -> None:
    mine = written(stage, "mine")
    timeline.note(acts(stage.world.cy), opened, text="newer, of Cy")
    assert say(stage, "/pin").entry == mine
    mine.refresh_from_db()
    assert mine.pinned


def test_res_17_what_is_said_in_the_room(stage: Stage, opened: Incident) -> None:
    """A message has the server's time, stakeholders never see it."""
    made = written(stage, "TODO: is the pool full?", kind="chat")
    assert (made.kind, made.text, made.visibility) == ("chat", "TODO: is the pool full?", "responders")
    assert lines([made])[0].moment == "chat"
    assert made not in list(entries_seen_by(acts(stage.world.sam), opened))
    with pytest.raises(Invalid):
        written(stage, "earlier", kind="chat", occurred_at=clock.now() - timedelta(minutes=5))
    assert written(stage, "/at 08:30 it began", kind="chat").kind == "note"


def test_res_17_pinning_a_message_copies_it_once(stage: Stage, opened: Incident) -> None:
    message = written(stage, "The pool is full", kind="chat")
    stage.at.move(minutes=5)
    cy = acts(stage.world.cy)
    timeline.pin(cy, message)
    timeline.pin(cy, message, pinned=False)
    timeline.pin(cy, message)
    copy = TimelineEntry.objects.get(copied_from=message)
    line = lines([copy])[0]
    assert (copy.kind, copy.text, copy.occurred_at, copy.pinned) == ("note", message.text, message.occurred_at, True)
    assert line.from_chat is not None
    assert (line.from_chat.by, line.from_chat.at, copy.actor_label) == ("Bo Chen", message.occurred_at, "Cy Novak")
    assert line.moment == "note key"
    assert broken_links(opened) == []
    with pytest.raises(Conflict):
        timeline.edit(cy, copy, text="Bo said something else")


def test_s18_a_secret_in_a_message_goes_from_its_copy_too(stage: Stage, opened: Incident) -> None:
    """A94: whoever pinned it may remove the own copy, and not the words of another."""
    bo, cy = acts(stage.world.bo), acts(stage.world.cy)
    message = written(stage, "the password is hunter2", kind="chat")
    timeline.pin(cy, message)
    copy = TimelineEntry.objects.get(copied_from=message)
    timeline.strike(cy, copy, reason="A password", redact=True)
    message.refresh_from_db()
    assert message.text
    other = written(stage, "and the user is root", kind="chat")
    timeline.pin(cy, other)
    timeline.strike(bo, other, reason="A password", redact=True)
    assert not TimelineEntry.objects.filter(text__contains="root").exists()
    assert TimelineEntry.objects.get(copied_from=other).redacted
    assert broken_links(opened) == []


def test_the_filters_of_what_was_done(stage: Stage, opened: Incident) -> None:
    """RES-07: actions, decisions and findings are notes that have a filter of their own."""
    for text, moment in (("/action x", "note action"), ("/decide x", "note action"), ("/hypothesis x", "note")):
        assert lines([written(stage, text)])[0].moment == moment


def test_a_repeat_after_a_lost_answer_writes_nothing_twice(stage: Stage, opened: Incident) -> None:
    first = written(stage, "seen", mark="mark12345")
    assert written(stage, "seen", mark="mark12345") == first
    assert written(stage, "seen", mark="mark67890") != first
    assert "mark" not in written(stage, "seen", mark='"><script>').data


def test_s19_a_move_cannot_be_dated_back(stage: Stage, opened: Incident) -> None:
    """The time would be lost without a word: a move is made now."""
    with pytest.raises(Invalid, match="acts now"):
        say(stage, "/ack", occurred_at=clock.now() - timedelta(minutes=9))
    assert stage.incident().status == "triggered"


def test_everybody_is_offered_what_he_may(stage: Stage, opened: Incident) -> None:
    def offered(who: object) -> set[str]:
        actor = acts(who)  # type: ignore[arg-type]
        from_table = allowed_verbs(actor, stage.incident())
        may = rights(actor, stage.incident())
        return {each["key"] for each in commands_for(may, from_table)}

    assert offered(stage.world.bo) == {each.key for each in slash_commands()}
    assert offered(stage.world.eve) == {"priority"}
    lifecycle.acknowledge(acts(stage.world.bo), opened)
    assert "ack" not in offered(stage.world.bo)
    lifecycle.resolve(acts(stage.world.bo), opened)
    assert {"resolve", "state", "snooze", "escalate"}.isdisjoint(offered(stage.world.bo))


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "/decide \0", "x" * 10_001, "/at 08:30 \ud83d"])
def test_a21_what_cannot_be_stored_is_refused(stage: Stage, opened: Incident, text: str) -> None:
    with pytest.raises(Invalid):
        say(stage, text)
