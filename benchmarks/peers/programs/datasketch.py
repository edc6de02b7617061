"""datasketch on one file: signatures in bulk, keys not checked; `sha1` is its default hash, `xxhash` the fast one."""

import sys
from pathlib import Path

import orjson
from datasketch import MinHash, MinHashLSH

articles, results, way = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
results.mkdir()
options = {}
if way == "xxhash":
    from xxhash import xxh32_intdigest

    options["hashfunc"] = xxh32_intdigest


def token_sets():
    """The 5-grams of each article."""
    with articles.open("rb") as file:
        for line in file:
            words = orjson.loads(line)["text"].lower().encode().split()
            yield map(b" ".join, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False))


hashes = MinHash.bulk(token_sets(), num_perm=105, **options)
index = MinHashLSH(num_perm=105, params=(35, 3))
for number, value in enumerate(hashes):
    index.insert(number, value, check_duplication=False)
with (results / "pairs.txt").open("w") as out:
    for a, value in enumerate(hashes):
        out.writelines(f"{a} {b}\n" for b in index.query(value) if a < b)
