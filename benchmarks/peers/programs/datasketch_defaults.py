"""datasketch on one file with its defaults, and the words of its own example, whose threshold `0.5` is an option."""

import json
import sys
from pathlib import Path

from datasketch import MinHash, MinHashLSH

articles, results = Path(sys.argv[1]), Path(sys.argv[2])
results.mkdir()
hashes = []
with articles.open(encoding="utf-8") as file:
    for line in file:
        value = MinHash()
        for word in set(json.loads(line)["text"].split()):
            value.update(word.encode())
        hashes.append(value)
index = MinHashLSH(*map(float, sys.argv[3:]))
for number, value in enumerate(hashes):
    index.insert(number, value)
with (results / "pairs.txt").open("w") as out:
    for a, value in enumerate(hashes):
        out.writelines(f"{a} {b}\n" for b in index.query(value) if a < b)
