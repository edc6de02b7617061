"""The exceptions of dedup: one base, each with a hint of what to do.

    DedupError
    ├── UsageError      a setting or option that cannot be used
    ├── InputError      an input that cannot be read, or changed while it was read
    ├── OutputError     an output that cannot be written
    └── InternalError   a defect of dedup itself

A record that cannot be used is not an exception: it is skipped, counted and
listed with its location (`model.Skipped`).
"""


class DedupError(Exception):
    """Base of all errors that dedup raises on purpose.

    Attributes:
        message: One line that names the values concerned.
        hint: One line that says what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DedupError):
    """A setting or option has a value that cannot be used."""


class InputError(DedupError):
    """An input cannot be read, holds no articles, or changed during the run."""


class OutputError(DedupError):
    """An output cannot be written, or is in the way."""


class InternalError(DedupError):
    """A defect of dedup itself: the kernel failed, or counts do not reconcile."""

    def __init__(
        self,
        message: str,
        hint: str = "this is a defect of dedup: report it with the command and a small input",
    ) -> None:
        super().__init__(message, hint)
