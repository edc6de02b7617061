"""`dedup run --engine spark`: options and addresses go to Spark, the summary comes back."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dedup.errors import UsageError

if TYPE_CHECKING:
    from dedup.options import Options
    from dedup.progress import Progress
    from dedup.summary import Summary


def check_engine(engine: str, master: str | None, work_dir: str | None) -> None:
    """Raise UsageError where an option of Spark is given to another engine."""
    for name, value in (("--master", master), ("--work-dir", work_dir)):
        if value is not None and engine != "spark":
            raise UsageError(f"{name} is for --engine spark", "add that, or leave it out")


def run_on_spark(
    inputs: Sequence[str],
    options: Options,
    output: str | None,
    master: str | None,
    work_dir: str | None,
    progress: Progress,
) -> Summary:
    """Run on Spark, in the session of this process or in one that ends with this.

    Args:
        inputs: As Spark reads them.
        options: How.
        output: Address of the results; None = a dry run.
        master: Address of the cluster.
        work_dir: Address for the outputs of stages.
        progress: Told of each stage.
    """
    options.check()
    # Spark uses pandas for much, but for nothing here: its warnings about the version are no help.
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    from dedup.spark.run import Places, refuse, run
    from dedup.spark.session import session

    refuse(inputs, options)
    places = Places(None if options.dry_run else output, work_dir)
    with session(master) as spark:
        return run(spark, inputs, options, places, progress)
