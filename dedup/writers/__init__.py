"""Writing what a run found: one module a format, all files whole or not at all."""

from dedup.writers.lines import write_chunks, write_json, write_skipped
from dedup.writers.output import OutputDirectory, keep_apart
from dedup.writers.records import write_annotated, write_selected

__all__ = [
    "OutputDirectory",
    "keep_apart",
    "write_annotated",
    "write_chunks",
    "write_json",
    "write_selected",
    "write_skipped",
]
