"""Writes `docs/examples/watchbill_client.py`: a typed Python client in one file, from the API's own description."""

from __future__ import annotations

import json
import keyword
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from drf_spectacular.generators import SchemaGenerator

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs/examples/watchbill_client.py"
CORE = ROOT / "tools/client_core.py"
PLAIN = {"integer": "int", "number": "float", "boolean": "bool", "string": "str"}
WIDTH = 100
Schema = dict[str, Any]


def described() -> Schema:
    """The API's description as JSON."""
    made: Any = SchemaGenerator
    found: Schema = json.loads(json.dumps(made(urlconf="portal.urls").get_schema(public=True)))
    return found


def type_name(component: str) -> str:
    """The class of a component: `IncidentShape` is Incident, `PatchedTeamInputRequest` is TeamChanges."""
    if component.startswith("Patched"):
        return component.removeprefix("Patched").removesuffix("Request").removesuffix("Input") + "Changes"
    return component.removesuffix("Request").removesuffix("Shape")


def type_of(schema: Schema) -> str:
    """The Python type of a schema."""
    if "allOf" in schema and len(schema["allOf"]) == 1:
        found = type_of(schema["allOf"][0])
    elif "$ref" in schema:
        found = type_name(schema["$ref"].rpartition("/")[2])
    elif "enum" in schema:
        found = f"Literal[{', '.join(repr(value) for value in schema['enum'] if value is not None)}]"
    elif schema.get("type") == "array":
        found = f"list[{type_of(schema['items'])}]"
    elif schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        found = f"dict[str, {type_of(inner) if isinstance(inner, dict) else 'Any'}]"
    elif schema.get("format") == "binary":
        found = "bytes"
    else:
        found = PLAIN.get(schema.get("type", ""), "Any")
    return f"{found} | None" if schema.get("nullable") and found != "Any" else found


def classes(schema: Schema) -> str:
    """Every component as a TypedDict, except pages of lists, which the client turns by itself."""
    parts = []
    for name, found in sorted(schema["components"]["schemas"].items(), key=lambda pair: type_name(pair[0])):
        if name.startswith("Paginated") or name == "Problem":
            continue
        lines = [f"class {type_name(name)}(TypedDict):", f"    {_doc(found.get('description') or name, 4)}", ""]
        required = set(found.get("required", ()))
        for field, kind in found.get("properties", {}).items():
            if keyword.iskeyword(field) or not field.isidentifier():
                raise ValueError(f"{name}.{field} cannot be a name in Python.")
            text = type_of(kind)
            if text == "bytes":
                continue  # files are sent beside the fields
            lines.append(f"    {field}: {text if field in required else f'NotRequired[{text}]'}")
        parts.append("\n".join(lines))
    return "\n\n\n".join(parts)


def methods(schema: Schema) -> str:
    """One method for each operation, in the order of the addresses."""
    return "\n\n".join(
        _method(path, verb, operation) for path, found in schema["paths"].items() for verb, operation in found.items()
    )


def _method(path: str, verb: str, operation: Schema) -> str:
    places = [each for each in operation.get("parameters", ()) if each["in"] == "path"]
    places.sort(key=lambda each: path.index("{" + each["name"] + "}"))
    asked = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    heads = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"}
    content = operation.get("requestBody", {}).get("content", {})
    nothing: tuple[str, Schema] = ("", {})
    media, body = next(iter(content.items()), nothing)
    returns, call = _answer(operation)
    given, sent = ["self", *(f"{each['name']}: {type_of(each['schema'])}" for each in places)], []
    if media == "multipart/form-data":
        given += ["files: Sequence[tuple[str, bytes]]", f"body: {type_of(body['schema'])} | None = None"]
        sent += ["files=files", "body=body"]
    elif media:
        needed = operation["requestBody"].get("required")
        given.append(f"body: {type_of(body['schema'])}" + ("" if needed else " | None = None"))
        sent.append("body=body")
    keys = [f"{each['name']}: {type_of(each['schema'])} | None = None" for each in asked if each["name"] != "cursor"]
    keys += ["version: int | None = None"] if "If-Match" in heads else []
    keys += ['idempotency_key: str = ""'] if "Idempotency-Key" in heads else []
    given += ["*", *keys] if keys else []
    names = [each["name"] for each in asked if each["name"] != "cursor"]
    sent += [f"query={{{', '.join(f'{name!r}: {name}' for name in names)}}}"] if names else []
    sent += [f"{name}={name}" for name in ("version", "idempotency_key") if any(key.startswith(name) for key in keys)]
    place = f'f"{path}"' if places else f'"{path}"'
    does = f"self.{call}({', '.join([place, *sent] if call == '_pages' else [repr(verb.upper()), place, *sent])})"
    if call == "_call" and returns != "None":
        does = f"cast({returns!r}, {does})"
    does = does if returns == "None" else f"return {does}"
    text = _doc(operation.get("description") or operation["summary"], 8)
    name = operation["operationId"]
    return f"    def {name}({', '.join(given)}) -> {returns}:\n        {text}\n        {does}\n"


def _answer(operation: Schema) -> tuple[str, str]:
    """What a method returns, and which of the core's calls gets it."""
    found = {code: answer for code, answer in operation["responses"].items() if code < "300"}
    kinds = []
    for answer in found.values():
        for media, content in answer.get("content", {}).items():
            page = content["schema"].get("$ref", "").rpartition("/")[2]
            if page.startswith("Paginated"):
                return f"Iterator[{type_name(page.removeprefix('Paginated').removesuffix('List'))}]", "_pages"
            if media != "application/json":
                return "bytes", "_bytes"
            kinds.append(type_of(content["schema"]))
    return (" | ".join(dict.fromkeys(kinds)) or "None"), "_call"


def _doc(text: str, indent: int) -> str:
    """A docstring of whole lines."""
    clean = " ".join(text.split()).replace("\\", "").replace('"""', "'''")
    lines = textwrap.wrap(clean, WIDTH - indent) or [""]
    if len(lines) == 1:
        return f'"""{lines[0]}"""'
    return '"""' + ("\n" + " " * indent).join(lines) + "\n" + " " * indent + '"""'


def source() -> str:
    """The whole file, formatted as everything else."""
    schema = described()
    core = CORE.read_text(encoding="utf-8")
    head, mark, rest = core.partition("# --- shapes ---\n")
    if not mark:
        raise ValueError("The core has no place for the shapes.")
    head = head.replace("import Any, Self", "import Any, Literal, NotRequired, Self, TypedDict, cast")
    whole = f"{head}{classes(schema)}\n\n\n{rest.rstrip()}\n\n{methods(schema)}"
    ruff = [str(Path(sys.executable).with_name("ruff")), "format", "--no-cache", "--stdin-filename", str(TARGET), "-"]
    done = subprocess.run(ruff, input=whole, capture_output=True, text=True, check=True)
    return done.stdout


def write() -> None:
    """Write the file."""
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(source(), encoding="utf-8")
