"""`dedup check`: limits, what is compared with what, problems of articles, and mistakes."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dedup.checking import Limits
from tests.articles import Cli, edited, story, write_jsonl

ONE, TWO, THREE = story(1), story(2), story(3)


def corpus(**texts: str) -> Path:
    """A folder of texts in the working directory."""
    folder = Path("corpus")
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def report(dedup: Cli, *arguments: object, code: int = 0) -> dict[str, Any]:
    """The JSON report of a check."""
    found: dict[str, Any] = json.loads(dedup("check", *arguments, "--format", "json", code=code).out)
    return found


def pairs(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(relation, copy, original) of the duplicates, by name."""
    return [
        (one["relation"], Path(one["article"]["location"]).stem, Path(one["original"]["location"]).stem)
        for one in found["duplicates"]
    ]


def test_a_corpus_without_duplicates_passes(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=TWO)
    assert dedup("check", folder).out == "passed: 0 duplicates in 2 articles; none allowed\n"
    dedup("check", folder, "--max-duplicates", "0")
    dedup("check", folder, "--max-ratio", "0")
    dedup("check", folder, "--max-duplicates", "0", "--max-ratio", "0.0")


def test_duplicates_fail_and_say_where(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=edited(ONE, 40), c=TWO, d=TWO.upper())
    assert dedup("check", folder, code=1).out == (
        "corpus/b.txt: near copy of corpus/a.txt (similarity 0.88)\n"
        "corpus/d.txt: exact copy of corpus/c.txt\n"
        "\n"
        "failed: 2 duplicates in 4 articles (1 exact, 1 near; 50.0%); none allowed\n"
    )
    assert dedup("check", folder, "--quiet", code=1).out == ""


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (["--max-duplicates", "1"], 1),
        (["--max-duplicates", "2"], 0),
        (["--max-ratio", "0.49"], 1),
        (["--max-ratio", "0.5"], 0),
        (["--max-ratio", "1"], 0),
        (["--max-duplicates", "2", "--max-ratio", "0.1"], 1),
        (["--max-duplicates", "0", "--max-ratio", "1"], 1),
    ],
)
def test_limits(dedup: Cli, limits: list[str], code: int) -> None:
    dedup("check", corpus(a=ONE, b=ONE, c=TWO, d=TWO), *limits, code=code)


def test_a_ratio_is_compared_as_it_is_written() -> None:
    for percent in range(101):
        limits = Limits(ratio=float(f"{percent / 100:.2f}"))
        assert limits.allow(percent, 100)
        assert not limits.allow(percent + 1, 100)
    assert Limits(ratio=0.0).allow(0, 0)


def test_a_check_counts_what_a_run_removes(dedup: Cli, corpus: Path) -> None:
    run = json.loads(dedup("run", corpus / "articles", "--dry-run", "--json").out)
    found = report(dedup, corpus / "articles", code=1)
    assert {"excerpt": 0, **found["counts"]["by_relation"]} == run["removed_by_relation"]
    assert found["fingerprint"] == run["fingerprint"]


def test_only_pairs_that_touch_given_files_count(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=ONE, c=TWO, n=THREE)
    new = folder / "n.txt"
    found = report(dedup, new, "--in", folder)
    assert (found["articles"], found["compared_with"]) == (1, 3)
    new.write_text(edited(TWO, 40))
    assert pairs(report(dedup, new, "--in", folder, code=1)) == [("near", "n", "c")]
    # Also where the file comes first in the corpus; of two new copies one is too many.
    corpus(_first=TWO, m=THREE, n=THREE)
    given = [folder / name for name in ("_first.txt", "m.txt", "n.txt")]
    assert pairs(report(dedup, *given, "--in", folder, code=1)) == [
        ("exact", "_first", "c"),
        ("exact", "n", "m"),
    ]


