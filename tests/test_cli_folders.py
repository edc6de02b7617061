"""Folders as people have them: files beside the articles, files met twice, results among the inputs."""

import os
from pathlib import Path

import pytest

from tests.articles import Cli, read_jsonl, read_summary, story, write_jsonl


@pytest.fixture
def folder() -> Path:
    folder = Path("in")
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.txt").write_text(story(i))
    return folder


def test_a_table_of_labels_beside_the_articles(dedup: Cli, folder: Path) -> None:
    (folder / "labels.tsv").write_text("pair\trelation\n0\tnear\n")
    dedup("run", folder, "-o", "out")
    summary = read_summary(Path("out"))
    assert (summary["input"], summary["kept"], summary["skipped"]) == (4, 3, 1)
    (skipped,) = read_jsonl(Path("out/skipped.jsonl"))
    assert (skipped["location"], skipped["reason"]) == ("in/labels.tsv", "no_text")
    assert "pair, relation" in skipped["detail"]
    assert not Path("out/kept").exists()
    dedup("run", folder, "-o", "strict", "--strict", code=2)
    dedup("run", folder, "-o", "tagged", "--annotate")
    assert "pair, relation" in dedup.fails("run", folder / "labels.tsv", "-o", "named")
    assert "pair, relation" in dedup.fails("run", folder, folder / "labels.tsv", "-o", "named")
    assert "labels.tsv skipped" in dedup("strip", folder).err


def test_a_folder_of_nothing_but_other_tables(dedup: Cli) -> None:
    Path("in").mkdir()
    Path("in/a.csv").write_text("id,body\n1,x\n")
    Path("in/b.csv").write_text("id,body\n1,x\n")
    for command in (["run", "in", "-o", "out"], ["run", "in/*.csv", "-o", "out"]):
        err = dedup.fails(*command)
        assert "none of the 2 files found holds articles" in err
        assert "id, body" in err
        assert "--text-field" in err
    assert not Path("out").exists()
    dedup("run", "in", "-o", "out", "--text-field", "body")


def test_a_file_given_twice_is_read_once(dedup: Cli) -> None:
    path = write_jsonl(Path("a.jsonl"), [{"id": i, "text": story(i)} for i in range(3)])
    Path("link.jsonl").symlink_to(path)
    os.mkdir("in")
    Path("in/linked.jsonl").symlink_to("../a.jsonl")
    dedup("run", path, path, "./a.jsonl", "link.jsonl", "in", path.resolve(), "*.jsonl", "-o", "out")
    summary = read_summary(Path("out"))
    assert (summary["input"], summary["kept"], summary["duplicate_ids"]["count"]) == (3, 3, 0)


@pytest.mark.parametrize("given", ["in", "in/*", "in/**/*.jsonl"])
def test_results_below_the_inputs_are_not_found(dedup: Cli, given: str) -> None:
    Path("in").mkdir()
    path = write_jsonl(Path("in/a.jsonl"), [{"id": i, "text": story(i % 2)} for i in range(4)])
    articles = path.read_bytes()
    for _ in range(3):
        dedup("run", given, "-o", "in/out", "--force", "--write-removed")
        summary = read_summary(Path("in/out"))
        assert (summary["input"], summary["kept"], summary["removed"]) == (4, 2, 2)
        assert path.read_bytes() == articles


def test_an_input_is_never_replaced_by_a_result(dedup: Cli) -> None:
    Path("out/kept").mkdir(parents=True)
    path = write_jsonl(Path("out/kept/a.jsonl"), [{"id": i, "text": story(0)} for i in range(2)])
    articles = path.read_bytes()
    Path("a.jsonl").symlink_to(path)
    for given in (path, "a.jsonl", "out/kept", "out"):
        assert "is inside the output directory" in dedup.fails("run", given, "-o", "out", "--force")
    Path("news").mkdir()
    path = path.rename("news/a.jsonl")
    Path("out/kept").rmdir()
    Path("out/kept").symlink_to("../news")
    assert "leads out" in dedup.fails("run", path, "-o", "out", "--force")
    assert path.read_bytes() == articles


def test_a_name_with_a_line_feed(dedup: Cli, folder: Path) -> None:
    (folder / "0.txt").rename(folder / "zero\n0.txt")
    dedup("run", folder, "-o", "out", "--copy")
    assert Path("out/kept.txt").read_text() == 'in/1.txt\nin/2.txt\n"in/zero\\n0.txt"\n'
    assert Path("out/kept/zero\n0.txt").exists()
    assert read_jsonl(Path("out/clusters.jsonl"))[2]["id"] == "in/zero\n0.txt"
