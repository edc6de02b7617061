"""Every error of dedup that is raised anywhere has a message and a hint."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from dedup import errors
from dedup.readers import base
from tests.conftest import ROOT

KINDS = {
    name
    for module in (errors, base)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, errors.DedupError)
}


def calls(source: str) -> Iterator[tuple[int, ast.Call]]:
    """Line and call of each error that is made."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
            yield node.lineno, node


def without_hint(source: str) -> list[int]:
    """Lines of errors whose last argument is missing or an empty string; an InternalError has a hint of its own."""
    lines = []
    for line, call in calls(source):
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        is_empty = any(isinstance(one, ast.Constant) and not one.value for one in given)
        if is_empty or (len(given) < 2 and call.func.id != "InternalError"):  # type: ignore[attr-defined]
            lines.append(line)
    return lines


def test_every_error_has_a_hint() -> None:
    found = {path: path.read_text("utf-8") for path in (ROOT / "dedup").rglob("*.py")}
    assert sum(len(list(calls(source))) for source in found.values()) > 100
    assert not {str(path): lines for path, source in found.items() if (lines := without_hint(source))}


def test_a_missing_hint_is_found() -> None:
    source = 'raise UsageError("no")\nraise InputError("no", "")\nraise OutputError("no", hint="do")\nKeyError("x")'
    assert without_hint(source) == [1, 2]


def test_a_defect_says_what_to_do() -> None:
    assert "report it" in errors.InternalError("the kernel failed").hint
    with pytest.raises(TypeError, match="hint"):
        errors.UsageError("no")  # type: ignore[call-arg]