def test_new_articles_are_compared_with_copies_too(dedup: Cli) -> None:
    """A is near B, B is near C, A is not near C: a run keeps C, but who adds C to A and B adds a copy of B."""
    words = ONE.split()
    middle = [*words[:10], *(f"x{i}" for i in range(14)), *words[24:]]
    far = [*middle[:50], *(f"y{i}" for i in range(14)), *middle[64:]]
    folder = corpus(a=" ".join(words), b=" ".join(middle), c=" ".join(far))
    assert pairs(report(dedup, folder, code=1)) == [("near", "b", "a")]
    assert pairs(report(dedup, folder / "c.txt", "--in", folder, code=1)) == [("near", "c", "b")]


def test_leaks_from_one_split_into_another(dedup: Cli) -> None:
    train = write_jsonl(Path("train.jsonl"), [{"id": i, "text": t} for i, t in enumerate([ONE, ONE, TWO])])
    test = write_jsonl(Path("test.jsonl"), [{"id": i, "text": t} for i, t in enumerate([THREE, THREE])])
    # Copies within a split are no leaks.
    assert report(dedup, test, "--against", train)["counts"]["duplicates"] == 0
    write_jsonl(test, [{"id": 7, "text": THREE}, {"id": 8, "text": edited(ONE, 3)}, {"id": 9, "text": TWO}])
    found = report(dedup, test, "--against", train, code=1)
    assert (found["articles"], found["compared_with"]) == (3, 3)
    assert [
        (d["article"]["location"], d["relation"], d["original"]["location"]) for d in found["duplicates"]
    ] == [
        ("test.jsonl:2", "near", "train.jsonl:1"),
        ("test.jsonl:3", "exact", "train.jsonl:3"),
    ]
    assert "compared with 3 more" in dedup("check", test, "--against", train, code=1).out


def test_a_file_on_both_sides_does_not_leak_into_itself(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=TWO)
    assert report(dedup, folder / "a.txt", "--against", folder)["compared_with"] == 1


def test_a_split_that_is_only_compared_with_itself_is_pointed_out(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=ONE)
    assert "nothing was compared" in dedup("check", folder, "--against", folder / "a.txt").err
    Path("train.txt").write_text(TWO)
    assert dedup("check", folder, "--against", "train.txt").err == ""


def test_lines_of_findings(dedup: Cli) -> None:
    """A line that an editor can go to, in every format that has lines."""
    records = [{"text": ONE}, {"text": ONE}]
    write_jsonl(Path("lines.jsonl"), records)
    Path("array.json").write_text(json.dumps(records, indent=1))
    Path("packed.jsonl.gz").write_bytes(gzip.compress(Path("lines.jsonl").read_bytes()))
    Path("rows.csv").write_text(f'id,text\n1,"{ONE}\nmore"\n\n2,"{ONE}\nmore"\n')
    pq.write_table(pa.Table.from_pylist(records), "table.parquet")
    expected = {
        "lines.jsonl": 2,
        "array.json": 5,
        "packed.jsonl.gz": 1,
        "rows.csv": 5,
        "table.parquet": 1,
    }
    for name, line in expected.items():
        copy = report(dedup, name, code=1)["duplicates"][0]["article"]
        assert (copy["location"], copy["line"]) == (f"{name}:2", line)
    together = [*expected, "rows.csv"]
    lines = {
        one["article"]["path"]: one["article"]["line"]
        for one in report(dedup, *together, code=1)["duplicates"]
    }
    assert lines == expected


def test_places_are_relative_to_the_working_directory(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=ONE).absolute()
    assert report(dedup, folder, code=1)["duplicates"][0]["article"]["path"] == "corpus/b.txt"
    assert report(dedup, "./corpus/../corpus", code=1)["duplicates"][0]["article"]["path"] == "corpus/b.txt"


