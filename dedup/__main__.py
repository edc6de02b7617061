"""The command `dedup`, and `python -m dedup`: the command line, from its first import on."""

import sys


def main() -> None:
    """Run the command line and exit."""
    try:
        from dedup.cli import main as run

        run()
    except KeyboardInterrupt:  # in the first tenth of a second, while modules are imported
        sys.exit(130)


if __name__ == "__main__":
    main()
