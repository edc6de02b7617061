"""The module map, the public names and the layers are what they claim to be."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import dedup
from dedup.cli.commands import SUMMARIES
from dedup.version import VERSION
from tests.conftest import ROOT

MAP = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SOURCES = sorted(path for path in (ROOT / "dedup").rglob("*.py"))


def test_the_module_map_names_every_module_and_nothing_else() -> None:
    named = set(re.findall(r"^ *- `([\w/]+\.(?:py|rs)|\w+/)`", MAP, re.MULTILINE))
    python = {str(path.relative_to(ROOT / "dedup")) for path in SOURCES if path.name != "__init__.py"}
    packages = {f"{path.parent.name}/" for path in SOURCES if path.name == "__init__.py"} - {"dedup/"}
    kernel = ROOT / "dedup" / "kernel" / "src"
    rust = {str(path.relative_to(kernel)) for path in kernel.rglob("*.rs")}
    assert named == python | packages | rust | {"__init__.py"}


def test_the_native_module_has_one_door() -> None:
    door = re.compile(
        r"^\s*(from dedup import .*\b_kernel\b|from dedup\._kernel|import dedup\._kernel)", re.MULTILINE
    )
    checked_only = re.compile(r"^if TYPE_CHECKING:\n(?:    .*\n|\n)+", re.MULTILINE)
    users = [p.name for p in SOURCES if door.search(checked_only.sub("", p.read_text("utf-8")))]
    assert users == ["native.py"]


def test_public_names_are_there_and_sorted() -> None:
    assert dedup.__all__ == sorted(dedup.__all__)
    for name in dedup.__all__:
        assert getattr(dedup, name) is not None
        assert name in dir(dedup)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dedup.nonsense


@pytest.mark.parametrize("heavy", ["numpy", "pyarrow", "datasketch", "pandas", "rich.progress"])
def test_help_imports_nothing_heavy(heavy: str) -> None:
    call = "import sys, dedup.cli\ntry: dedup.cli.main(['--help'])\nexcept SystemExit: pass"
    code = f"{call}\nsys.exit({heavy!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_every_command_is_listed_with_the_first_line_of_its_help() -> None:
    modules = {
        path.stem: import_module(f"dedup.cli.{path.stem}") for path in (ROOT / "dedup/cli").glob("[a-z]*.py")
    }
    found = {
        name: module.app.info.help if hasattr(module, "app") else module.command.__doc__.splitlines()[0]
        for name, module in modules.items()
        if hasattr(module, "app") or hasattr(module, "command")
    }
    assert found == SUMMARIES


@pytest.mark.parametrize("options", [[], ["--no-strip"]])
def test_a_run_imports_only_what_it_needs(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "The ferries leave Kellin Bay at noon."}\n')
    call = ["run", "a.jsonl", "-o", "out", "--quiet", *options]
    heavy = {"datasketch", "scipy", "pandas", "pyarrow", "rich", "numpy.ma", "numpy.random"}
    heavy |= {"dedup.reference", "dedup.boilerplate.learner"}
    if options:
        heavy |= {"dedup.boilerplate", "xxhash", "importlib.metadata"}
    code = f"import sys, dedup.cli\ntry: dedup.cli.main({call})\nexcept SystemExit: pass"
    code += f"\nprint(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr


def test_the_version_is_that_of_the_package_and_of_the_kernel() -> None:
    for path, table in (("pyproject.toml", "project"), ("dedup/kernel/Cargo.toml", "package")):
        assert tomllib.loads((ROOT / path).read_text("utf-8"))[table]["version"] == VERSION


def test_no_module_is_long() -> None:
    long = {
        str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text("utf-8").splitlines())) > 320
    }
    assert not long


def test_there_are_no_leftovers() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX)\b|@@")
    texts = [*SOURCES, *ROOT.glob("*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("corpus/*.md")]
    assert not [p.name for p in texts if words.search(p.read_text("utf-8"))]
