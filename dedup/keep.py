"""The keep policy: which document of a cluster stays.

    policy = rule ("," rule)*
    rule   = "first" | "last" | "longest" | "shortest"
           | "earliest:" FIELD | "latest:" FIELD | "source:" NAME (">" NAME)*

In goes the policy's text and, per document, the fields it names, its length and the digest of its clean text; out comes
the priority order, in which matching takes the documents: the first of a cluster to be taken is the one that stays.
Documents that all rules rank alike are ordered by digest, then id, then position, so that the outcome depends on the
input order only where the policy says `first` or `last`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.dates import MISSING, parse, texts_to_arrow
from dedup.errors import UsageError
from dedup.model import I64, U32, U64, Column, Texts

GRAMMAR = (
    "rules: first, last, longest, shortest, earliest:FIELD, latest:FIELD, source:A>B>...; several with commas"
)

PLAIN = ("first", "last", "longest", "shortest")
DATED = ("earliest", "latest")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a policy.

    Attributes:
        kind: `first`, `last`, `longest`, `shortest`, `earliest`, `latest` or `source`.
        field: The field the rule looks at, or None.
        names: For `source`, the preferred names, best first.
    """

    kind: str
    field: str | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed keep policy.

    Attributes:
        text: As it was given.
        rules: Applied in turn, each breaking the ties of those before.
    """

    text: str
    rules: tuple[Rule, ...]

    @classmethod
    def parse(cls, text: str, source_field: str | None = None) -> Policy:
        """Read a policy. Raises UsageError, naming the rule that cannot be read."""
        return cls(text, tuple(_parse_rule(part.strip(), source_field) for part in text.split(",")))

    def fields(self) -> tuple[str, ...]:
        """Names of the record fields the policy needs, each once."""
        return tuple(dict.fromkeys(rule.field for rule in self.rules if rule.field is not None))

    @property
    def breaks_ties(self) -> bool:
        """Whether `order` looks at more than positions, and so needs the digests of the clean texts."""
        return self.rules[0].kind not in ("first", "last")

    @property
    def is_input_order(self) -> bool:
        """Whether `order` gives the positions as they are."""
        return self.rules[0].kind == "first"

    def values(self, columns: Sequence[Column]) -> list[I64]:
        """What the policy needs to keep of some documents.

        Args:
            columns: The values of `fields()`, in that order.

        Returns:
            int64[n] per rule that has a field, in the order of the rules: a date in microseconds (`dates.MISSING`
            where there is none), or the rank of a source (the number of names for one that is not listed).
        """
        lifted = dict(zip(self.fields(), columns, strict=True))
        return [
            parse(lifted[rule.field]) if rule.kind in DATED else _ranks(lifted[rule.field], rule.names)
            for rule in self.rules
            if rule.field is not None
        ]

    def dates(self, values: Sequence[I64]) -> I64 | None:
        """The dates of the first rule that goes by one, int64[n], from what `values` gives; None without one."""
        ranked = [rule for rule in self.rules if rule.field is not None]
        return next((some for rule, some in zip(ranked, values, strict=True) if rule.kind in DATED), None)

    def missing(self, values: Sequence[I64]) -> dict[str, int]:
        """How many documents lack a usable value, by field."""
        ranked = [rule for rule in self.rules if rule.field is not None]
        return {
            str(rule.field): int(
                np.count_nonzero(column == (MISSING if rule.kind in DATED else len(rule.names)))
            )
            for rule, column in zip(ranked, values, strict=True)
        }

    def order(self, values: Sequence[I64], tokens: U32, digest: U64, ids: Texts) -> I64:
        """The positions of all documents, first choice first.

        Args:
            values: int64[n] per rule that has a field, as `values` gives them.
            tokens: uint32[n], tokens of the clean texts.
            digest: uint64[n, 2], digests of the clean texts; only read if the policy `breaks_ties`.
            ids: The `n` ids.

        Returns:
            int64[n], a permutation.
        """
        position = np.arange(len(tokens), dtype=np.int64)
        if self.is_input_order:
            return position
        if self.rules[0].kind == "last":
            return position[::-1].copy()
        keys: list[I64 | U64] = [*self.keys(values, tokens, position), digest[:, 0], digest[:, 1]]
        order = np.lexsort(keys[::-1]).astype(np.int64)
        return _break_ties(order, keys, ids)

    def keys(self, values: Sequence[I64], tokens: U32, position: I64) -> list[I64]:
        """What the rules go by: int64[n] for each, ascending from the document it likes best.

        Args:
            values: As `order` takes them.
            tokens: Likewise.
            position: int64[n], ascending in input order.
        """
        lifted = iter(values)
        return [
            _key(rule, position, tokens, position if rule.field is None else next(lifted))
            for rule in self.rules
        ]

    def deciding(self, kept: I64, others: I64, values: Sequence[I64], tokens: U32) -> I64:
        """Which rule put each of some documents before another: the first that does not rank the two alike.

        Args:
            kept: int64[m], positions of the documents that come first.
            others: int64[m], positions of those that they are compared with.
            values: As `order` takes them.
            tokens: Likewise.

        Returns:
            int64[m], indices into `rules`; their number where every rule ranks the two alike.
        """
        found = np.full(len(kept), len(self.rules), np.int64)
        lifted = iter(values)
        fields = [None if rule.field is None else next(lifted) for rule in self.rules]
        for i in range(len(self.rules) - 1, -1, -1):
            field = fields[i]
            one, other = (
                _key(self.rules[i], some, tokens[some], some if field is None else field[some])
                for some in (kept, others)
            )
            found[one != other] = i
        return found


def _parse_rule(text: str, source_field: str | None) -> Rule:
    kind, colon, value = (part.strip() for part in text.partition(":"))
    if kind in PLAIN:
        if colon:
            raise UsageError(f'keep rule "{text}": "{kind}" takes no value', f'write "{kind}"')
        return Rule(kind)
    if kind in DATED:
        if not value:
            raise UsageError(f'keep rule "{text}" names no field', f'for example "{kind}:published"')
        return Rule(kind, value)
    if kind == "source":
        names = tuple(name.strip() for name in value.split(">"))
        if not all(names):
            raise UsageError(f'keep rule "{text}" has an empty name', 'for example "source:Reuters>AP>AFP"')
        if len(set(names)) < len(names):
            raise UsageError(f'keep rule "{text}" lists a name twice', "each name has one rank")
        if source_field is None:
            raise UsageError(
                f'keep rule "{text}" needs to know the source', "name its field with --source-field"
            )
        return Rule(kind, source_field, names)
    raise UsageError(f'unknown keep rule "{text}"', GRAMMAR)


def _ranks(column: Column, names: Sequence[str]) -> I64:
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array([name.encode() for name in names], pa.large_binary())
    ranks = pc.fill_null(pc.index_in(texts_to_arrow(column.texts), value_set=known), len(names))
    return np.where(column.valid, np.asarray(ranks), len(names)).astype(np.int64)


def _key(rule: Rule, position: I64, tokens: U32, values: I64) -> I64:
    """int64[n] that ascends from the document the rule likes best."""
    match rule.kind:
        case "first":
            return position
        case "last":
            return -position
        case "longest":
            return -tokens.astype(np.int64)
        case "shortest":
            return tokens.astype(np.int64)
        case "latest":
            return np.where(values == MISSING, MISSING, -values)
        case _:
            return values


def _break_ties(order: I64, keys: Sequence[I64 | U64], ids: Texts) -> I64:
    """Sort the documents that are alike in all keys by id (UTF-8 byte order), then position."""
    if len(order) < 2:
        return order
    alike = np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in keys])
    if not alike.any():
        return order
    import pyarrow as pa
    import pyarrow.compute as pc

    # Whole groups of ties are cut out, sorted by (group, id, position) and put back where they were.
    tied = np.flatnonzero(np.append(False, alike) | np.append(alike, False))
    group = np.cumsum(np.append(True, ~alike))[tied]
    table = pa.table(
        {"group": group, "id": texts_to_arrow(ids).take(pa.array(order[tied])), "position": order[tied]}
    )
    by = [(name, "ascending") for name in ("group", "id", "position")]
    result = order.copy()
    result[tied] = order[tied][np.asarray(pc.sort_indices(table, sort_keys=by))]
    return result
