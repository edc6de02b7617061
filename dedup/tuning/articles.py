"""The articles to tune on: inputs go in, ids and clean texts come out, held in memory.

Texts are stripped once; every shingle size, threshold and choice of bands is then tried on the clean texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dedup.boilerplate import load
from dedup.config import Settings
from dedup.corpus import CorpusBuilder
from dedup.engines import make_engine
from dedup.errors import InputError, UsageError
from dedup.identities import concatenate
from dedup.keep import Policy
from dedup.model import Texts
from dedup.progress import Clock, Progress, Silent
from dedup.readers import Fields, check_articles, open_sources
from dedup.reading import batches, unchanged


@dataclass(frozen=True, slots=True)
class Options:
    """How articles are read.

    Attributes:
        text_fields: Fields that make up the text.
        id_field: Field with the id.
        encoding: Encoding of text files and tables.
        limit: Articles to read at most.
        strip: Whether boilerplate is removed.
        rules: Files with further boilerplate rules.
        threads: Threads of the kernel; None = one per core.
        temp_dir: Where compressed and piped inputs are unpacked.
    """

    text_fields: tuple[str, ...] = ("text",)
    id_field: str = "id"
    encoding: str = "utf-8"
    limit: int | None = None
    strip: bool = True
    rules: tuple[Path, ...] = ()
    threads: int | None = None
    temp_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Articles:
    """`n` articles in input order.

    Attributes:
        ids: Their ids, all different.
        texts: Their clean texts.
        skipped: Number of records that could not be used.
    """

    ids: Texts
    texts: Texts
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    def id_of(self, position: int) -> str:
        """The id of an article as a string; what is not UTF-8 in it becomes U+FFFD."""
        return self.ids.bytes_at(position).decode("utf-8", "replace")


def read_articles(inputs: Sequence[str], options: Options, progress: Progress | None = None) -> Articles:
    """Read some articles and strip them.

    Args:
        inputs: Files, folders, globs, or `-`.
        options: How.
        progress: Told how far it is.

    Raises:
        UsageError: An option cannot be used.
        InputError: An input cannot be read, changed meanwhile, or there are fewer than two articles.
    """
    if not all(options.text_fields):
        raise UsageError("a text field has an empty name", "for example --text-field title,body")
    if options.limit is not None and options.limit < 2:
        raise UsageError(f"limit {options.limit} is not 2 or more", "leave it out to read all articles")
    rules = load(options.rules) if options.strip else ()
    stages = make_engine("native", Settings(), rules, options.text_fields, options.threads)
    fields = Fields(options.text_fields, options.id_field, (), options.encoding)
    builder = CorpusBuilder(Policy.parse("first"))
    texts: list[Texts] = []
    with ExitStack() as stack:
        sources = open_sources(inputs, fields, stages, options.temp_dir)
        for source in sources:
            stack.callback(source.close)
        with unchanged(sources):
            for source, batch in batches(sources, options.limit, progress or Silent(), Clock()):
                if batch is None:
                    builder.end_source()
                    continue
                builder.add(source, batch)
                clean = stages.strip(batch.texts).texts if options.strip else batch.texts
                texts.append(concatenate([clean]))  # a copy: a batch is only valid until the next
            check_articles(sources)
            corpus = builder.build()
    if not len(corpus.ids):
        corpus.check_usable()
    if len(corpus.ids) < 2:
        raise InputError("there are fewer than two articles", "give the corpus that the settings are for")
    return Articles(corpus.ids, concatenate(texts), len(corpus.skipped))
