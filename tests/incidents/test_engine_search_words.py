"""The language of the search: a table of cases, and what holds for every text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core.errors import Invalid
from incidents.engine.search_words import (
    CHECKS,
    LONGEST,
    STATES,
    Query,
    Word,
    parse,
    replaced,
    span_of,
    toggled,
    values_of,
    write,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("   ", ()),
        ("cart", (Word("text", ("cart",)),)),
        ("slow cart", (Word("text", ("slow",)), Word("text", ("cart",)))),
        ('"slow cart"', (Word("text", ("slow cart",)),)),
        ("-cart", (Word("text", ("cart",), True),)),
        ("- cart", (Word("text", ("-",)), Word("text", ("cart",)))),
        ("text:cart,basket", (Word("text", ("cart", "basket")),)),
        ("a,b", (Word("text", ("a,b",)),)),
        ("team:payments,platform", (Word("team", ("payments", "platform")),)),
        ('team:"Data platform",search', (Word("team", ("Data platform", "search")),)),
        ("Team:Payments STATE:Open", (Word("team", ("Payments",)), Word("state", ("open",)))),
        ("-state:snoozed", (Word("state", ("snoozed",), True),)),
        ("opened:7d", (Word("opened", ("7d",)),)),
        ("opened:>2026-10-01", (Word("opened", (">2026-10-01",)),)),
        ("opened:2026-10-01..2026-10-05", (Word("opened", ("2026-10-01..2026-10-05",)),)),
        ("priority:P1,P2 major:yes owner:me", None),
        ("12:30", (Word("text", ("12:30",)),)),
        (r'"say \"hi\" \\ now"', (Word("text", (r'say "hi" \ now',)),)),
        ('O"Hara', (Word("text", ('O"Hara',)),)),
        ('"http://a"', (Word("text", ("http://a",)),)),
    ],
)
def test_what_is_read(text: str, words: Query | None) -> None:
    assert words is None or parse(text) == words
    assert parse(write(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("stat:open", "“stat:” is not known"),
        ("http://x", "“http:” is not known"),
        ("state:opne", "“state:opne” is not known. Use one of open, triggered"),
        ("major:maybe", "Use one of yes, no"),
        ("opened:yesterday", "“opened:yesterday” is no time"),
        ("opened:2026-02-30", "“opened:2026-02-30” is no time"),
        ("opened:0001-01-01", "is no time"),
        ("opened:2026-01-01..", "is no time"),
        ("opened:1m", "is no time"),
        ("team:", "“team:” has no value"),
        ("team:a,,b", "“team:” has no value"),
        ('team:""', "“team:” has no value"),
        ('""', "holds no word"),
        ('team:"a', "is not closed"),
        (r'"a\"', "is not closed"),
        ("a b c d e f g h i", "“i” is one too many"),
        ("text:a,b,c,d,e,f,g,h,i", "“i” is one too many"),
        ("a" * 201, "200 characters at most"),
    ],
)
def test_what_is_refused_and_what_is_said(text: str, named: str) -> None:
    """One sentence that names the word and what is allowed, under the field that the page shows (A91)."""
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert named in refused.value.detail
    assert refused.value.fields == {"q": [refused.value.detail]}


@given(some.text(max_size=LONGEST))
def test_every_text_is_read_or_refused_with_one_sentence(text: str) -> None:
    said = ""
    found: Query = ()
    try:
        found = parse(text)
    except Invalid as refused:
        said = refused.detail
    assert said.endswith((".", "something.")) or not said
    assert all(word.key in CHECKS and word.values for word in found)


value = some.text(min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
words = some.one_of(
    some.builds(
        Word,
        some.sampled_from(["team", "service", "priority", "owner"]),
        some.lists(value, min_size=1, max_size=3).map(tuple),
        some.booleans(),
    ),
    some.builds(Word, some.just("text"), some.tuples(value), some.booleans()),
    some.builds(Word, some.just("state"), some.tuples(some.sampled_from(STATES)), some.booleans()),
)


@given(some.lists(words, max_size=4).map(tuple))
def test_what_is_written_is_read_again(query: Query) -> None:
    text = write(query)
    if len(text) <= LONGEST:
        assert parse(text) == query


def test_a_chip_adds_a_value_and_takes_it_away() -> None:
    query = parse("cart state:open")
    both = toggled(query, "state", "resolved")
    assert write(both) == "cart state:open,resolved"
    assert write(toggled(both, "state", "OPEN")) == "cart state:resolved"
    assert write(toggled(query, "state", "open")) == "cart"
    assert write(toggled(query, "team", "Data platform")) == 'cart state:open team:"Data platform"'
    assert write(toggled(parse("-state:open"), "state", "open")) == "-state:open state:open"
    assert write(replaced(both, "state", "")) == "cart"
    assert write(replaced(both, "opened", "7d")) == "cart state:open,resolved opened:7d"
    assert values_of(parse("state:open -state:snoozed"), "state") == ["open"]


@pytest.mark.parametrize(
    ("value", "since", "until"),
    [
        ("7d", "2026-10-13T12:00+00:00", None),
        ("12h", "2026-10-20T00:00+00:00", None),
        ("2w", "2026-10-06T12:00+00:00", None),
        ("2026-10-01", "2026-10-01T00:00+02:00", "2026-10-02T00:00+02:00"),
        (">2026-10-01", "2026-10-02T00:00+02:00", None),
        (">=2026-10-01", "2026-10-01T00:00+02:00", None),
        ("<2026-10-01", None, "2026-10-01T00:00+02:00"),
        ("<=2026-10-01", None, "2026-10-02T00:00+02:00"),
        ("2026-10-01..2026-10-05", "2026-10-01T00:00+02:00", "2026-10-06T00:00+02:00"),
        ("2026-10-25", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"),
    ],
)
def test_days_are_the_viewers_own(value: str, since: str | None, until: str | None) -> None:
    """O1: a day is a day of the zone, of 25 hours where the clock is set back."""
    now = datetime(2026, 10, 20, 12, tzinfo=UTC)
    found = span_of(value, now, ZoneInfo("Europe/Berlin"))
    wanted = tuple(datetime.fromisoformat(each) if each else None for each in (since, until))
    assert [each and each.astimezone(UTC) for each in found] == [each and each.astimezone(UTC) for each in wanted]


def test_a_span_that_ends_now_is_never_before_our_times() -> None:
    assert span_of("9999w", datetime(2026, 1, 1, tzinfo=UTC), UTC)[0] == datetime(2026, 1, 1, tzinfo=UTC) - timedelta(
        weeks=9999
    )
