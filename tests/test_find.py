"""The Python API in memory: any kind of input, positions and Arrow tables out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

import dedup
from dedup import UsageError, find_duplicates
from tests.articles import Cli, story

STORY = " ".join(
    f"The harbour of Port {name} opened its new quay on Monday."
    for name in ["Ada", "Bel", "Cor", "Dun", "Eve"]
)
EDITED = STORY.replace("Monday", "Tuesday", 1)
OTHER = "Nobody expected the village band to win the national contest, least of all its drummer, a baker of eighty."
TEXTS = [STORY, OTHER, STORY.upper(), EDITED, "", "  ", OTHER + " "]


def forms() -> dict[str, Any]:
    """The same texts in every kind of container."""
    frame = {"text": TEXTS, "id": [f"n{i}" for i in range(len(TEXTS))]}
    return {
        "list": TEXTS,
        "tuple": tuple(TEXTS),
        "arrow array": pa.array(TEXTS),
        "arrow view": pa.array(TEXTS, pa.string_view()),
        "arrow chunks": pa.chunked_array([TEXTS[:3], TEXTS[3:]]),
        "arrow table": pa.table(frame),
        "arrow batch": pa.RecordBatch.from_pydict(frame),
        "pandas series": pd.Series(TEXTS),
        "pandas frame": pd.DataFrame(frame),
        "polars series": pl.Series(TEXTS),
        "polars frame": pl.DataFrame(frame),
        "sliced": pa.array([OTHER, *TEXTS, "x"]).slice(1, len(TEXTS)),
    }


@pytest.mark.parametrize("form", forms())
def test_every_form_gives_the_same(form: str) -> None:
    result = dedup.find_duplicates(forms()[form], strip=False)
    assert result.kept.dtype == np.int64
    assert result.kept.tolist() == [0, 1, 4, 5]
    assert result.removed.tolist() == [2, 3, 6]
    assert result.clusters["relation"].to_pylist() == [None, None, "exact", "near", None, None, "exact"]
    assert (
        result.clusters["duplicate_of"].is_valid().to_pylist() == result.clusters["is_duplicate"].to_pylist()
    )
    assert result.clusters["similarity"].to_pylist()[:3] == [1.0, 1.0, 1.0]
    assert result.clusters["similarity"].to_pylist()[4:6] == [None, None]
    names = [f"n{i}" if "frame" in form or "table" in form or "batch" in form else str(i) for i in range(7)]
    assert result.clusters["id"].to_pylist() == names
    assert result.clusters["cluster_id"].to_pylist() == [names[i] for i in (0, 1, 0, 0, 4, 5, 1)]


def test_the_table_is_the_input_with_more_columns() -> None:
    given = pa.table({"text": TEXTS, "n": range(len(TEXTS))})
    table = dedup.find_duplicates(given).table()
    assert table.select(["text", "n"]).equals(given)
    assert table.column_names[2:] == [
        "dedup_cluster_id",
        "dedup_cluster_size",
        "dedup_is_duplicate",
        "dedup_duplicate_of",
        "dedup_relation",
        "dedup_similarity",
        "dedup_containment",
        "dedup_excerpt_of",
        "dedup_excerpt_containment",
    ]


def test_a_table_of_an_earlier_result_is_tagged_anew() -> None:
    first = dedup.find_duplicates(pa.table({"text": [STORY, OTHER]}), families=True).table()
    longer = pa.concat_tables([first, first.slice(0, 1)])
    again = dedup.find_duplicates(longer).table()
    assert again.column_names == [*first.column_names[:1], "dedup_family_id", *first.column_names[1:-1]]
    assert again["dedup_cluster_size"].to_pylist() == [2, 1, 2]


def test_no_texts_at_all() -> None:
    for nothing in ([], pa.array([], pa.string()), pa.table({"text": pa.array([], pa.string())})):
        result = dedup.find_duplicates(nothing, pairs=True, families=True)
        assert len(result.kept) == len(result.removed) == len(result.clusters) == len(result.pairs) == 0


def test_pairs_and_families_are_there_when_asked_for() -> None:
    result = dedup.find_duplicates(TEXTS, pairs=True, families=True, strip=False)
    pairs = {(row["a"], row["b"]): row["relation"] for row in result.pairs.to_pylist()}
    near = dict.fromkeys([("0", "3"), ("2", "3")], "near")
    assert pairs == {("0", "2"): "exact", ("1", "6"): "exact", **near}
    assert result.clusters["family_id"].to_pylist() == ["0", "1", "0", "0", "4", "5", "1"]
    with pytest.raises(dedup.UsageError, match="not asked for"):
        _ = dedup.find_duplicates(TEXTS).pairs


def test_ids_and_keep_policies() -> None:
    result = dedup.find_duplicates(
        [STORY, EDITED + " More words came later."], ids=["a", "b"], keep="longest"
    )
    assert result.kept.tolist() == [1]
    assert result.clusters["duplicate_of"].to_pylist() == ["b", None]
    table = pa.table({"text": [STORY, EDITED], "day": ["2031-02-01", "2031-01-31"]})
    assert dedup.find_duplicates(table, keep="earliest:day").kept.tolist() == [1]
    assert dedup.find_duplicates([OTHER, STORY], ids=["x", "x"]).clusters["id"].to_pylist() == ["x", "row:1"]


@pytest.mark.parametrize(
    "texts",
    [
        pd.Series([None, float("nan")], dtype=object),
        pd.Series([None, None]),
        pd.Series([float("nan")] * 2),
        pl.Series([None, None]),
        pl.Series([None, None], dtype=pl.Categorical),
        pa.nulls(2),
    ],
)
def test_nothing_is_an_empty_text(texts: Any) -> None:
    result = dedup.find_duplicates(texts)
    assert (result.kept.tolist(), result.removed.tolist()) == ([0, 1], [])


def test_a_result_is_shown_by_its_counts() -> None:
    assert repr(dedup.find_duplicates([STORY, STORY, OTHER])) == "<dedup.Result: 2 kept, 1 removed>"


def test_engines_agree() -> None:
    native, reference = (
        dedup.find_duplicates(TEXTS, engine=name, pairs=True, families=True)
        for name in ("native", "reference")
    )
    assert native.clusters.equals(reference.clusters)
    assert native.pairs.equals(reference.pairs)


@pytest.mark.parametrize(
    ("texts", "more", "message"),
    [
        ("one string", {}, "one string"),
        ([STORY, 7], {}, "text 1 is a int"),
        (42, {}, "texts is a int"),
        ({"text": [STORY]}, {}, "texts is a dict"),
        (pd.Series([STORY, 7], dtype=object), {}, "texts cannot be read"),
        (pd.DataFrame({"text": pd.Series([STORY, 7], dtype=object)}), {}, "texts cannot be read"),
        (pl.LazyFrame({"text": [STORY]}), {}, "texts is a LazyFrame"),
        ([{"text": STORY}], {}, "text 0 is a dict"),
        ([STORY], {"rules": "no.toml"}, "no.toml"),
        ([STORY, STORY], {"ids": [1, "a"]}, "ids cannot be read"),
        ([STORY, STORY], {"ids": 5}, "ids cannot be read"),
        ([STORY], {"ids": "a"}, "ids is one string"),
        (pa.table({"body": [STORY]}), {}, 'a column "text"; there are: body'),
        (pa.table({"text": [1]}), {}, "not a string"),
        ([STORY], {"ids": ["a", "b"]}, "2 ids for 1 texts"),
        ([STORY], {"threshold": 0}, "threshold 0"),
        ([STORY], {"keep": "best"}, "best"),
        ([STORY], {"keep": "earliest:day"}, 'a column "day"'),
        ([STORY], {"engine": "warp"}, "warp"),
        ([STORY], {"threads": 100_000_000}, "100000000 threads"),
        ([STORY], {"threads": -1}, "-1 threads"),
        ([STORY], {"num_perm": 4}, "recall"),
        ([STORY], {"shingle_unit": "bytes"}, 'shingle unit "bytes"'),
        ([STORY], {"same": "site"}, 'blocking needs a column "site"'),
        (
            pa.table({"text": [STORY], "site": [""]}),
            {"across": "site"},
            'no article has a value in the field "site"',
        ),
        (
            pa.table({"text": [STORY], "day": ["soon"]}),
            {"window": "day:7d"},
            'no article has a date in the field "day"',
        ),
        ([STORY], {"window": "day"}, 'window "day" cannot be read'),
        ([STORY], {"against": 42}, "against is a int"),
        ([STORY], {"against": [STORY, 7]}, "text 1 is a int"),
        ([STORY], {"against": pa.table({"body": [STORY]})}, 'a column "text"; there are: body'),
        ([STORY], {"against": "none.dedup"}, 'against is "none.dedup", which is no index'),
        (pa.table({"text": [STORY], "site": ["x"]}), {"against": [STORY], "same": "site"}, 'a column "site"'),
    ],
)
def test_mistakes_are_explained(texts: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(dedup.UsageError, match=message) as caught:
        dedup.find_duplicates(texts, **more)
    assert caught.value.hint


def rounded(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with as many digits as a run writes, and without the place, which is not the same in memory."""
    return [
        {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}
        | {"location": None}
        for row in rows
    ]


