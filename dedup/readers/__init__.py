"""Reading articles: one module a format, compression in one place."""

from dedup.readers.base import Batch, Fields, Source
from dedup.readers.inputs import open_sources

__all__ = ["Batch", "Fields", "Source", "open_sources"]
