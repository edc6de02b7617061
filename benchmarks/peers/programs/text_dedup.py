"""The clusters of a text-dedup run: its union-find goes in, `clusters.txt` with (article, cluster) comes out."""

import pickle
import sys
from pathlib import Path

results = Path(sys.argv[1])
with (results / "kept" / "uf.pkl").open("rb") as file:
    found = pickle.load(file)
with (results / "clusters.txt").open("w") as out:
    out.writelines(f"{number} {found.find(number)}\n" for number in list(found.parent))