def test_known_articles_are_removed_as_in_a_run(dedup: Cli) -> None:
    """The columns of a run that is held against a file; against an index, and a list, likewise."""
    long = "\n".join(story(seed, 60) for seed in range(20, 24))
    old = {"id": ["a", "b", "x"], "text": [STORY, long, OTHER]}
    new = {
        "id": ["p", "q", "b", "s", "t", "u"],
        "text": [EDITED, STORY.upper(), OTHER, story(20, 60) + story(21, 60), story(5), story(5)],
    }
    for name, columns in (("old", old), ("new", new)):
        pq.write_table(pa.table(columns), f"{name}.parquet")
    for excerpts in ("report", "remove", "off"):
        call = [
            "run",
            "new.parquet",
            "--no-strip",
            "--excerpts",
            excerpts,
            "-o",
            "out",
            "--force",
            "--families",
        ]
        options: dict[str, Any] = {"strip": False, "excerpts": excerpts, "families": True}
        dedup(*call, "--against", "old.parquet")
        written = (
            Path("out/clusters.jsonl").read_text().replace("old.parquet:2", "against:1")
        )  # an id of both
        expected = [json.loads(line) for line in written.splitlines()]
        assert [row["duplicate_of"] for row in expected][:3] == ["a", "a", "x"]
        for engine in ("native", "reference"):
            found = find_duplicates(pa.table(new), against=pa.table(old), engine=engine, **options)
            assert rounded(found.clusters.to_pylist()) == rounded(expected)
            assert found.removed.tolist() == [i for i, row in enumerate(expected) if row["duplicate_of"]]
    assert found.table().num_rows == 6
    by_list = find_duplicates(new["text"], against=old["text"], strip=False)
    assert by_list.clusters["duplicate_of"].to_pylist() == [
        "against:0",
        "against:0",
        "against:2",
        None,
        None,
        "4",
    ]
    assert by_list.clusters["excerpt_of"].to_pylist()[3] == "against:1"
    dedup("index", "add", "i.dedup", "old.parquet")
    for location in ("i.dedup", Path("i.dedup")):
        by_index = find_duplicates(pa.table(new), against=location, strip=False)
        assert by_index.clusters["duplicate_of"].to_pylist() == ["a", "a", "x", None, None, "t"]
        assert (
            by_index.clusters["excerpt_of"].to_pylist()[3] == "i.dedup:2"
        )  # there is an article b on either side
    with pytest.raises(UsageError, match="an index does not say what the field"):
        find_duplicates(pa.table(new), against="i.dedup", same="id")
    assert find_duplicates([], against=[STORY]).kept.tolist() == []
    assert find_duplicates([STORY], against=[]).kept.tolist() == [0]


