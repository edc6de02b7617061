"""What the parts of a batch run share: what was asked for, the engine, the sources, and how records are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedup.corpus import Corpus, CorpusBuilder
from dedup.decisions import Decisions, ahead
from dedup.engines import make_engine
from dedup.errors import InternalError
from dedup.keep import Policy
from dedup.memory import Memory, half_of_free
from dedup.model import Mask, Rule
from dedup.options import Options
from dedup.outputs import Outcome, write_records, write_tagged
from dedup.progress import Clock, Later, Progress
from dedup.readers import Fields, Source, check_articles, open_sources
from dedup.reading import collect
from dedup.writers import OutputDirectory

if TYPE_CHECKING:
    from dedup.boilerplate.learned import Learned


class Job:
    """What the parts of a run share.

    Args:
        inputs: As `pipeline.run` takes them.
        options: Likewise.
        rules: What is boilerplate, as far as it is known before anything is learned.
        progress: Told how far the run is.
        directory: Where to write; None = nowhere.
        stack: Closed when the run ends, however it does.

    Attributes:
        sources: The articles.
        known: Those of `options.against`.
        every: Both.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        options: Options,
        rules: tuple[Rule, ...],
        progress: Progress,
        directory: OutputDirectory | None,
        stack: ExitStack,
    ) -> None:
        self.inputs = inputs
        self.options = options
        self.progress = progress
        self.directory = directory
        self.stack = stack
        self.clock = Clock()
        self.memory = Memory(options.memory or half_of_free(), options.temp_dir)
        self.policy = Policy.parse(options.keep_policy, options.source_field)
        learned_by = (options.source_field,) if options.learn and options.source_field is not None else ()
        more = dict.fromkeys((*self.policy.fields(), *options.blocking.fields(), *learned_by))
        self.fields = Fields(options.text_fields, options.id_field, tuple(more), options.encoding)
        self.learned: Learned | None = None
        self._decisions: Decisions | None = None
        self._wait: Callable[[], None]
        self._later = Later()
        self._use(rules)

    def _use(self, rules: tuple[Rule, ...]) -> None:
        options = self.options
        self.rules = rules
        self.stages = make_engine(
            options.engine, options.settings, rules, options.text_fields, options.threads
        )

    def open(self, opened: Mapping[str, Source]) -> None:
        """Open the articles and those that are known."""
        options = self.options
        self.sources = open_sources(self.inputs, self.fields, self.stages, options.temp_dir, options.output)
        self.known: list[Source] = []
        if options.against:
            from dedup.against import known  # most runs do without

            self.known = known.open_known(self.inputs, options, opened, self.fields, self.stages)
        self.every = [*self.sources, *self.known]
        for source in self.every:
            self.stack.callback(source.close)

    def learn(self, builder: CorpusBuilder) -> None:
        """Learn from the articles what else is boilerplate, and strip it from now on."""
        from dedup.boilerplate.learner import Learner  # most runs do without
        from dedup.learning import observe

        options = self.options
        with Learner(self.stages, spill=True, temp_dir=options.temp_dir) as learner:
            for source, batch in collect(self.sources, builder, options.limit, self.progress, self.clock):
                with self.clock.stage("learn"):
                    observe(learner, source, batch, self.fields, options.source_field)
            check_articles(self.sources)
            self.progress.start("deciding", None, "articles")
            with self.clock.stage("learn"):
                self.learned = learner.learn(options.min_documents)
        self._use(self.rules + self.learned.rules())

    def write_ahead(self, corpus: Corpus) -> None:
        """Begin to write records in another thread, as `decide` says which stay.

        Does nothing where they are not decided in the order in which they lie, or may have to go later after all.
        """
        options = self.options
        is_final = self.policy.is_input_order and not options.against and options.excerpts.mode != "remove"
        if self.directory is not None and is_final and not options.annotate and self.stages.threads != 1:
            write = partial(self._write_records, self.directory, corpus, self._later)
            self._decisions, self._wait = self.stack.enter_context(ahead(len(corpus), write))
            self.stack.callback(self.directory.stop)

    def decide(self, stay: Mask) -> None:
        """Say of the next documents, in the order of the keep policy, whether they stay. Raises as `check`."""
        if self._decisions is not None:
            self._decisions.add(stay)

    def check(self) -> None:
        """Raise what writing ahead failed with.

        Raises:
            InputError: A source cannot be read again.
            OutputError: A file cannot be written.
        """
        if self._decisions is not None:
            self._decisions.check()

    def write(self, directory: OutputDirectory, outcome: Outcome) -> None:
        """Write all records, or wait until they are. Raises as `check`."""
        corpus, progress, kept = outcome.corpus, self.progress, outcome.matches.kept
        progress.start("writing", len(corpus), "articles")
        if self._decisions is not None:
            self._later.show(progress)
            self._wait()
            if not np.array_equal(self._decisions.of(0, len(corpus)), kept):
                raise InternalError("other records were written than those that stay")
            progress.update(len(corpus), len(corpus))  # all of it may have been over before
        elif self.options.annotate:
            write_tagged(directory, self.sources, outcome, progress)
        else:
            self._write_records(directory, corpus, progress, Decisions.made(kept))

    def _write_records(
        self, directory: OutputDirectory, corpus: Corpus, progress: Progress, decisions: Decisions
    ) -> None:
        also = {"removed": self.options.write_removed, "copy": self.options.copy}
        write_records(directory, self.sources, corpus, decisions, progress, **also)
