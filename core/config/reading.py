"""A file of ours as plain values with the line of each; nothing deep, huge or twice, no tags or anchors (A92)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST = 2 * 1024 * 1024  # bytes
DEEPEST = 8
MOST = 100_000  # values
KINDS = {"str", "int", "bool", "null"}
_PREFIX = "tag:yaml.org,2002:"


class Refused(Exception):
    """The file cannot be used; `findings` are sentences that begin with a line or a path."""

    def __init__(self, *findings: str) -> None:
        super().__init__(findings[0] if findings else "")
        self.findings = list(findings)


@dataclass(slots=True)
class Read:
    """The values of a file; `lines` says where each path, such as `services[3].policy`, begins."""

    values: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)


class _Loader(yaml.SafeLoader):
    """Composes nodes and refuses early what could be a trap."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.depth = self.count = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """As PyYAML's, with bounds; raises Refused."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if self.check_event(yaml.AliasEvent) or event.anchor is not None:
            raise Refused(f"line {line}: anchors and aliases cannot be used; write the value out.")
        if event.tag is not None and event.tag != "!":
            raise Refused(f"line {line}: tags cannot be used.")
        self.depth, self.count = self.depth + 1, self.count + 1
        if self.depth > DEEPEST or self.count > MOST:
            raise Refused(f"line {line}: the file is nested too deeply or holds too much.")
        found = super().compose_node(parent, index)
        self.depth -= 1
        return found


def read(content: bytes) -> Read:
    """The values of a file; raises Refused with the line of what is wrong."""
    if len(content) > LARGEST:
        raise Refused(f"The file is larger than {LARGEST // 1024 // 1024} MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(f"line {line}: the file is not UTF-8.") from error
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Refused(f"line {mark.line + 1 if mark else 1}: {error.problem or error.context}.") from error
    except (yaml.YAMLError, RecursionError) as error:  # a character that YAML does not allow
        raise Refused(f"The file is not YAML: {str(error).splitlines()[0]}.") from error
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(root, yaml.MappingNode):
        raise Refused("line 1: the file must be a mapping that begins with “schema: 1”.")
    found = Read({})
    found.values = _plain(root, "", found.lines)
    return found


def _plain(node: Any, path: str, lines: dict[str, int]) -> Any:
    line = lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each, f"{path}[{place}]", lines) for place, each in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for name, value in node.value:
            key, at = name.value, name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode) or name.tag != f"{_PREFIX}str":
                raise Refused(f"line {at}: a key must be a text; put it in quotes if it is one.")
            if key in found:
                raise Refused(f"line {at}: “{key[:60]}” stands there twice.")
            found[key] = _plain(value, f"{path}.{key}" if path else key, lines)
        return found
    return _scalar(node, line)


def _scalar(node: Any, line: int) -> str | int | bool | None:
    kind = node.tag.removeprefix(_PREFIX)
    if kind not in KINDS:
        raise Refused(f"line {line}: “{node.value[:60]}” would be read as a {kind}; put it in quotes.")
    if kind == "str":
        text: str = node.value
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return node.value.lower() in {"true", "yes", "on"}
    digits = node.value.lstrip("+-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 16 and (digits == "0" or digits[0] != "0")):
        raise Refused(f"line {line}: “{node.value[:60]}” is no plain whole number; put it in quotes if it is a text.")
    return int(node.value)