def test_columns_say_what_is_compared() -> None:
    table = pa.table(
        {
            "text": [STORY, EDITED, STORY, STORY],
            "site": ["x", "x", "y", None],
            "day": pa.array([1, 9, 3, 20], pa.int32()),
            "at": ["2031-02-01", "2031-02-09", "2031-02-03", "2031-02-20"],
        }
    )
    for options, kept in (
        ({"same": "site"}, [0, 2, 3]),
        ({"same": ["site", "day"]}, [0, 1, 2, 3]),
        ({"across": "site"}, [0, 1]),
        ({"window": "at:8d"}, [0, 3]),
        ({"window": "at:7d"}, [0, 1, 3]),
        ({"window": "day:8s", "across": "site"}, [0, 1, 3]),
    ):
        for engine in ("native", "reference"):
            assert dedup.find_duplicates(table, engine=engine, **options).kept.tolist() == kept
    known = table.slice(1, 1)
    assert dedup.find_duplicates(table, against=known, same="site").kept.tolist() == [2, 3]


def test_calls_with_different_rules_do_not_disturb_one_another(tmp_path: Path) -> None:
    """The threads that compare texts outlive a call, and what they remember of lines must not reach the next one."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[[line]]\nline = "only here"\n')
    body = [f"paragraph {number} of one article that two papers have" for number in range(8)]
    texts = ["\n".join([*body, "only here"]), "\n".join([*body, "a last word", "only here"])]
    expected = [
        dedup.find_duplicates(texts, rules=some, engine="reference").clusters.to_pylist()
        for some in ([str(rules)], [])
    ]
    found = [dedup.find_duplicates(texts, rules=some, threads=1) for some in ([str(rules)], [], [str(rules)])]
    assert [result.clusters.to_pylist() for result in found] == [*expected, expected[0]]
    assert expected[0] != expected[1]


def test_a_known_article_whose_id_was_seen_goes_by_its_place() -> None:
    old = pa.table({"id": ["k", "k", "both"], "text": [story(1), story(2), story(3)]})
    new = pa.table({"id": ["a", "b", "both"], "text": [story(1), story(2), story(3)]})
    found = find_duplicates(new, against=old, strip=False)
    assert found.clusters["duplicate_of"].to_pylist() == ["k", "against:1", "against:2"]
    assert find_duplicates(old, strip=False).clusters["id"].to_pylist() == ["k", "row:1", "both"]
