"""rensa on one file: `flags`, its fastest path with full recall, says who has a copy; `pairs` says of whom.

Words are what stands between spaces, as in rensa's documentation, or `words`: letters and digits, as dedup and gaoya
compare them.
"""

import re
import sys
from pathlib import Path

import orjson
from rensa import RMinHash, RMinHashLSH

articles, results, way = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
words_of = re.compile(r"[^\W_]+").findall if sys.argv[4:] == ["words"] else str.split
results.mkdir()


def token_sets():
    """The 5-grams of each article."""
    with articles.open("rb") as file:
        for line in file:
            words = words_of(orjson.loads(line)["text"].lower())
            yield list(map(" ".join, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)))


index = RMinHashLSH(threshold=0.5, num_perm=105, num_bands=35)
if way == "flags":
    matrix = RMinHash.digest_matrix_from_token_sets(token_sets(), num_perm=105, seed=1)
    flags = index.query_duplicate_flags_matrix_one_shot(matrix)
    with (results / "flags.txt").open("w") as out:
        out.writelines(f"{number}\n" for number, flag in enumerate(flags) if flag)
else:
    hashes = RMinHash.from_token_sets(token_sets(), num_perm=105, seed=1)
    index.insert_many(hashes)
    with (results / "pairs.txt").open("w") as out:
        for a, candidates in enumerate(index.query_all(hashes)):
            out.writelines(f"{a} {b}\n" for b in candidates if a < b and hashes[a].jaccard(hashes[b]) >= 0.5)
