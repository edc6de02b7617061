"""rensa on one file with the settings of its documentation: words, threshold 0.8, 128 values in 8 bands."""

import json
import sys
from pathlib import Path

from rensa import RMinHash, RMinHashLSH

articles, results = Path(sys.argv[1]), Path(sys.argv[2])
results.mkdir()
with articles.open(encoding="utf-8") as file:
    hashes = RMinHash.from_token_sets(
        (json.loads(line)["text"].split() for line in file), num_perm=128, seed=42
    )
index = RMinHashLSH(threshold=0.8, num_perm=128, num_bands=8)
index.insert_many(hashes)
with (results / "pairs.txt").open("w") as out:
    for a, candidates in enumerate(index.query_all(hashes)):
        out.writelines(f"{a} {b}\n" for b in candidates if a < b and hashes[a].jaccard(hashes[b]) >= 0.8)
