"""Every format and compression gives the same documents, and takes a choice of them back."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dedup.errors import InputError
from dedup.model import Texts
from dedup.writers.output import OutputDirectory
from dedup.writers.records import write_annotated, write_selected
from tests.formats import (
    ARTICLES,
    COMPRESS,
    DECOMPRESS,
    EXTENSIONS,
    TAG,
    opened,
    plain,
    read,
    read_csv,
    read_table,
    table,
)

DELIMITED = (".csv", ".tsv")
USABLE = [i for i, (_, text, _) in enumerate(ARTICLES) if text is not None]
KEEPS = {
    "some": lambda n: np.arange(n) % 3 != 1,
    "all": lambda n: np.ones(n, np.bool_),
    "none": lambda n: np.zeros(n, np.bool_),
}


@pytest.fixture(params=EXTENSIONS)
def extension(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=COMPRESS)
def codec(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def path(tmp_path: Path, extension: str, codec: str) -> Path:
    path = tmp_path / f"news{extension}{codec}"
    path.write_bytes(COMPRESS[codec](plain(extension)))
    return path


def usable(extension: str) -> list[int]:
    """CSV knows no null: a missing text is an empty one."""
    return list(range(len(ARTICLES))) if extension in DELIMITED else USABLE


def test_same_documents(path: Path, extension: str) -> None:
    (source,) = opened(path)
    found = read([source])
    kept = usable(extension)
    assert found.texts == [(ARTICLES[i][1] or "").encode() for i in kept]
    assert found.ids == [ARTICLES[i][0] for i in kept]
    assert found.titles == [ARTICLES[i][2] for i in kept]
    assert found.numbers.tolist() == [i + 1 for i in kept]
    assert found.repaired == 0
    skipped = [] if extension in DELIMITED else [(f"{path}:4", "no_text")]
    assert [(s.location, s.reason) for s in found.skipped] == skipped
    assert source.relative.as_posix() == path.name
    source.close()


@pytest.mark.parametrize("limit", [0, 1, 3, 4, 100])
def test_limit_counts_usable_documents(path: Path, extension: str, limit: int) -> None:
    found = read(opened(path), limit)
    assert found.numbers.tolist() == [i + 1 for i in usable(extension)][:limit]
    assert len(found.skipped) == (limit > 3 and extension not in DELIMITED)


@pytest.mark.parametrize("keep", KEEPS)
def test_selected_records_leave_as_they_came(
    tmp_path: Path, path: Path, extension: str, codec: str, keep: str
) -> None:
    (source,) = opened(path)
    found = read([source])
    mask = KEEPS[keep](len(found.texts))
    with OutputDirectory(tmp_path / "out") as out:
        write_selected(source, found.numbers, mask, found.segments, out, "kept")
        out.commit()
    data = DECOMPRESS[codec]((tmp_path / "out/kept" / path.name).read_bytes())
    rows = (found.numbers[mask] - 1).tolist()
    if extension == ".jsonl":
        lines = plain(extension).splitlines(keepends=True)
        assert data == b"".join(lines[i] for i in rows)
    elif extension == ".json":
        assert json.loads(data) == [json.loads(plain(extension))[i] for i in rows]
    elif extension in DELIMITED:
        before = read_csv(plain(extension), extension)
        assert read_csv(data, extension) == [before[0], *(before[i + 1] for i in rows)]
        if keep == "all":
            assert data == plain(extension)
    else:
        after = read_table(data, extension)
        assert after.equals(table().take(pa.array(rows, pa.int64())))
        assert after.schema.equals(read_table(plain(extension), extension).schema, check_metadata=True)


def test_annotated_records_say_what_became_of_them(
    tmp_path: Path, path: Path, extension: str, codec: str
) -> None:
    (source,) = opened(path)
    found = read([source])
    tags = [TAG if i % 2 else {**TAG, "duplicate_of": None} for i in range(len(found.texts))]
    with OutputDirectory(tmp_path / "out") as out:
        packed = Texts.from_strings([json.dumps(tag) for tag in tags])
        write_annotated(source, found.numbers, found.segments, packed, out, "kept")
        out.commit()
    data = DECOMPRESS[codec]((tmp_path / "out/kept" / path.name).read_bytes())
    if extension in (".jsonl", ".json"):
        rows = json.loads(data) if extension == ".json" else [*map(json.loads, data.split(b"\n")[:-1])]
        before = json.loads(plain(".json"))
        assert rows == [{**before[i], "dedup": tag} for i, tag in zip(USABLE, tags, strict=True)]
    elif extension in DELIMITED:
        before = read_csv(plain(extension), extension)
        after = read_csv(data, extension)
        assert after[0] == [*before[0], *(f"dedup_{name}" for name in TAG)]
        assert [row[:3] for row in after] == before
        assert after[1][3:] == ["a1", "2", "true", "", "near", "0.75", "0.875"]
    else:
        after = read_table(data, extension)
        assert after.select(table().column_names).equals(table().take(USABLE))
        tagged = after.select([f"dedup_{name}" for name in TAG]).rename_columns([*TAG])
        assert tagged.to_pylist() == tags


def test_truncated_compression_is_an_error(path: Path, codec: str) -> None:
    if not codec:
        pytest.skip("not compressed")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="truncated or corrupt") as caught:
        read(opened(path))
    assert str(path) in caught.value.message


def test_members_one_after_the_other_are_one_stream(tmp_path: Path, codec: str) -> None:
    path = tmp_path / f"news.jsonl{codec}"
    lines = plain(".jsonl").splitlines(keepends=True)
    path.write_bytes(COMPRESS[codec](b"".join(lines[:5])) + COMPRESS[codec](b"".join(lines[5:])))
    assert read(opened(path)).ids == [ARTICLES[i][0] for i in USABLE]


def test_change_during_the_run_is_an_error(path: Path) -> None:
    (source,) = opened(path)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(InputError, match="changed while it was read"):
        source.check_unchanged()
