"""YAML as a tree of plain values: keys are text, nothing is shared, its size is bounded before it is made.

What YAML 1.1 reads otherwise than people mean it is text: `no`, `on`, `1:4`, `010`, `2024-01-31`. Only `true`
and `false` are truth values. Anchors, aliases and `<<` work as ever; each alias gets a copy of its own.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from raysft.wording import Fault, as_written

DEEPEST = 50
"""Levels of lists and mappings in each other."""
MOST_VALUES = 50_000
"""Values of a file, what aliases stand for counted each time."""

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = tuple(
    (f"{_TAG}{name}", re.compile(pattern))
    for name, pattern in {
        "null": r"|~|null|Null|NULL",
        "bool": r"true|True|TRUE|false|False|FALSE",
        # A number of more digits than Python reads at once is left to those who look at the text.
        "int": r"[-+]?(?:0|[1-9][0-9_]{0,3999}|0x[0-9a-fA-F_]{1,3000})",
        "float": r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "merge": "<<",
    }.items()
)
_MAY_BE_OTHER_THAN_TEXT = frozenset("0123456789+-.~nNtTfF<")
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
"""Characters that neither a path nor a file of ours can hold."""
_SAID_BETTER = {
    "found character '\\t' that cannot start any token": "a tab; indent by spaces",
    "but found another document": "a second document begins; a sweep file is one",
    "second occurrence": "a second anchor of this name",
    "mapping values are not allowed here": "a colon that means nothing here; text with a colon needs quotes",
}

Steps = tuple[str | int, ...]


class NoYaml(ValueError):
    """The text is not YAML, or too large to be meant; says what, and in which line."""


def read_yaml(text: str) -> tuple[Any, list[Fault]]:
    """The value of a text, and what is wrong in single places of it: keys written twice, tags, characters.

    Raises:
        NoYaml: nothing can be said of the rest.
    """
    try:
        # The whole tree is known before any value is made of it.
        node = _Composer(text).get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise NoYaml(f"character U+{error.character:04X} cannot be in it (line {line})") from None
    except yaml.MarkedYAMLError as error:
        raise NoYaml(_cause(error)) from None
    faults: list[Fault] = []
    return (None if node is None else _Values(faults).of(node, ())), faults


def _cause(error: yaml.MarkedYAMLError) -> str:
    cause = error.problem or "cannot be read"
    mark = error.problem_mark
    said = _SAID_BETTER.get(cause, cause)
    if cause.startswith("expected <block end>"):
        said = "is indented otherwise than what it belongs to, or something before it is not closed"
    return said if mark is None else f"{said} (line {mark.line + 1}, column {mark.column + 1})"


class _Composer(yaml.SafeLoader):
    """Nodes of a text; refuses what is too deep or, with all aliases written out, too large."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0
        self._finished: dict[str, int] = {}
        """Of each anchor whose end was seen, the values below it."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:  # noqa: ANN401 - as in PyYAML
        if kind is yaml.ScalarNode:
            return _plain_tag(value) if implicit[0] else f"{_TAG}str"
        return f"{_TAG}seq" if kind is yaml.SequenceNode else f"{_TAG}map"

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401
        event = self.peek_event()  # type: ignore[no-untyped-call]
        alias = event.anchor if isinstance(event, yaml.AliasEvent) else None
        if alias in self.anchors and alias not in self._finished:
            raise yaml.composer.ComposerError(None, None, f"*{alias} is part of itself", event.start_mark)
        before = self._values
        self._values += 1 + self._finished.get(alias or "", 0)
        self._depth += 1
        if self._depth > DEEPEST or self._values > MOST_VALUES:
            raise self._too_large(event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        if alias is None and event.anchor is not None:
            self._finished[event.anchor] = self._values - before
        return node

    def _too_large(self, mark: yaml.Mark) -> yaml.MarkedYAMLError:
        problem = f"more than {MOST_VALUES:,} values, what aliases stand for counted each time"
        if self._depth > DEEPEST:
            problem = f"more than {DEEPEST} lists and mappings inside each other"
        return yaml.composer.ComposerError(None, None, problem, mark)

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:  # noqa: ANN401
        """No tag depends on where a value is."""

    def ascend_resolver(self) -> None:
        """As above."""


def _plain_tag(text: str) -> str:
    """What a text without quotes is."""
    if text and text[0] not in _MAY_BE_OTHER_THAN_TEXT:
        return f"{_TAG}str"
    return next((tag for tag, pattern in _PLAIN_TAGS if pattern.fullmatch(text)), f"{_TAG}str")


class _Values:
    """Makes values of nodes; the depth of the tree is bounded already."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults

    def of(self, node: yaml.Node, at: Steps) -> Any:  # noqa: ANN401 - a value of YAML
        """The value of a node at some place of the file."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            self._refuse_tag(node, "seq", at)
            return [self.of(one, (*at, place)) for place, one in enumerate(node.value)]
        return self._scalar(node, at)

    def _scalar(self, node: yaml.Node, at: Steps) -> Any:  # noqa: ANN401 - a value of YAML
        kind, text = node.tag.removeprefix(_TAG), node.value
        try:
            match kind:
                case "null":
                    return None
                case "bool":
                    return {"true": True, "false": False}[text.lower()]
                case "int":
                    return int(text, 16 if "x" in text else 10)
                case "float":
                    return float(re.sub(r"^([-+]?)\.([in])", r"\1\2", text.lower()))
        except (ValueError, KeyError):
            self._fault(at, text, f"is not what its tag !!{kind} says; leave the tag out")
            return text
        if kind not in ("str", "merge"):
            self._refuse_tag(node, "str", at)
        return self._usable(text, at)

    def _mapping(self, node: yaml.MappingNode, at: Steps) -> dict[str, Any]:
        self._refuse_tag(node, "map", at)
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise NoYaml(f"a list or mapping as a key; a key is text (line {line})")
            if key.tag == f"{_TAG}merge":
                for one in self._merged(value, at):
                    merged = {**one, **merged}
            else:
                name = self._usable(key.value, (*at, key.value))
                if name in own:
                    said = f"is written twice, in lines {lines[name]} and {line}: leave one"
                    self._fault((*at, name), self.of(value, (*at, name)), said)
                    continue
                own[name], lines[name] = self.of(value, (*at, name)), line
        return {**merged, **own}

    def _merged(self, node: yaml.Node, at: Steps) -> Iterator[dict[str, Any]]:
        """Mappings that `<<` merges in, the first of which wins."""
        for one in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(one, yaml.MappingNode):
                yield self._mapping(one, at)
            else:
                self._fault((*at, "<<"), self.of(one, (*at, "<<")), "must be a mapping, or a list of them")

    def _usable(self, text: str, at: Steps) -> str:
        found = _UNUSABLE.search(text)
        if found is None:
            return text
        self._fault(at, text, f"character U+{ord(found[0]):04X} cannot be in a text")
        return _UNUSABLE.sub("?", text)

    def _refuse_tag(self, node: yaml.Node, kind: str, at: Steps) -> None:
        if node.tag != f"{_TAG}{kind}":
            tag = node.tag.replace(_TAG, "!!")
            self._fault(at, tag, f"no such tag is read (line {node.start_mark.line + 1}); leave it out")

    def _fault(self, at: Steps, value: object, said: str) -> None:
        self._faults.append(Fault(at, as_written(value), said))
