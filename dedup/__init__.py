"""Find syndicated copies in a corpus of news articles: boilerplate stripped, every match verified exactly.

    import dedup

    result = dedup.find_duplicates(texts)
    result.kept, result.removed         # positions
    result.clusters                     # an Arrow table: what copies what, and how similar

The public names are loaded when first used, so that `import dedup` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedup.boilerplate.learned import Learned as Learned
    from dedup.boilerplate.learned import LearnedLine as LearnedLine
    from dedup.boilerplate.learner import Learner as Learner
    from dedup.comparison import Comparison as Comparison
    from dedup.comparison import compare as compare
    from dedup.definitions import Clean as Clean
    from dedup.definitions import learn as learn
    from dedup.definitions import shingles as shingles
    from dedup.definitions import signatures as signatures
    from dedup.definitions import strip as strip
    from dedup.definitions import tokens as tokens
    from dedup.errors import DedupError as DedupError
    from dedup.errors import InputError as InputError
    from dedup.errors import InternalError as InternalError
    from dedup.errors import OutputError as OutputError
    from dedup.errors import UsageError as UsageError
    from dedup.find import find_duplicates as find_duplicates
    from dedup.index import Index as Index
    from dedup.interop import from_datasketch as from_datasketch
    from dedup.interop import to_datasketch as to_datasketch
    from dedup.model import Removal as Removal
    from dedup.result import Result as Result

    __version__: str

_HOMES = {
    "Clean": "definitions",
    "Comparison": "comparison",
    "DedupError": "errors",
    "Index": "index",
    "InputError": "errors",
    "InternalError": "errors",
    "Learned": "boilerplate.learned",
    "LearnedLine": "boilerplate.learned",
    "Learner": "boilerplate.learner",
    "OutputError": "errors",
    "Removal": "model",
    "Result": "result",
    "UsageError": "errors",
    "compare": "comparison",
    "find_duplicates": "find",
    "from_datasketch": "interop",
    "learn": "definitions",
    "shingles": "definitions",
    "signatures": "definitions",
    "strip": "definitions",
    "to_datasketch": "interop",
    "tokens": "definitions",
}

__all__ = sorted([*_HOMES, "__version__"])


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("dedup.version").version()
    if name not in _HOMES:
        raise AttributeError(f"module 'dedup' has no attribute {name!r}")
    value = getattr(import_module(f"dedup.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
