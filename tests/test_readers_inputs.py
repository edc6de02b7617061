"""Which files a run reads, in which order, and where their outputs go."""

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from dedup.errors import InputError, OutputError, UsageError
from dedup.readers import Fields
from dedup.readers.discover import find_files
from dedup.readers.text import TextFiles
from dedup.writers import OutputDirectory, write_selected
from tests.formats import opened, read

LINE = b'{"id": "1", "text": "The market opens at nine."}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "in/b.jsonl",
        "in/sub/c.txt",
        "in/sub/a.txt",
        "in/z.ndjson",
        "in/.hidden.txt",
        "in/.git/x.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LINE)
    (tmp_path / "in/README.md").write_text("no article")
    return tmp_path


def names(*inputs: str) -> list[str]:
    return [os.path.join(found.root, found.name) for found in find_files(inputs)]


def relatives(*inputs: str) -> list[str]:
    outputs = []
    for source in opened(*inputs):
        if isinstance(source, TextFiles):
            below = [os.fsdecode(source.outputs.bytes_at(i)) for i in range(len(source.outputs))]
            outputs += [(source.relative / output).as_posix() for output in below]
        else:
            outputs.append(source.relative.as_posix())
    return outputs


def test_folder_is_read_recursively_by_name(folder: Path) -> None:
    assert names("in") == ["in/b.jsonl", "in/sub/a.txt", "in/sub/c.txt", "in/z.ndjson"]
    assert relatives("in") == ["b.jsonl", "sub/a.txt", "sub/c.txt", "z.ndjson"]


def test_file_reached_twice_is_read_once(folder: Path) -> None:
    everything = ["in/b.jsonl", "in/sub/a.txt", "in/sub/c.txt", "in/z.ndjson"]
    assert names("in", "in/b.jsonl", "in/sub", "in/./sub/../z.ndjson") == everything
    assert names("in/sub/c.txt", "in", "in") == ["in/sub/c.txt", "in/b.jsonl", "in/sub/a.txt", "in/z.ndjson"]
    assert names("in/b.jsonl", "in/b.jsonl", "in/*.jsonl") == ["in/b.jsonl"]


def test_links_are_followed_and_loops_end(folder: Path) -> None:
    (folder / "in/sub/loop").symlink_to(folder / "in")
    (folder / "in/again.txt").symlink_to("sub/a.txt")
    (folder / "in/broken.txt").symlink_to("nowhere")
    (folder / "in/other.txt").symlink_to("README.md")
    assert names("in") == ["in/again.txt", "in/b.jsonl", "in/other.txt", "in/sub/c.txt", "in/z.ndjson"]


def test_the_output_directory_is_not_found(folder: Path) -> None:
    before = names("in")
    for name in ("out/kept/b.jsonl", "out/sub/a.txt", "outer/a.txt"):
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(LINE)
    (folder / "in/linked").symlink_to("out/sub")
    (folder / "in/link.txt").symlink_to("out/sub/a.txt")
    (folder / "alias").symlink_to("in/out")
    for output in ("in/out", "in/../in/out", "alias"):
        found = [os.path.join(f.root, f.name) for f in find_files(["in"], Path(output))]
        assert found == sorted([*before, "in/outer/a.txt"])
        found = [os.path.join(f.root, f.name) for f in find_files(["in/**/*.jsonl"], Path(output))]
        assert found == ["in/b.jsonl"]
    assert len(names("in")) == len(before) + 3


def test_hard_links_are_two_files(folder: Path) -> None:
    os.link(folder / "in/b.jsonl", folder / "in/c.jsonl")
    assert names("in/b.jsonl", "in/c.jsonl") == ["in/b.jsonl", "in/c.jsonl"]


def test_patterns(folder: Path) -> None:
    assert names("in/*") == ["in/b.jsonl", "in/sub/a.txt", "in/sub/c.txt", "in/z.ndjson"]
    assert names("in/**/*.txt") == ["in/sub/a.txt", "in/sub/c.txt"]
    (folder / "in/[x].jsonl").write_bytes(LINE)
    assert names("in/[x].jsonl") == ["in/[x].jsonl"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere.jsonl", "nowhere.jsonl does not exist"),
        ("in/*.csv", r"in/\*.csv matches no articles"),
        ("in/README.md", "extension that tells no format"),
        ("empty", "empty holds no articles"),
        ("pipe.jsonl", "not a regular file"),
    ],
)
def test_unusable_inputs_are_errors_with_a_hint(folder: Path, given: str, message: str) -> None:
    (folder / "empty").mkdir()
    (folder / "empty/notes.md").write_text("no article")
    os.mkfifo(folder / "pipe.jsonl")
    with pytest.raises(InputError, match=message) as caught:
        opened(given)
    assert caught.value.hint


def test_unreadable_file_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "b.jsonl")
    with pytest.raises(InputError, match=r"in/b.jsonl cannot be read: Permission denied"):
        opened("in/b.jsonl")


def test_unreadable_text_file_is_skipped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, "a.txt")
    sources = opened("in/sub")
    found = read(sources)
    assert found.paths == ["in/sub/c.txt"]
    assert found.numbers.tolist() == [2]
    assert [(s.location, s.reason) for s in found.skipped] == [("in/sub/a.txt", "unreadable")]
    with pytest.raises(InputError, match=r"in/sub/a.txt cannot be read: Permission denied"):
        read(opened("in/sub/a.txt"))


