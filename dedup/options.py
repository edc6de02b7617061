"""What a run is asked to do, and whether it can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dedup.blocking import Blocking
from dedup.config import MIN_DOCUMENTS, Settings
from dedup.errors import UsageError
from dedup.excerpts import ExcerptSettings


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes about it.

    Attributes:
        settings: What decides a match.
        output: Directory of the results; None only with `dry_run`.
        text_fields: Fields that make up the text.
        id_field: Field with the id.
        source_field: Field with the publisher, for the keep policy.
        encoding: Encoding of text files and tables.
        limit: Documents to read at most.
        against: Inputs with known articles: what they have is removed.
        rules: Files with further boilerplate rules.
        learn: Learn boilerplate from the inputs first.
        min_documents: Least documents to learn from.
        keep: The keep policy, see `dedup.keep`; None = `first`, or `longest` where excerpts are removed.
        excerpts: What is done about excerpts.
        blocking: Which articles are compared at all.
        annotate: Keep every record, with tags.
        families: Add the families.
        pairs: List all pairs.
        write_removed: Also write the removed records.
        copy: Copy the kept files of folders of text, instead of listing them.
        report: Also write report.html, a page for people; it takes the extra `report`.
        threads: Threads of the kernel; None = one per core.
        engine: `native` or `reference`.
        memory: Bytes that the run may hold in ordinary memory; what is more goes to files. None = half of what is free.
        temp_dir: Where such files go, and compressed and piped inputs are unpacked.
        dry_run: Write nothing.
        force: Replace the results of an earlier run.
    """

    settings: Settings = field(default_factory=Settings)
    output: Path | None = None
    text_fields: tuple[str, ...] = ("text",)
    id_field: str = "id"
    source_field: str | None = None
    encoding: str = "utf-8"
    limit: int | None = None
    against: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    learn: bool = False
    min_documents: int = MIN_DOCUMENTS
    keep: str | None = None
    excerpts: ExcerptSettings = field(default_factory=ExcerptSettings)
    blocking: Blocking = field(default_factory=Blocking)
    annotate: bool = False
    families: bool = False
    pairs: bool = False
    write_removed: bool = False
    copy: bool = False
    report: bool = False
    threads: int | None = None
    engine: str = "native"
    memory: int | None = None
    temp_dir: Path | None = None
    dry_run: bool = False
    force: bool = False

    @property
    def keep_policy(self) -> str:
        """The keep policy, given or not."""
        return self.keep or self.excerpts.keep

    def check(self) -> None:
        """Raise UsageError where one cannot be used, or two contradict each other."""
        if self.output is None and not self.dry_run:
            raise UsageError(
                "a run needs a place for its results", "name an output directory, or ask for a dry run"
            )
        if not all(self.text_fields):
            raise UsageError("a text field has an empty name", "for example --text-field title,body")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit {self.limit} is not 1 or more", "leave it out to read all articles")
        if self.learn and not self.settings.strip:
            raise UsageError("learning finds what to strip", "leave out --learn or --no-strip")
        if self.annotate and self.write_removed:
            raise UsageError(
                "with --annotate no record is removed", "leave out --annotate or --write-removed"
            )
        if self.report and self.dry_run:
            raise UsageError("a dry run writes no report", "leave out --report or --dry-run")
        if self.memory is not None and self.memory < 1:
            raise UsageError(
                f"memory {self.memory} is not 1 byte or more", "leave it out to use half of what is free"
            )

    def as_dict(self, inputs: Sequence[str]) -> dict[str, object]:
        """What was asked for, beside the settings, ready for JSON."""
        return {
            "inputs": list(inputs),
            "against": list(self.against),
            "text_field": ",".join(self.text_fields),
            "id_field": self.id_field,
            "source_field": self.source_field,
            "encoding": self.encoding,
            "limit": self.limit,
            "learn": self.learn,
            "min_documents": self.min_documents if self.learn else None,
            "keep": self.keep_policy,
            "excerpts": self.excerpts.as_dict(),
            **self.blocking.as_dict(),
            "annotate": self.annotate,
            "families": self.families,
            "pairs": self.pairs,
        }