def test_problems(dedup: Cli) -> None:
    folder = corpus(empty="\n--\n", short="Only four words here.", fine=ONE)
    (folder / "menu.txt").write_text(f"Skip to main content\n\n{TWO}\n\nShare this article\n")
    (folder / "latin.txt").write_bytes(THREE.encode() + b" caf\xe9")
    records = [{"id": "x", "text": story(9)}, {"id": "x", "text": story(10)}, {"title": "no text"}]
    write_jsonl(folder / "more.jsonl", records)
    found = report(dedup, folder, "--lint", code=1)
    assert [(p["code"], p["location"], p["line"]) for p in found["problems"]] == [
        ("unusable", "corpus/more.jsonl:3", 3),
        ("empty", "corpus/empty.txt", 1),
        ("undecodable", "corpus/latin.txt", 1),
        ("boilerplate", "corpus/menu.txt", 1),
        ("duplicate-id", "corpus/more.jsonl:2", 2),
        ("short", "corpus/short.txt", 1),
    ]
    messages = {p["code"]: p["message"] for p in found["problems"]}
    assert messages["short"] == "4 words, fewer than 40"
    assert messages["boilerplate"].startswith('2 lines, the first "Skip to main content"')
    every = "unusable,empty,undecodable,boilerplate,duplicate-id,short"
    assert report(dedup, folder, "--lint", "--ignore", every)["problems"] == []
    shown = report(dedup, folder, "--lint", "--min-words", "4", "--ignore", every.replace(",short", ""))
    assert shown["problems"] == []
    assert report(dedup, folder)["counts"]["problems"] is None


def test_only_what_is_checked_has_problems(dedup: Cli) -> None:
    folder = corpus(a="", b=ONE)
    assert report(dedup, folder / "b.txt", "--in", folder, "--lint")["problems"] == []


def test_half_a_character_is_undecodable_and_a_replaced_one_is_not(dedup: Cli) -> None:
    lines = [f'{{"text": "{ONE} \\ud800"}}', f'{{"text": "{TWO} \ufffd"}}', f'{{"text": "{THREE} \\uFFFD"}}']
    Path("in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = report(dedup, "in.jsonl", "--lint", code=1)
    assert [(p["code"], p["location"]) for p in found["problems"]] == [("undecodable", "in.jsonl:1")]


def test_skipped_records(dedup: Cli) -> None:
    Path("in.jsonl").write_text(f'{{"text": "{ONE}"}}\n{{"text"\n')
    result = dedup("check", "in.jsonl")
    assert "warning: 1 record was skipped, the first at in.jsonl:2" in result.err
    dedup("check", "in.jsonl", "--strict", code=2)


def test_nothing_to_check(dedup: Cli) -> None:
    """No articles at all are a mistake: a corpus that moved must not pass. A file without a record is a corpus."""
    Path("empty").mkdir()
    assert "empty holds no articles" in dedup.fails("check", "empty")
    assert "does not exist" in dedup.fails("check", "moved")
    Path("none.jsonl").write_text("")
    assert "the inputs hold no articles" in dedup("check", "none.jsonl", "--max-ratio", "0").err
    write_jsonl(Path("one.jsonl"), [{"text": ONE}])
    dedup("check", "none.jsonl", "--against", "one.jsonl")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "yaml"], "'yaml' is not one of"),
        (["--output", "yaml=x"], '"yaml" is no format'),
        (["--output", "sarif="], "--output sarif= names no file"),
        (["--output", "report.pdf"], "tells no format"),
        (["--output", "none/report.json"], "cannot write none/report.json"),
        (["--output", "json=corpus"], "cannot write corpus"),
        (["--output", "text=corpus/a.txt"], "corpus/a.txt would count as articles of corpus"),
        (["--output", "corpus/new.json"], "corpus/new.json would count as articles of corpus"),
        (["--in", "*/*.txt", "--output", "text=corpus/../corpus/a.txt"], "corpus/a.txt is an input"),
        (["--in", "more.json", "--baseline", "more.json", "--update-baseline"], "more.json is an input"),
        (["--max-duplicates", "-1"], "below 0"),
        (["--max-ratio", "1.5"], "not between 0 and 1"),
        (["--max-ratio", "nan"], "not between 0 and 1"),
        (["--against", "corpus", "--in", "corpus"], "exclude each other"),
        (["--update-baseline"], "--update-baseline needs to know the file"),
        (["--update-baseline", "--baseline", "b.json", "--in", "corpus"], "would lose the pairs"),
        (["--lint", "--ignore", "shorts"], 'unknown problem "shorts"'),
        (["--text-field", "title,"], "empty name"),
        (["--cache", "kept"], "kept is no cache"),
        (["--min-words", "-1"], "--min-words -1 is below 0"),
    ],
)
def test_mistakes(dedup: Cli, arguments: list[str], message: str) -> None:
    corpus(a=ONE, b=TWO)
    Path("kept").write_text("precious")
    Path("more.json").write_text("[]")
    assert message in dedup.fails("check", "corpus", *arguments)
    assert (Path("corpus/a.txt").read_text(), Path("kept").read_text()) == (ONE, "precious")
    assert sorted(path.name for path in Path().rglob("*")) == [
        "a.txt",
        "b.txt",
        "corpus",
        "kept",
        "more.json",
    ]