def refuse(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Permissions do not stop root, who may be running the tests."""
    real = open

    def guarded(path, *args, **kwargs):
        if str(path).endswith(name):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr("builtins.open", guarded)


def test_colliding_outputs_go_below_the_common_parent(folder: Path) -> None:
    (folder / "in2/sub").mkdir(parents=True)
    (folder / "in2/b.jsonl").write_bytes(LINE)
    (folder / "in2/sub/a.txt").write_bytes(LINE)
    assert relatives("in/b.jsonl", "in2/sub/a.txt") == ["b.jsonl", "a.txt"]
    assert relatives("in/b.jsonl", "in2/b.jsonl") == ["in/b.jsonl", "in2/b.jsonl"]
    assert relatives("in/sub", "in2/sub") == ["in/sub/a.txt", "in/sub/c.txt", "in2/sub/a.txt"]
    assert relatives("in/sub/a.txt", "in2") == ["a.txt", "b.jsonl", "sub/a.txt"]
    placed = relatives("in", "in2", "in/b.jsonl")
    assert len(placed) == len(set(placed)) == 6


def test_stdin_is_json_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINE * 3)))
    (source,) = opened("-", "-")
    found = read([source])
    assert (source.path, source.relative.as_posix(), source.size) == ("-", "stdin.jsonl", None)
    assert found.numbers.tolist() == [1, 2, 3]
    with OutputDirectory(folder / "out") as out:
        write_selected(source, found.numbers, np.array([True, False, True]), found.segments, out, "kept")
        out.commit()
    assert (folder / "out/kept/stdin.jsonl").read_bytes() == LINE * 2
    source.close()


def test_text_files_are_one_source_with_a_path_each(folder: Path) -> None:
    for i in range(3000):
        (folder / f"in/sub/n{i:04}.txt").write_text(f"Story number {i}.")
    (source,) = opened("in/sub")
    found = read([source])
    assert found.paths[:3] == ["in/sub/a.txt", "in/sub/c.txt", "in/sub/n0000.txt"]
    assert found.texts[2:] == [f"Story number {i}.".encode() for i in range(3000)]
    assert found.numbers.tolist() == [*range(1, 3003)]
    assert len(found.segments) > 1
    assert set(found.ids) == {None}
    (folder / "in/sub/n2000.txt").write_text("changed")
    with pytest.raises(InputError, match=r"n2000.txt changed"):
        source.check_unchanged()


def test_text_files_leave_as_a_list_and_copied(folder: Path) -> None:
    (folder / "in/sub/d.txt").write_bytes(b"\xef\xbb\xbfbytes \xff\r\nstay")
    sources = opened("in")
    with OutputDirectory(folder / "out") as out:
        for source in sources:
            found = read([source])
            keep = np.arange(len(found.texts)) != 1
            write_selected(source, found.numbers, keep, found.segments, out, "kept", copy=True)
        out.commit()
    assert (folder / "out/kept.txt").read_text().split() == ["in/sub/a.txt", "in/sub/d.txt"]
    assert (folder / "out/kept/sub/d.txt").read_bytes() == b"\xef\xbb\xbfbytes \xff\r\nstay"
    assert sorted(p.name for p in (folder / "out/kept/sub").iterdir()) == ["a.txt", "d.txt"]


def test_list_of_paths_has_one_a_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = ["a\nb.txt", "c\r.txt", 'd".txt', "e\udcff.txt", "f\n\udcff.txt"]
    (folder / "odd").mkdir()
    for name in [*odd, '"quoted".txt']:
        (folder / "odd" / name).write_text("text")
    monkeypatch.chdir(folder / "odd")
    inputs = ["../odd/" + name for name in odd] + ['"quoted".txt']
    with OutputDirectory(folder / "out") as out:
        for source in opened(*inputs):
            found = read([source])
            everything = np.ones(len(found.texts), np.bool_)
            write_selected(source, found.numbers, everything, found.segments, out, "kept", copy=True)
        out.commit()
    lines = (folder / "out/kept.txt").read_bytes().splitlines()
    assert [json.loads(x) if x.startswith(b'"') else os.fsdecode(x) for x in lines] == inputs
    assert [x.startswith(b'"') for x in lines] == [True, True, False, False, True, True]
    assert sorted(os.listdir(folder / "out/kept")) == sorted([*odd, '"quoted".txt'])


def test_many_files_do_not_run_out_of_handles(folder: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for i in range(300):
        (folder / f"in/{i}.jsonl").write_bytes(LINE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        sources = opened("in")
        assert len(read(sources).texts) == 304
        for source in sources:
            source.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_spool_on_a_full_or_missing_disk_is_an_error(folder: Path) -> None:
    from dedup.readers import open_sources
    from tests.formats import COMPRESS, STAGES

    (folder / "in/c.jsonl.gz").write_bytes(COMPRESS[".gz"](LINE))
    (source,) = open_sources(["in/c.jsonl.gz"], Fields(), STAGES, temp_dir=folder / "nowhere")
    with pytest.raises(OutputError, match="temporary file") as caught:
        read([source])
    assert "--temp-dir" in caught.value.hint


def test_unknown_encoding(folder: Path) -> None:
    for name in ("klingon", "base64"):
        with pytest.raises(UsageError, match="unknown encoding"):
            opened("in", fields=Fields(encoding=name))


def test_chunks_hold_whole_lines(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"text": "x" * (i * 37 % 200)}).encode() for i in range(50)]
    (folder / "long.jsonl").write_bytes(b"\r\n".join(lines))
    whole = read(opened("long.jsonl"))
    monkeypatch.setattr("dedup.readers.jsonl.CHUNK", 64)
    found = read(opened("long.jsonl"))
    assert len(found.segments) > 20
    assert found.texts == whole.texts
    assert found.numbers.tolist() == [*range(1, 51)]
