"""A body for the function whose signature the prompt ends with."""

import ast
from collections.abc import Iterator, Sequence

from raysft.evaluate.code_answer.lexing import lexed
from raysft.evaluate.code_answer.parsing import Function, Parser, does_something, ends
from raysft.evaluate.code_answer.statements import beginning, indentation, looks_like_prose

_STEP = 4
_USUAL = " " * _STEP


def with_body(lines: Sequence[str], prompt: str, entry_point: str, parser: Parser) -> str | None:
    """The prompt with the first body in some lines, or None.

    Prose before a body is passed over; a body ends with the first statement outside it, at prose, or where
    nothing after it can be reached. Its indentation may be any, lost, or lost in the first line only.

    Args:
        lines: a segment of an answer.
        prompt: ends with a signature and, mostly, a docstring.
        entry_point: name of that function.
        parser: of this answer.
    """
    level = _level(prompt, entry_point, parser)
    for start in _starts(lines, parser):
        for margin, begun in _readings(lines[start:]):
            parser.charge(sum(map(len, begun)))
            if parser.spent:
                return None
            body = _body(begun, margin, len(indentation(lines[start])), parser)
            if body is None:
                continue
            source = f"{prompt.rstrip()}\n{_moved(body, margin, level)}\n"
            tree = parser.parse(source)
            function = _last_function(tree, entry_point)
            if function is not None and not _defines(function, entry_point):
                return source
    return None


def _level(prompt: str, entry_point: str, parser: Parser) -> str:
    """The indentation that a body needs, that of the docstring."""
    function = _last_function(parser.parse(prompt), entry_point)
    if function is None:
        return _USUAL
    return indentation(prompt.split("\n")[function.body[0].lineno - 1]) or _USUAL


def _last_function(tree: ast.Module | None, name: str) -> Function | None:
    functions = [one for one in (tree.body if tree else ()) if isinstance(one, Function) and one.name == name]
    return functions[-1] if functions else None


def _defines(function: Function, name: str) -> bool:
    return any(isinstance(one, Function) and one.name == name for one in function.body)


def _starts(lines: Sequence[str], parser: Parser) -> Iterator[int]:
    """The places at which a body may begin: the first line, and those with only prose before them."""
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        if line.lstrip() == line and _is_prose(line.strip(), parser):
            continue
        yield place
        if not looks_like_prose(line):
            return


def _is_prose(text: str, parser: Parser) -> bool:
    return looks_like_prose(text) and parser.parse(f"{text} pass" if text.endswith(":") else text) is None


def _readings(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Margins that a body may have, each with its lines: the first line's may be lost, whole or in part."""
    first, rest = lines[0], [line for line, inside, _ in lexed(lines) if line.strip() and not inside][1:]
    seen = [indentation(first)]
    yield seen[0], list(lines)
    deeper = [indentation(line) for line in rest if len(indentation(line)) > len(seen[0])]
    second = deeper[0] if deeper else ""
    for margin in (
        min(deeper, key=len, default=""),
        second,
        second[:-_STEP],
        second[: len(second) // 2],
        _USUAL,
    ):
        if margin and margin not in seen:
            seen.append(margin)
            yield margin, [margin + first.lstrip(), *lines[1:]]


def _body(lines: Sequence[str], margin: str, written: int, parser: Parser) -> list[str] | None:
    """The lines of a body with that margin; None if there is none.

    What comes behind it and can be reached is prose or further out, also than the first line as it was
    `written`: a body that goes on with what is no Python is none.
    """
    nodes: list[ast.stmt] = []
    end = 0
    for statement, behind in beginning(lines, parser):
        if indentation(statement.lines[0]) != margin:
            break
        nodes += statement.nodes
        end = behind
        if ends(nodes):
            break
    following = next((line for line in lines[end:] if line.strip()), "")
    outside = len(indentation(following)) < min(len(margin), max(1, written))
    whole = not following or outside or ends(nodes) or _is_prose(following.strip(), parser)
    return list(lines[:end]) if whole and does_something(nodes) else None


def _moved(lines: Sequence[str], margin: str, level: str) -> str:
    """Lines with another margin, those inside strings as they are."""
    return "\n".join(
        line if inside or not line.startswith(margin) else level + line[len(margin) :]
        for line, inside, _ in lexed(lines)
    )
