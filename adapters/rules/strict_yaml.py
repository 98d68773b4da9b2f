"""YAML 1.2 read strictly: no anchors, no repeated keys, no tags, no floats, no dates made of text.

The node tree is turned into plain values here, so that every value keeps the line it came from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from domain.errors import InputRefused

CORE = "tag:yaml.org,2002:"
AS_TEXT = ("str", "timestamp")
PLAIN_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
TRUTHS = {"true": True, "false": False}

Path = tuple[str | int, ...]


@dataclass(slots=True)
class StrictDocument:
    """A parsed file: plain values, and the line (from 1) of each path."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int | None:
        """Return the line of the nearest known ancestor of a path."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def parse_strict_yaml(text: str, name: str) -> StrictDocument:
    """Parse; raise InputRefused(bad_yaml), `where` giving file and line."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refuse(name, line, str(error.problem or error.context)) from None
    except YAMLError as error:
        raise _refuse(name, 1, " ".join(str(error).split())) from None
    except RecursionError:
        raise _refuse(name, 1, "the file is nested too deeply") from None
    if root is None:
        raise _refuse(name, 1, "the file is empty")
    document = StrictDocument(None)
    document.value = _Reader(name, document.lines).plain(root, ())
    return document


def yaml_text(path: FilePath, *, mend: str) -> str:
    """Return the text of a file that a user names; raise InputRefused: unreadable (with `mend`), bad_encoding."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        what = f"the file is not UTF-8: {error.reason}"
        raise InputRefused("bad_encoding", what, where=path.name, mend="save it as UTF-8") from None
    except OSError as error:
        what = error.strerror or "the file cannot be read"
        raise InputRefused("unreadable", what, where=str(path), mend=mend) from None


def _refuse(name: str, line: int, what: str) -> InputRefused:
    mend = "it is YAML 1.2 without anchors, aliases, tags, repeated keys or floats"
    return InputRefused("bad_yaml", what, where=f"{name}, line {line}", mend=mend)


class _Reader:
    def __init__(self, name: str, lines: dict[Path, int]) -> None:
        self._name = name
        self._lines = lines

    def plain(self, node: Node, path: Path) -> Any:
        self._lines[path] = node.start_mark.line + 1
        if node.anchor:
            raise self._problem(node, f"anchor or alias {node.anchor!r} is not allowed")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        raise self._problem(node, "this kind of YAML value is not allowed")

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, ScalarNode) else None
            if not isinstance(key, str) or key_node.anchor:
                raise self._problem(key_node, "a key is plain text")
            if key in found:
                raise self._problem(key_node, f"key {key!r} is there twice")
            found[key] = self.plain(value_node, (*path, key))
        return found

    def _scalar(self, node: ScalarNode) -> str | int | bool | None:
        kind = str(node.tag).removeprefix(CORE)
        text = str(node.value)
        if kind in AS_TEXT:
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in TRUTHS:
            return TRUTHS[text.lower()]
        if kind == "int" and PLAIN_INTEGER.fullmatch(text):
            return int(text)
        raise self._problem(node, f"{text[:40]!r} ({kind}) is not allowed here; put text in quotes")

    def _problem(self, node: Node, what: str) -> InputRefused:
        return _refuse(self._name, node.start_mark.line + 1, what)
