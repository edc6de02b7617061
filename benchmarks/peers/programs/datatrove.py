"""datatrove on one file: its four MinHash stages as in its example, one worker each, XXH64."""

import struct
import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter


def main():
    """Run the stages one after the other."""
    articles, results = Path(sys.argv[1]), Path(sys.argv[2])
    config = MinhashConfig(n_grams=5, num_buckets=35, hashes_per_bucket=3)

    def reader():
        return JsonlReader(str(articles.parent), glob_pattern=articles.name)

    def run(name, tasks, *steps):
        LocalPipelineExecutor(
            list(steps), tasks=tasks, workers=1, logging_dir=str(results / "logs" / name)
        ).run()

    signatures, buckets, removed = (str(results / name) for name in ("signatures", "buckets", "removed"))
    run("signatures", 1, reader(), MinhashDedupSignature(signatures, config=config))
    run("buckets", 35, MinhashDedupBuckets(signatures, buckets, config=config))
    run("clusters", 1, MinhashDedupCluster(buckets, removed, config=config, save_cluster_id=True))
    run(
        "filter",
        1,
        reader(),
        MinhashDedupFilter(removed),
        JsonlWriter(str(results / "kept"), compression=None),
    )
    data = (results / "removed" / "000000.clusters").read_bytes()
    with (results / "clusters.txt").open("w") as out:
        out.writelines(f"{number} {cluster}\n" for number, cluster in struct.iter_unpack("<2I", data))


if __name__ == "__main__":
    main()
