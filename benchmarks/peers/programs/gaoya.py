"""gaoya on one file: bulk calls, its Rust word analyzer and filter by similarity, buckets inline."""

import sys
from pathlib import Path

import orjson
from gaoya.minhash import MinHashStringIndex

articles, results = Path(sys.argv[1]), Path(sys.argv[2])
results.mkdir()
with articles.open("rb") as file:
    texts = [orjson.loads(line)["text"] for line in file]
index = MinHashStringIndex(
    hash_size=32,
    jaccard_threshold=0.5,
    num_bands=35,
    band_size=3,
    analyzer="word",
    lowercase=True,
    ngram_range=(5, 5),
    id_container="smallvec",
)
index.par_bulk_insert_docs(list(range(len(texts))), texts)
with (results / "pairs.txt").open("w") as out:
    for a, neighbours in enumerate(index.par_bulk_query(texts)):
        out.writelines(f"{a} {b}\n" for b in neighbours if a < b)
