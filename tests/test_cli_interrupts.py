"""What ends a run from outside: signals, a closed pipe, a full disk, an input that changes."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dedup import pipeline
from dedup.errors import OutputError
from dedup.readers import Batch
from dedup.readers.jsonl import JsonLines
from dedup.writers import OutputDirectory
from tests.articles import Cli, edited, story, write_jsonl
from tests.containers import write_records

DEDUP = [sys.executable, "-m", "dedup"]


@pytest.fixture
def articles() -> Path:
    return write_jsonl(Path("in.jsonl"), [{"id": i, "text": story(i)} for i in range(200)])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_leaves_nothing_behind(number: signal.Signals, code: int) -> None:
    run = subprocess.Popen(
        [*DEDUP, "run", "-", "-o", "out"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert run.stdin is not None
    # More than a pipe holds: when all is written, the run is reading, and goes on until the end of the input.
    run.stdin.write('{"text": "a"}\n' * 100_000)
    run.stdin.flush()
    assert Path("out").exists()
    run.send_signal(number)
    _, err = run.communicate(timeout=20)
    assert run.returncode == code, err
    assert "Traceback" not in err
    assert not Path("out").exists()


def test_an_interrupt_while_modules_are_imported() -> None:
    Path("typer.py").write_text("raise KeyboardInterrupt\n")
    environment = {**os.environ, "PYTHONPATH": "."}
    done = subprocess.run([*DEDUP, "--help"], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_killed_run_is_not_in_the_way(dedup: Cli, articles: Path) -> None:
    run = subprocess.Popen([*DEDUP, "run", "-", "-o", "out"], stdin=subprocess.PIPE)
    assert run.stdin is not None
    # More than a pipe holds: when all is written, the run is reading.
    run.stdin.write(b'{"text": "a"}\n' * 100_000)
    run.stdin.flush()
    assert "another run is writing out" in dedup.fails("run", articles, "-o", "out")
    run.kill()
    run.communicate(timeout=20)
    (left,) = Path("out").iterdir()
    assert left.name.startswith(".dedup-staging-")
    dedup("run", articles, "-o", "out")
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "clusters.jsonl", "guarded.jsonl", "kept", "skipped.jsonl", "summary.json",
    ]  # fmt: skip


def test_a_closed_pipe_is_no_error(articles: Path) -> None:
    strip = subprocess.Popen([*DEDUP, "strip", str(articles)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert strip.stdout is not None
    assert strip.stderr is not None
    strip.stdout.close()
    err = strip.stderr.read()
    strip.stderr.close()
    assert strip.wait(timeout=20) == 0
    assert err == b""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_were_closed_before(articles: Path, closed: str) -> None:
    command = f"exec {sys.executable} -m dedup run {articles} -o out {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("out/summary.json").exists()


def test_standard_input_that_was_closed_before() -> None:
    done = subprocess.run(
        f"exec {sys.executable} -m dedup run - -o out <&-", shell=True, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard input is closed\n\nhint: ")
    assert not Path("out").exists()


def test_standard_output_that_is_full() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*DEDUP, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write: No space left on device\n\nhint: ")


def test_a_full_disk(articles: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    command = [*DEDUP, "run", str(articles), "-o", "out"]
    # Byte code that Python writes is subject to the limit too.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, env=environment)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[0].startswith("error: cannot write out/")
    assert not Path("out").exists()


def test_an_input_that_changes_during_the_run(
    dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = JsonLines.batches

    def changed(self: JsonLines, limit: int | None = None) -> Iterator[Batch]:
        yield from read(self, limit)
        with articles.open("a") as file:
            file.write("{}\n")

    monkeypatch.setattr(JsonLines, "batches", changed)
    assert "in.jsonl changed while it was read" in dedup.fails("run", articles, "-o", "out")
    assert not Path("out").exists()


def cut(path: Path) -> None:
    os.truncate(path, 100)


def test_an_input_cut_short_between_chunks(
    dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the checks each of these ends the test process with SIGBUS.
    monkeypatch.setattr("dedup.readers.jsonl.CHUNK", 10_000)
    read = JsonLines.batches

    def cut_after_one(self: JsonLines, limit: int | None = None) -> Iterator[Batch]:
        for batch in read(self, limit):
            yield batch
            cut(articles)

    monkeypatch.setattr(JsonLines, "batches", cut_after_one)
    assert "in.jsonl changed while it was read" in dedup.fails("run", articles, "-o", "out")
    assert not Path("out").exists()


@pytest.mark.parametrize("stage", ["check_articles", "_advance", "_summarise"])
def test_an_input_cut_short_between_stages(
    dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    # Copies, so that matching has to read them again.
    write_jsonl(articles, [{"id": i, "text": story(i % 100)} for i in range(200)])
    real = getattr(pipeline, stage)

    def cut_after(*arguments: object) -> object:
        result = real(*arguments)
        if isinstance(result, Iterator):
            result = iter(list(result))
        cut(articles)
        return result

    monkeypatch.setattr(pipeline, stage, cut_after)
    assert "in.jsonl changed while it was read" in dedup.fails("run", articles, "-o", "out")
    assert not Path("out").exists()


@pytest.mark.parametrize("extension", [".jsonl", ".json", ".csv", ".parquet", ".arrow"])
def test_an_input_cut_short_while_its_records_wait_to_be_written(
    dedup: Cli, monkeypatch: pytest.MonkeyPatch, extension: str
) -> None:
    rows = [
        {"id": str(i), "text": story(i % 100), "date": None, "score": i, "tags": None} for i in range(200)
    ]
    articles = write_records(Path(f"in{extension}"), rows)
    advance: Callable[..., Iterator[object]] = pipeline._advance

    def cut_before_saying(*arguments: object) -> Iterator[object]:
        slices = list(advance(*arguments))
        time.sleep(0.1)  # for whoever writes to reach the first record that is not decided
        cut(articles)
        yield from slices

    monkeypatch.setattr(pipeline, "_advance", cut_before_saying)
    assert f"in{extension} changed while it was read" in dedup.fails(
        "run", articles, "-o", "out", "--threads", "2"
    )
    assert not Path("out").exists()


def test_an_interrupt_ends_the_writing_of_records(
    dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def endless(directory: OutputDirectory, *_: object, **__: object) -> None:
        with directory.open("kept/in.jsonl") as file:
            while True:
                file.write(bytes(1 << 20))
                begun.set()

    def interrupted(*_: object) -> None:
        assert begun.wait(20)
        raise KeyboardInterrupt

    monkeypatch.setattr("dedup.job.write_records", endless)
    monkeypatch.setattr(pipeline, "_advance", interrupted)
    dedup("run", articles, "-o", "out", "--threads", "2", code=130)
    assert not Path("out").exists()


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_an_input_written_over_before_its_records_are_read_again(
    dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    # Near copies, so that matching has to read them again; the file keeps its length.
    write_jsonl(articles, [{"id": i, "text": edited(story(1), i)} for i in range(3)])
    read: Callable[..., object] = pipeline.check_articles

    def write_over(*arguments: object) -> object:
        result = read(*arguments)
        with articles.open("r+b") as file:
            file.write(b"}" * articles.stat().st_size)
        return result

    monkeypatch.setattr(pipeline, "check_articles", write_over)
    message = dedup.fails("run", articles, "-o", "out", "--engine", engine)
    assert "in.jsonl changed while it was read" in message
    assert not Path("out").exists()


def test_no_memory_is_one_line(dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("dedup.job.open_sources", exhausted)
    assert "out of memory" in dedup.fails("run", articles, "-o", "out")
    assert not Path("out").exists()


def test_writing_that_fails_while_articles_are_compared_ends_the_run(
    dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutputError("cannot write out/kept: No space left on device", "free some space")

    def going_on(*arguments: object) -> Iterator[object]:
        yield from advance(*arguments)
        for _ in range(2000):
            yield 0, 0
            time.sleep(0.01)
        raise AssertionError("nobody heard of it")

    advance: Callable[..., Iterator[object]] = pipeline._advance
    monkeypatch.setattr("dedup.outputs.write_selected", full)
    monkeypatch.setattr(pipeline, "_advance", going_on)
    message = dedup.fails("run", articles, "-o", "out", "--threads", "2")
    assert "No space left" in message
    assert not Path("out").exists()


def test_an_interrupt_between_slices(dedup: Cli, articles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dedup.pipeline._advance", interrupted)
    dedup("run", articles, "-o", "out", code=130)
    assert not Path("out").exists()
