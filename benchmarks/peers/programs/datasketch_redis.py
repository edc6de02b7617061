"""datasketch's MinHashLSH on a Redis server: signatures in, rates and room out, as JSON.

python datasketch_redis.py SIGNATURES.npy PORT BATCH ASKED
"""

import json
import sys
import time

import numpy as np
import redis
from datasketch import MinHashLSH
from datasketch.minhash import MinHash

signatures, port, batch, asked = np.load(sys.argv[1]), *map(int, sys.argv[2:5])
place = {"host": "127.0.0.1", "port": port}
lsh = MinHashLSH(
    params=(35, 3), num_perm=signatures.shape[1], storage_config={"type": "redis", "redis": place}
)
hashes = [MinHash(hashvalues=row, scheme="affine32") for row in signatures]

start = time.perf_counter()
with lsh.insertion_session(buffer_size=batch) as session:
    for number, minhash in enumerate(hashes):
        session.insert(f"a{number:08d}", minhash)
added = time.perf_counter() - start

singles = []
for number in np.linspace(0, len(hashes) - 1, asked).astype(int).tolist():
    start = time.perf_counter()
    found = lsh.query(hashes[number])
    singles.append(time.perf_counter() - start)
    assert f"a{number:08d}" in found
memory = redis.Redis(**place).info("memory")["used_memory"]
p50, p99 = np.percentile(singles, [50, 99]) * 1000
rates = {"adds": len(hashes) / added, "queries": asked / sum(singles)}
print(json.dumps({**rates, "p50": p50, "p99": p99, "bytes": memory / len(hashes)}))
