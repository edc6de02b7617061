"""An output directory appears whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from dedup.errors import OutputError
from dedup.model import Skipped
from dedup.writers import OutputDirectory, write_chunks, write_json, write_skipped


def tree(path: Path) -> list[str]:
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*"))


def test_commit_puts_all_files_into_place(tmp_path: Path) -> None:
    with OutputDirectory(tmp_path / "new/out") as out:
        write_chunks(out, "kept/a/b.jsonl", [b"1\n", b"2\n"])
        write_json(out, "summary.json", {"name": "Zeitung ü"})
        assert not (tmp_path / "new/out/kept").exists()
        out.commit()
    assert tree(tmp_path / "new/out") == ["kept", "kept/a", "kept/a/b.jsonl", "summary.json"]
    assert (tmp_path / "new/out/kept/a/b.jsonl").read_bytes() == b"1\n2\n"
    assert (tmp_path / "new/out/summary.json").read_text("utf-8") == '{\n  "name": "Zeitung ü"\n}\n'


def test_large_files_are_written_whole(tmp_path: Path) -> None:
    chunks = [bytes([number % 256]) * size for number, size in enumerate([1, 5 << 20, 12_345, 7, 9 << 20, 2])]
    with OutputDirectory(tmp_path / "out") as out:
        write_chunks(out, "large.jsonl", chunks)
        with out.open("large.jsonl", append=True) as file:
            file.write(b"end")
        out.commit()
    assert (tmp_path / "out/large.jsonl").read_bytes() == b"".join(chunks) + b"end"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_a_run_that_ends_early(tmp_path: Path, error: type[BaseException]) -> None:
    def chunks():
        yield b"1\n"
        raise error

    with pytest.raises(error), OutputDirectory(tmp_path / "new/out") as out:
        write_chunks(out, "kept/a.jsonl", chunks())
    assert tree(tmp_path) == []


def test_directory_of_the_user_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with OutputDirectory(tmp_path / "out") as out:
        write_chunks(out, "a", [b"1\n"])
    assert tree(tmp_path) == ["out"]


def test_directory_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    with pytest.raises(OutputError, match="not empty") as caught:
        OutputDirectory(tmp_path)
    assert "--force" in caught.value.hint
    assert tree(tmp_path) == ["precious"]


def test_force_replaces_files_of_the_same_names_only(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    (tmp_path / "clusters.jsonl").write_text("old")
    with OutputDirectory(tmp_path, force=True) as out:
        write_chunks(out, "clusters.jsonl", [b"new"])
        assert (tmp_path / "clusters.jsonl").read_text() == "old"
        out.commit()
    assert tree(tmp_path) == ["clusters.jsonl", "precious"]
    assert (tmp_path / "clusters.jsonl").read_text() == "new"


def test_force_leaves_nothing_of_an_earlier_run(tmp_path: Path) -> None:
    for name in (
        "kept/a.jsonl",
        "kept/deep/b.jsonl",
        "removed/a.jsonl",
        "pairs.jsonl",
        "summary.json",
        "notes.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("old")
    with OutputDirectory(tmp_path, force=True) as out:
        write_chunks(out, "kept/a.jsonl", [b"new"])
        write_chunks(out, "summary.json", [b"new"])
        out.commit()
    assert tree(tmp_path) == ["kept", "kept/a.jsonl", "notes.txt", "summary.json"]
    assert (tmp_path / "notes.txt").read_text() == "old"


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / ".dedup-staging-killed/kept").mkdir(parents=True)
    (out / ".dedup-staging-killed/kept/a.jsonl").write_text("half")
    with OutputDirectory(out) as directory:
        write_chunks(directory, "a", [b"1\n"])
        directory.commit()
    assert tree(out) == ["a"]


def test_two_runs_do_not_share_a_directory(tmp_path: Path) -> None:
    with OutputDirectory(tmp_path / "out") as first:
        write_chunks(first, "a", [b"1\n"])
        for force in (False, True):
            with pytest.raises(OutputError, match="another run is writing") as caught:
                OutputDirectory(tmp_path / "out", force=force)
            assert caught.value.hint
        first.commit()
        assert tree(tmp_path / "out") == ["a"]
    with OutputDirectory(tmp_path / "out", force=True):
        pass


def test_where_there_are_no_locks_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", refuse)
    (tmp_path / ".dedup-staging-of-whom").mkdir()
    with OutputDirectory(tmp_path) as out:
        write_chunks(out, "a", [b"1\n"])
        out.commit()
    assert tree(tmp_path) == [".dedup-staging-of-whom", "a"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs/a.jsonl").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/kept").symlink_to("../inputs")
    (tmp_path / "link").symlink_to("out")
    with OutputDirectory(tmp_path / "out", force=True) as out:
        write_chunks(out, "b.jsonl", [b"1\n"])
        write_chunks(out, "kept/a.jsonl", [b"1\n"])
        with pytest.raises(OutputError, match="out/kept: it leads out") as caught:
            out.commit()
    assert caught.value.hint
    assert (tmp_path / "inputs/a.jsonl").read_text() == "precious"
    assert tree(tmp_path / "out") == ["kept"]
    with OutputDirectory(tmp_path / "link", force=True) as out:
        write_chunks(out, "b.jsonl", [b"1\n"])
        out.commit()
    assert tree(tmp_path / "out") == ["b.jsonl", "kept"]


def test_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    for path in (tmp_path / "out", tmp_path / "out/below"):
        with pytest.raises(OutputError, match="cannot write") as caught:
            OutputDirectory(path)
        assert caught.value.hint


def test_full_disk_is_an_error_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(OutputError, match="No space left") as caught,
        OutputDirectory(tmp_path / "out") as out,
    ):
        write_chunks(out, "kept/a.jsonl", [b"1\n"])
    assert "free some space" in caught.value.hint
    assert tree(tmp_path) == []


def test_summary_appears_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append(Path(b).name), real(a, b)))
    with OutputDirectory(tmp_path / "out") as out:
        for name in ("summary.json", "zz.jsonl", "kept/a.jsonl"):
            write_chunks(out, name, [b"{}\n"])
        out.commit()
    assert order[-1] == "summary.json"


def test_skipped_records(tmp_path: Path) -> None:
    with OutputDirectory(tmp_path / "out") as out:
        write_skipped(out, "skipped.jsonl", [Skipped("a\udcff.txt", "unreadable", "über")])
        out.commit()
    line = '{"location": "a\ufffd.txt", "reason": "unreadable", "detail": "über"}\n'
    assert (tmp_path / "out/skipped.jsonl").read_text("utf-8") == line
