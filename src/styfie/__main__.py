"""`styfie`, and `python -m styfie`."""

from __future__ import annotations

import os
import sys

from styfie.cli import main


def run() -> None:
    """The command line as a process of its own.

    Interrupted, it ends at once when all is tidied up: threads in the middle of a computation must not outlive Python,
    which now and then ended the process with SIGABRT.
    """
    try:
        main()
    except SystemExit as left:
        if left.code == 130:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(130)
        raise


if __name__ == "__main__":
    run()