def test_hidden_files_may_lie_beside_the_articles(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=ONE)
    hidden = [folder, "--baseline", folder / ".accepted.json", "--cache", folder / "cache"]
    dedup("check", *hidden, "--update-baseline")
    assert report(dedup, *hidden, "-o", folder / ".report.md")["articles"] == 2


def test_an_empty_file_is_a_cache_of_nothing(dedup: Cli) -> None:
    """As `mktemp` makes one. A device is one too, and stays what it is."""
    folder = corpus(a=ONE, b=TWO)
    Path("sketches").touch()
    dedup("check", folder, "--cache", "sketches")
    assert Path("sketches").stat().st_size
    dedup("check", folder, "--cache", os.devnull)
    assert not Path(os.devnull).is_file()


def test_a_name_cannot_break_the_line_of_an_error(dedup: Cli) -> None:
    error = dedup.fails("check", "no\nsuch\x1b(B.txt")
    assert error.startswith("error: no such (B.txt does not exist\n\nhint: ")


def test_settings_files(dedup: Cli) -> None:
    folder = corpus(a=ONE, b=ONE, c="short")
    Path("conf").mkdir()
    Path("dedup.toml").write_text('max-duplicates = 1\nlint = true\nignore = ["short"]\noutput = "out"\n')
    dedup("check", folder)
    Path("dedup.toml").write_text('baseline = "accepted.json"\n')
    dedup("check", folder, "--update-baseline")
    assert Path("accepted.json").exists()
    Path("dedup.toml").write_text('since = "main"\n')
    assert 'unknown setting "since"' in dedup.fails("check", folder)


def test_the_cache_changes_nothing_but_the_time(dedup: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from dedup.native import Native

    sketched: list[int] = []
    sketch = Native.sketch

    def counted(self: Native, texts: Any, window: int | None = None) -> Any:
        sketched.append(len(texts))
        return sketch(self, texts, window)

    monkeypatch.setattr(Native, "sketch", counted)
    folder = corpus(a=ONE, b=edited(ONE, 40), c=TWO, d="", e=ONE)
    plain = report(dedup, folder, code=1)
    cached = [folder, "--cache", "sketches"]
    assert report(dedup, *cached, code=1) == plain
    sketched.clear()
    assert report(dedup, *cached, code=1) == plain
    assert sketched == []
    before = Path("sketches").stat()
    assert report(dedup, *cached, code=1) == plain
    assert Path("sketches").stat().st_mtime_ns == before.st_mtime_ns
    (folder / "c.txt").write_text(ONE)
    (folder / "f.txt").write_text(THREE)
    changed = report(dedup, *cached, code=1)
    assert sketched == [1]
    assert changed == report(dedup, folder, code=1)
    sketched.clear()
    report(dedup, *cached, "--threshold", "0.95", code=1)
    assert sum(sketched) == 6
