"""The command `dedup`, and `python -m dedup`: the command line, from its first import on."""

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit."""
    # NumPy's linear algebra, which nothing here uses, would start threads that wait by burning processor time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        gc.disable()  # what is imported stays: to look for garbage in it takes time and finds none
        from dedup.cli import main as run

        gc.freeze()
        # At the usual 700 objects, modules that a command has yet to import are looked through again and again.
        gc.set_threshold(100_000)
        gc.enable()
        run()
    except KeyboardInterrupt:  # in the first tenth of a second, while modules are imported
        sys.exit(130)


if __name__ == "__main__":
    main()
