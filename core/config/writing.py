"""Plain values as YAML, always the same bytes for the same values."""

from __future__ import annotations

from typing import Any

import yaml

HEAD = """\
# Watchbill's configuration. `manage.py config plan FILE` says what it would change, `config apply FILE` changes it.
# Not part of it: passwords, second factors, people's addresses and rules, the texts of keys.
"""


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, and writes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never point to an equal value elsewhere."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Items stand deeper than their key."""
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Texts of several lines as a block, where YAML can say them so."""
    style = "|" if "\n" in text and "\r" not in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(dict, _Dumper.represent_dict)


def write(values: dict[str, Any]) -> bytes:
    """The file: a comment, then the sections one after another with an empty line between them."""
    parts = [_dumped({name: value}) for name, value in values.items()]
    return (HEAD + "\n".join(parts)).encode("utf-8")


def one_line(value: Any) -> str:
    """A value as the plan shows it."""
    if value is None:
        return "none"
    text = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000_000
    )
    text = text.removesuffix("...\n").strip().replace("\n", " ")
    return text if len(text) <= 200 else f"{text[:199]}…"


def _dumped(values: dict[str, Any]) -> str:
    said: str = yaml.dump(
        values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=10_000_000
    )
    return said
