"""`styfie`, and `python -m styfie`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from styfie.cli import main


def run() -> None:
    """The command line as a process of its own.

    Interrupted, it ends at once when all is tidied up: threads in the middle of a computation must not outlive Python,
    which now and then ended the process with SIGABRT.
    """
    try:
        main()
    except SystemExit as left:
        _let_go_of_stderr()
        if left.code == 130:
            with suppress(OSError):
                sys.stdout.flush()
            os._exit(130)
        gc.freeze()  # or Python's end would look for cycles in all that torch is: a third of a second
        raise


def _let_go_of_stderr() -> None:
    """Write what is left for standard error; where that cannot be, the exit code stays what it is."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        sys.stderr = None


if __name__ == "__main__":
    run()
