"""rensa's hashing alone: arrays of token hashes go in, signatures and the CPU seconds they took come out.

Each number of values is one line of JSON: the fastest of some rounds. Signatures go to `<values>.npy` on request.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from rensa import RMinHash

directory, rounds, save = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "save"
hashes, offsets = np.load(directory / "hashes.npy"), np.load(directory / "offsets.npy")
for values in map(int, sys.argv[4:]):
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, num_perm=values, seed=1)
        seconds.append(time.process_time() - start)
    if save:
        np.save(directory / f"{values}.npy", np.array(matrix.to_rows(), np.uint32))
    print(json.dumps({"values": values, "seconds": min(seconds)}))
