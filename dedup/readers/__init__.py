"""Reading articles: one module a format, compression in one place."""

from dedup.readers.base import Batch, Fields, Source
from dedup.readers.inputs import check_articles, check_mapped, open_sources

__all__ = ["Batch", "Fields", "Source", "check_articles", "check_mapped", "open_sources"]
