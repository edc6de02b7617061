"""The same job on a Spark cluster: a data frame goes in, which of its articles are copies comes out."""

from importlib.util import find_spec

from dedup.errors import UsageError

if find_spec("pyspark") is None:
    raise UsageError("Spark is not installed", "pip install 'article-dedup[spark]'")

from dedup.spark.frames import deduplicate

__all__ = ["deduplicate"]
