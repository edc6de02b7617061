"""The command line as a whole: help, versions, mistakes in usage, settings files."""

import subprocess
import sys
from pathlib import Path

import pytest

import dedup.cli.settings as settings_files
from dedup.cli.settings import Kind
from dedup.errors import UsageError
from tests.articles import Cli, read_summary, story, write_jsonl

OPTIONS = {
    "run": {
        "threshold": Kind("float"),
        "text_field": Kind(),
        "rules": Kind("path", multiple=True),
        "limit": Kind("integer range"),
        "pairs": Kind("boolean"),
        "force": Kind("boolean"),
    },
    "strip": {"rules": Kind("path", multiple=True)},
}


@pytest.fixture
def articles() -> Path:
    text = story(1)
    return write_jsonl(Path("a.jsonl"), [{"id": "x", "text": text}, {"id": "y", "text": text}])


def test_help_lists_the_commands(dedup: Cli) -> None:
    assert [line.split()[0] for line in dedup().out.split("Commands:\n")[1].splitlines()] == [
        "run",
        "filter",
        "check",
        "strip",
        "learn",
        "compare",
        "tune",
        "index",
    ]
    assert dedup("--help").out == dedup().out
    assert "--threshold" in dedup("run", "-h").out
    assert dedup("index", "--help").out == dedup("index").out


def test_help_is_made_of_whole_sentences(dedup: Cli) -> None:
    for command in ([], ["run"], ["strip"]):
        text = dedup(*command, "--help").out
        assert "..." not in text.partition("Options:")[2], "nothing is cut short"
        assert "x>=" not in text
    assert "Exit codes: 0 done" in dedup("run", "--help").out


def test_version(dedup: Cli) -> None:
    assert dedup("--version").out.startswith("dedup ")


def test_module_and_help_import_nothing_heavy() -> None:
    heavy = {"numpy", "pyarrow", "datasketch", "scipy", "rich", "dedup._kernel", "dedup.pipeline"}
    code = (
        "import sys; from dedup.cli import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print(sorted(set(sys.modules) & {heavy!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n"), done.stdout[-300:]
    done = subprocess.run(
        [sys.executable, "-m", "dedup", "--help"], capture_output=True, text=True, check=True
    )
    assert "Commands:" in done.stdout


def test_mistakes_get_one_line_and_a_hint(dedup: Cli, articles: Path) -> None:
    assert "did you mean --threads or --threshold?" in dedup.fails("run", articles, "--treshold", "1")
    assert "hint: did you mean run?" in dedup.fails("rum").replace("'", "")
    assert "hint: see `dedup run --help`" in dedup.fails("run")
    assert "hint: see `dedup tune --help`" in dedup.fails("tune", "--labels")
    assert "--threshold" in dedup.fails("run", articles, "-o", "out", "--threshold", "high")
    assert "--dry-run" in dedup.fails("run", articles)
    assert "error: threshold 1.5 is not in (0, 1]" in dedup.fails(
        "run", articles, "-o", "out", "--threshold", "1.5"
    )
    assert "--bands" in dedup.fails("run", articles, "-o", "out", "--bands", "20")
    assert 'unknown keep rule "newest"' in dedup.fails("run", articles, "-o", "out", "--keep", "newest")
    assert "--source-field" in dedup.fails("run", articles, "-o", "out", "--keep", "source:A")
    assert "no-such.toml" in dedup.fails("run", articles, "-o", "out", "--rules", "no-such.toml")
    assert "klingon" in dedup.fails("run", articles, "-o", "out", "--encoding", "klingon")
    assert not Path("out").exists()


def test_bands_that_cannot_reach_the_recall(dedup: Cli, articles: Path) -> None:
    assert "recall" in dedup.fails("run", articles, "-o", "out", "--num-perm", "2")


def test_settings_come_from_the_nearest_file(tmp_path: Path) -> None:
    inner = tmp_path / "repo" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "dedup.toml").write_text("threshold = 0.1\n")
    assert settings_files.defaults(OPTIONS, inner) == {}, "a file above the repository must not count"

    (tmp_path / "repo" / "pyproject.toml").write_text(
        '[tool.dedup]\nthreshold = 0.7\nrules = ["more.toml"]\n'
    )
    rules = [str(tmp_path / "repo" / "more.toml")]
    expected = {"run": {"threshold": 0.7, "rules": rules}, "strip": {"rules": rules}}
    assert settings_files.defaults(OPTIONS, inner) == expected

    (inner / "pyproject.toml").write_text('[project]\nname = "silent"\n')
    assert settings_files.defaults(OPTIONS, inner) == expected
    (inner / "dedup.toml").write_text('text-field = ["title", "body"]\n')
    assert settings_files.defaults(OPTIONS, inner) == {"run": {"text_field": "title,body"}, "strip": {}}
    (inner / "dedup.toml").write_text('rules = "one.toml"\nthreshold = 1\n')
    rules = [str(inner / "one.toml")]
    expected = {"run": {"rules": rules, "threshold": 1}, "strip": {"rules": rules}}
    assert settings_files.defaults(OPTIONS, inner) == expected


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("treshold = 0.7", 'dedup.toml: unknown setting "treshold"', 'did you mean "threshold"?'),
        ("force = true", 'dedup.toml: unknown setting "force"', "settings are named like the options"),
        ("threshold = ", "dedup.toml", "it is read for the settings of dedup"),
        ('threshold = "high"', 'dedup.toml: "threshold" is "high", not a number', "--help"),
        ("threshold = [0.5, 0.7]", '"threshold" is [0.5, 0.7], not a number', "--help"),
        ("limit = 5.5", '"limit" is 5.5, not a whole number', "--help"),
        ("limit = true", '"limit" is true, not a whole number', "--help"),
        ("pairs = 3", '"pairs" is 3, not true or false', "--help"),
        ("text-field = 5", '"text-field" is 5, not a string', "--help"),
        ("text-field = []", '"text-field" is [], not a string', "--help"),
        ("rules = [1]", '"rules" is [1], not a string', "--help"),
        ("text-field.a = 2024-01-01", '"text-field" is {"a": "2024-01-01"}, not a string', "--help"),
    ],
)
def test_a_settings_file_with_a_mistake(tmp_path: Path, content: str, message: str, hint: str) -> None:
    (tmp_path / "dedup.toml").write_text(content)
    with pytest.raises(UsageError) as caught:
        settings_files.defaults(OPTIONS, tmp_path)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_options_override_settings_files(dedup: Cli, articles: Path) -> None:
    Path("dedup.toml").write_text("threshold = 0.7\npairs = true\n")
    dedup("run", articles, "-o", "one")
    assert read_summary(Path("one"))["settings"]["threshold"] == 0.7
    assert Path("one/pairs.jsonl").exists()
    dedup("run", articles, "-o", "two", "--threshold", "0.6", "--no-pairs")
    assert read_summary(Path("two"))["settings"]["threshold"] == 0.6
    assert not Path("two/pairs.jsonl").exists()
    Path("dedup.toml").write_text("pairs = 3\n")
    assert 'dedup.toml: "pairs" is 3' in dedup.fails("run", articles, "-o", "three")
    assert "--pairs" in dedup("run", "--help").out, "the help is there for whoever has a mistake in the file"


def test_no_colours_but_on_a_terminal(dedup: Cli, articles: Path) -> None:
    result = dedup("run", articles, "-o", "out")
    assert "\x1b" not in result.out + result.err
    assert "\x1b" not in dedup.fails("run", articles, "-o", "out")
