"""`dedup run` on good input: outputs, options, exit codes, what a person sees."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather
from pyarrow import parquet as pq

from tests.articles import Cli, edited, read_jsonl, read_summary, story, write_jsonl

ONE, TWO, THREE = story(1), story(2), story(3)
RECORDS: list[dict[str, object]] = [
    {"id": "a", "text": ONE, "title": "The harbour [opens]", "date": "2024-05-03", "site": "Blog"},
    {"id": "b", "text": TWO, "date": "2024-05-02"},
    {"id": "c", "text": edited(ONE, 40), "date": "2024-05-01", "site": "AP"},
    {"id": "d", "text": ONE + " !", "date": None},
    {"id": "e", "text": "…"},
    {"id": 7, "text": THREE},
]


@pytest.fixture
def articles() -> Path:
    return write_jsonl(Path("news.jsonl"), RECORDS)


def ids(path: Path) -> list[object]:
    return [record["id"] for record in read_jsonl(path)]


def test_kept_clusters_and_summary(dedup: Cli, articles: Path) -> None:
    dedup("run", articles, "-o", "out", "--no-strip")
    assert sorted(path.as_posix() for path in Path("out").rglob("*") if path.is_file()) == [
        "out/clusters.jsonl",
        "out/kept/news.jsonl",
        "out/skipped.jsonl",
        "out/summary.json",
    ]
    lines = articles.read_bytes().splitlines(keepends=True)
    assert Path("out/kept/news.jsonl").read_bytes() == lines[0] + lines[1] + lines[4] + lines[5]
    rows = {row["id"]: row for row in read_jsonl(Path("out/clusters.jsonl"))}
    assert list(rows) == ["a", "b", "c", "d", "e", "7"]
    assert rows["a"] == {
        "id": "a",
        "cluster_id": "a",
        "cluster_size": 3,
        "is_duplicate": False,
        "duplicate_of": None,
        "relation": None,
        "similarity": 1.0,
        "containment": 1.0,
        "location": "news.jsonl:1",
        "excerpt_of": None,
        "excerpt_containment": None,
    }
    # 80 words have 76 shingles; one changed word takes 5 of them away and brings 5 others.
    assert (rows["c"]["duplicate_of"], rows["c"]["relation"]) == ("a", "near")
    assert rows["c"]["similarity"] == round(71 / 81, 6)
    assert rows["c"]["containment"] == round(71 / 76, 6)
    assert (rows["d"]["duplicate_of"], rows["d"]["relation"], rows["d"]["similarity"]) == ("a", "exact", 1.0)
    assert (rows["e"]["is_duplicate"], rows["e"]["similarity"]) == (False, None)
    summary = read_summary(Path("out"))
    assert (summary["input"], summary["kept"], summary["removed"], summary["skipped"]) == (6, 4, 2, 0)
    assert summary["removed_by_relation"] == {"exact": 1, "near": 1, "excerpt": 0}
    assert summary["empty"] == 1
    assert summary["bands"] == {"bands": 35, "rows": 3, "gate": 38, "recall_at_threshold": 0.990661}
    assert summary["largest_clusters"] == [{"id": "a", "size": 3, "title": "The harbour [opens]"}]
    assert Path("out/skipped.jsonl").read_bytes() == b""


def test_what_a_person_sees(dedup: Cli, articles: Path) -> None:
    shown = dedup("run", articles, "-o", "out").out
    assert "read     6  1 input" in shown
    assert "kept     4  66.7%" in shown
    assert "removed  2  33.3%, 1 exact, 1 near" in shown
    assert "35 bands x 3 rows: 99.1% of pairs at 0.5 become candidates" in shown
    assert "3  a  The harbour [opens]" in shown
    assert "articles/s" in shown
    assert "out/" in shown
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_json_and_quiet(dedup: Cli, articles: Path) -> None:
    printed = json.loads(dedup("run", articles, "-o", "out", "--json").out)
    assert printed == read_summary(Path("out"))
    assert dedup("run", articles, "-o", "quiet", "--quiet").out == ""


def test_dry_run_writes_nothing(dedup: Cli, articles: Path) -> None:
    shown = dedup("run", articles, "--dry-run").out
    assert "not written: a dry run" in shown
    assert "removed  2" in shown
    dedup("run", articles, "--dry-run", "-o", "out")
    assert [path.name for path in Path().iterdir()] == ["news.jsonl"]


def test_write_removed(dedup: Cli, articles: Path) -> None:
    dedup("run", articles, "-o", "out", "--write-removed")
    assert ids(Path("out/removed/news.jsonl")) == ["c", "d"]
    assert ids(Path("out/kept/news.jsonl")) == ["a", "b", "e", 7]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("first", "a"), ("last", "d"), ("earliest:date", "c"), ("latest:date", "a"), ("source:AP>Blog", "c")],
)
def test_keep_policies(dedup: Cli, articles: Path, keep: str, kept: str) -> None:
    dedup("run", articles, "-o", "out", "--keep", keep, "--source-field", "site")
    of = {row["id"]: row["cluster_id"] for row in read_jsonl(Path("out/clusters.jsonl"))}
    assert {of["a"], of["c"], of["d"]} == {kept}


def test_missing_dates_are_warned_about(dedup: Cli, articles: Path) -> None:
    result = dedup("run", articles, "-o", "out", "--keep", "earliest:date,longest")
    assert (
        'articles whose "date" is missing or unknown to the keep policy come last in it (3 of 6)'
        in result.err
    )
    assert read_summary(Path("out"))["missing_keep_values"] == {"date": 3}


def test_policies_that_no_article_suits_are_warned_about(dedup: Cli, articles: Path) -> None:
    result = dedup("run", articles, "--dry-run", "--keep", "latest:dtae")
    assert 'no article has a "dtae" that the keep policy can use' in result.err


def test_a_narrow_terminal_shows_counts_and_ids(
    dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    line = dedup("run", articles, "--dry-run").out.splitlines()[-1]
    assert re.fullmatch(r"3  a  \S.*…", line)
    assert len(line) <= 20


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_tables_can_be_annotated_again(dedup: Cli, name: str) -> None:
    given = pa.table({"text": [story(1), story(1), story(2)], "id": ["a", "b", "c"]}).replace_schema_metadata(
        {"made": "here"}
    )
    if name.endswith("parquet"):
        pq.write_table(given, name)
    else:
        feather.write_feather(given, name)
    dedup("run", name, "-o", "first", "--annotate", "--families")
    dedup("run", f"first/kept/{name}", "-o", "second", "--annotate", "--threshold", "0.7")
    read = pq.read_table if name.endswith("parquet") else feather.read_table
    once, twice = read(f"first/kept/{name}"), read(f"second/kept/{name}")
    assert sorted(twice.column_names) == sorted(once.column_names)
    assert twice.schema.metadata[b"made"] == b"here"
    assert twice["dedup_relation"].to_pylist() == [None, "exact", None]


def test_ids_do_nothing_to_a_terminal(dedup: Cli) -> None:
    write_jsonl(Path("in.jsonl"), [{"id": "\x1b[31mred\nhead", "text": ONE}] * 2)
    result = dedup("run", "in.jsonl", "--dry-run")
    assert "[31mred head" in result.out
    assert "[31mred head" in result.err
    assert "\x1b" not in result.out + result.err


def test_annotate_keeps_all_records(dedup: Cli, articles: Path) -> None:
    result = dedup("run", articles, "-o", "out", "--annotate")
    records = read_jsonl(Path("out/kept/news.jsonl"))
    assert [{k: v for k, v in record.items() if k != "dedup"} for record in records] == RECORDS
    assert records[2]["dedup"]["duplicate_of"] == "a"
    assert "duplicates  2" in result.out
    summary = read_summary(Path("out"))
    assert summary["input"] == summary["kept"] + summary["removed"] + summary["skipped"]


def test_pairs_list_what_clusters_do_not(dedup: Cli, articles: Path) -> None:
    dedup("run", articles, "-o", "out", "--pairs")
    pairs = {(row["a"], row["b"]): row["relation"] for row in read_jsonl(Path("out/pairs.jsonl"))}
    assert pairs == {("a", "c"): "near", ("a", "d"): "exact", ("c", "d"): "near"}


def test_families_chain_clusters(dedup: Cli) -> None:
    # Each step changes 12 words of 80: a step has J > 0.5, two steps together have less.
    texts = [ONE]
    for step in range(2):
        words = texts[-1].split()
        words[step * 20 : step * 20 + 14] = [f"changed{step}x{i}" for i in range(14)]
        texts.append(" ".join(words))
    records = [{"id": i, "text": texts[i]} for i in (0, 2, 1)] + [{"id": "other", "text": TWO}]
    write_jsonl(Path("chain.jsonl"), records)
    dedup("run", "chain.jsonl", "-o", "out", "--families", "--no-strip")
    rows = {row["id"]: row for row in read_jsonl(Path("out/clusters.jsonl"))}
    assert rows["2"]["cluster_id"] == "2"
    assert rows["1"]["is_duplicate"]
    assert [rows[i]["family_id"] for i in ("0", "1", "2", "other")] == ["0", "0", "0", "other"]


def test_folders_of_text_are_listed_and_copied(dedup: Cli) -> None:
    Path("in/deep").mkdir(parents=True)
    for name, text in {"a.txt": ONE, "b.txt": TWO, "deep/c.txt": ONE}.items():
        Path("in", name).write_text(text)
    dedup("run", "in", "-o", "listed")
    assert Path("listed/kept.txt").read_text() == "in/a.txt\nin/b.txt\n"
    dedup("run", "in", "-o", "copied", "--copy", "--write-removed")
    assert {path.as_posix() for path in Path("copied/kept").rglob("*.txt")} == {
        "copied/kept/a.txt",
        "copied/kept/b.txt",
    }
    assert Path("copied/removed/deep/c.txt").read_text() == ONE
    rows = read_jsonl(Path("copied/clusters.jsonl"))
    assert [(row["id"], row["location"]) for row in rows] == [
        (f"in/{n}", f"in/{n}") for n in ("a.txt", "b.txt", "deep/c.txt")
    ]


def test_limit_counts_through_all_inputs(dedup: Cli, articles: Path) -> None:
    write_jsonl(Path("more.jsonl"), RECORDS)
    dedup("run", articles, "more.jsonl", "-o", "out", "--limit", "8", "--quiet")
    assert read_summary(Path("out"))["input"] == 8
    dedup("run", articles, "more.jsonl", "-o", "fewer", "--limit", "2", "--quiet")
    assert [row["location"] for row in read_jsonl(Path("fewer/clusters.jsonl"))] == [
        "news.jsonl:1",
        "news.jsonl:2",
    ]


def test_several_text_fields(dedup: Cli) -> None:
    write_jsonl(
        Path("n.jsonl"), [{"id": i, "head": h, "body": {"plain": ONE}} for i, h in enumerate(["x", "x", "y"])]
    )
    dedup("run", "n.jsonl", "-o", "out", "--text-field", "head, body.plain", "--no-strip")
    assert [row["relation"] for row in read_jsonl(Path("out/clusters.jsonl"))] == [None, "exact", "near"]


def test_exit_codes(dedup: Cli, articles: Path) -> None:
    dedup("run", articles, "-o", "1", "--fail-on-duplicates", code=1)
    write_jsonl(Path("unique.jsonl"), RECORDS[:2])
    dedup("run", "unique.jsonl", "-o", "2", "--fail-on-duplicates", "--strict")
    with articles.open("a") as file:
        file.write("{}\n")
    dedup("run", articles, "-o", "3")
    dedup("run", articles, "-o", "4", "--strict", "--fail-on-duplicates", code=2)
    assert Path("4/summary.json").exists()


def test_warnings_about_what_looks_wrong(dedup: Cli) -> None:
    write_jsonl(Path("same.jsonl"), [{"id": i, "text": ONE} for i in range(21)])
    warned = dedup("run", "same.jsonl", "-o", "out").err
    assert "warning: over half of the articles are removed (20 of 21)" in warned
    assert "warning: one cluster holds 21 of 21 articles (0)" in warned
    write_jsonl(Path("few.jsonl"), [{"id": i, "text": story(i // 2)} for i in range(20)])
    assert dedup("run", "few.jsonl", "-o", "few").err == ""


def test_shingles_of_characters(dedup: Cli, articles: Path) -> None:
    """A copy with an error in every fourth word is found by runs of characters, and by no run of words."""
    words = ONE.split()
    scan = " ".join(word[:-1] + "#" if i % 4 == 0 else word for i, word in enumerate(words))
    write_jsonl(Path("scans.jsonl"), [{"id": "a", "text": ONE}, {"id": "b", "text": scan}])
    call = ["run", "scans.jsonl", "--no-strip", "--force", "--threshold", "0.35", "-o"]
    for options, removed in (([], 0), (["--shingle", "words:5"], 0), (["--shingle", "chars:5"], 1)):
        dedup(*call, "out", *options)
        assert read_summary(Path("out"))["removed"] == removed
    first = read_summary(Path("out"))
    assert (first["settings"]["shingle_size"], first["settings"]["shingle_unit"]) == (5, "chars")
    dedup(*call, "again", "--shingle", "chars:5", "--engine", "reference")
    assert Path("out/clusters.jsonl").read_bytes() == Path("again/clusters.jsonl").read_bytes()
    dedup(*call, "words")
    assert "shingle_unit" not in read_summary(Path("words"))["settings"]
    assert first["fingerprint"] != read_summary(Path("words"))["fingerprint"]


def test_every_command_compares_characters(dedup: Cli) -> None:
    words = story(1, 120).split()
    scan = " ".join(word[:-1] + "#" if i % 6 == 0 else word for i, word in enumerate(words))
    records = [{"id": "a", "text": " ".join(words)}, {"id": "b", "text": scan}, {"id": "c", "text": TWO}]
    write_jsonl(Path("scans.jsonl"), records)
    asked = ["--shingle", "chars:9", "--no-strip"]
    dedup("check", "scans.jsonl", "--no-strip")
    dedup("check", "scans.jsonl", *asked, code=1)
    compare = ["compare", "a", "b", "--in", "scans.jsonl", "--format", "json"]
    assert json.loads(dedup(*compare).out)["relation"] is None
    found = json.loads(dedup(*compare, *asked).out)
    assert found["relation"] == "near"
    assert [gate["least"] for gate in found["gates"] if gate["name"] == "shingles of the smaller"] == [240]
    Path("labels.tsv").write_text("a\tb\trelation\na\tb\tnear\na\tc\tdifferent\n")
    tuned = json.loads(dedup("tune", "labels.tsv", "scans.jsonl", *asked, "--json").out)
    assert (tuned["recommended"]["shingle_size"], tuned["recommended"]["shingle_unit"]) == (9, "chars")
    assert {point["shingle_size"] for point in tuned["points"]} == {5, 7, 9, 12, 15}

    dedup("index", "add", "i.dedup", "scans.jsonl", "--excerpts", "report", *asked)
    info = json.loads(dedup("index", "info", "i.dedup", "--json").out)
    assert (info["duplicates"], info["settings"]["shingle_unit"], info["excerpts"]["shingles"]) == (
        1,
        "chars",
        240,
    )
    refused = dedup("index", "add", "i.dedup", "scans.jsonl", "--shingle-size", "9", code=2)
    assert "i.dedup was made with shingle_unit chars, and words was asked for" in refused.err
    dedup("index", "rebuild", "i.dedup", "--shingle-size", "5")
    info = json.loads(dedup("index", "info", "i.dedup", "--json").out)
    assert (info["duplicates"], "shingle_unit" in info["settings"], info["excerpts"]["shingles"]) == (
        0,
        False,
        40,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--shingle", "chars:9", "--shingle-size", "9"],
            "--shingle chars:9 and --shingle-size 9 contradict",
        ),
        (
            ["--shingle", "words:5", "--shingle-size", "3"],
            "--shingle words:5 and --shingle-size 3 contradict",
        ),
        (["--shingle", "chars"], 'shingle "chars" cannot be read\n\nhint: write words:5, or chars:9'),
        (["--shingle", "letters:9"], 'shingle "letters:9" cannot be read'),
        (["--shingle", "chars:0"], "shingle size 0"),
        (["--shingle-size", "99"], "shingle size 99"),
    ],
)
def test_shingles_that_cannot_be(dedup: Cli, articles: Path, options: list[str], message: str) -> None:
    assert message in dedup("run", articles, "--dry-run", *options, code=2).err


def test_a_shingle_on_the_command_line_overrides_a_settings_file(dedup: Cli, articles: Path) -> None:
    for setting, options, used in (
        ('shingle = "chars:9"', [], (9, "chars")),
        ('shingle = "chars:9"', ["--shingle-size", "3"], (3, "words")),
        ("shingle-size = 3", ["--shingle", "chars:9"], (9, "chars")),
        ("shingle-size = 3", ["--shingle", "words:3"], (3, "words")),
    ):
        Path("dedup.toml").write_text(setting)
        dedup("run", articles, "-o", "out", "--force", *options)
        settings = read_summary(Path("out"))["settings"]
        assert (settings["shingle_size"], settings.get("shingle_unit", "words")) == used
    Path("dedup.toml").write_text('shingle-size = 3\nshingle = "chars:9"')
    assert "contradict" in dedup("run", articles, "--dry-run", code=2).err
