"""Looking for texts in the index of each database (decision 0006); what is typed is never its language (A13, A91)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from accounts.actors import Actor
from accounts.permissions import can
from incidents import permissions
from incidents.engine.search_words import Word
from incidents.models.search import SHIFT, SOURCES, document

NEWEST_HITS = 1_000  # texts that the quick look takes of each word; the thorough one takes all
_number = re.compile(r"(?:INC-|#)?([0-9]{1,9})", re.IGNORECASE)
_words = re.compile(r"[^\W_]+")


def texts_of(actor: Actor, word: Word, is_last: bool, newest: int | None) -> list[Text]:
    """The values of one word; only the last word of a query may be a beginning, and a number never is one.

    Nor is a single letter, with which a twentieth of all words begin: no index makes that quick (A91).
    """
    whole = can(actor, permissions.INCIDENT_SEE_ALL)
    if connection.vendor != "sqlite" or word.negated or len(word.values) > 1 or _number.fullmatch(word.values[0]):
        newest = None  # the newest hits alone are right only where nothing else can fit the word
    return [Text(value, is_last and _may_begin(value), whole, newest) for value in word.values]


def _may_begin(value: str) -> bool:
    return not _number.fullmatch(value) and (len(value) > 1 or not value.isascii())


@dataclass(frozen=True, slots=True)
class Text:
    """One text that is looked for: `begins` takes words that only begin so, `whole` looks beyond the summary (S36)."""

    value: str
    begins: bool
    whole: bool
    newest: int | None

    def found(self) -> Q:
        """The incidents whose texts hold it, or whose number it is."""
        if not _words.search(self.value):
            return Q(pk__in=[])
        number = _number.fullmatch(self.value)
        found = self._in_fts5() if connection.vendor == "sqlite" else self._in_gin()
        return found | Q(number=int(number[1])) if number else found

    def _in_fts5(self) -> Q:
        looks = self._looks()
        if self.newest is None:
            hits = " UNION ALL ".join(f"SELECT rowid >> {SHIFT} FROM {t} WHERE {t} MATCH %s" for t, _ in looks)  # noqa: S608
            return Q(pk__in=RawSQL(hits, [match for _, match in looks]))  # noqa: S611 (constants and parameters)
        return Q(pk__in=RawSQL(*_newest_of(looks, self.newest)))  # noqa: S611 (constants and parameters)

    def _looks(self) -> list[tuple[str, str]]:
        """The tables of the index, and what is looked for in each; a part of a title has three letters at least."""
        phrase = '"' + self.value.replace('"', '""') + '"'  # one phrase: nothing in it is a word of FTS5 (A13)
        whole = ("incidents_text", f"{'' if self.whole else '{title} : '}{phrase}{'*' if self.begins else ''}")
        return [whole, ("incidents_part", phrase)] if len(self.value) > 2 else [whole]

    def _in_gin(self) -> Q:
        """Only letters and digits of the value reach tsquery, each word between quotation marks (A13)."""
        lexemes = " <-> ".join(f"'{each}'" for each in _words.findall(self.value)) + (":*" if self.begins else "")
        incident, *others = SOURCES
        texts = [(incident, "id", incident.title), *([(incident, "id", incident.body)] if self.whole else [])]
        texts += [(each, "incident_id", each.body) for each in others if self.whole]
        sql = " UNION ALL ".join(
            f"SELECT {column} FROM {each.table} r WHERE {each.when.format(r='r')}"  # noqa: S608 (constants)
            f" AND {document(text.format(r='r')).replace('%', '%%')} @@ to_tsquery('simple', %s)"
            for each, column, text in texts
        )
        found = Q(pk__in=RawSQL(sql, [lexemes] * len(texts)))  # noqa: S611 (constants; the value is a parameter)
        return (found | Q(title__icontains=self.value)) if len(self.value) > 2 else found


def _newest_of(looks: list[tuple[str, str]], below: int) -> tuple[str, list[str | int]]:
    """The incidents of each table's newest hits, and none below the oldest hit of a table that has more of them."""
    tables: list[str] = []
    floors, params = ["0"], list[str | int]()
    for number, (table, match) in enumerate(looks):
        hits = f"SELECT rowid >> {SHIFT} AS id FROM {table} WHERE {table} MATCH %s AND rowid < %s"  # noqa: S608
        tables.append(f"h{number} AS MATERIALIZED ({hits} ORDER BY rowid DESC LIMIT {NEWEST_HITS})")
        floors.append(f"(SELECT CASE count(*) WHEN {NEWEST_HITS} THEN min(id) ELSE 0 END FROM h{number})")  # noqa: S608
        params += [match, below << SHIFT if below else 2**63 - 1]
    found = " UNION ALL ".join(f"SELECT id FROM h{number}" for number in range(len(looks)))  # noqa: S608
    sql = f"WITH {', '.join(tables)} SELECT id FROM ({found}) WHERE id >= max({', '.join(floors)})"  # noqa: S608
    return sql, params
