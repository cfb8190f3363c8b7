"""What is tested too little: `python tests/coverage_bar.py FILE` reads what `coverage json` wrote.

Names each module of which tests take less than 70 % of lines and branches, and fails where there is one, or where they
take less than 88 % of the whole.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODULE, WHOLE = 70, 88  # per cent


def too_little(report: Mapping[str, Any], module: float = MODULE, whole: float = WHOLE) -> list[str]:
    """A line for each module below `module` per cent, the worst first, and one for the whole below `whole`."""
    shares = {name: one["summary"]["percent_covered"] for name, one in report["files"].items()}
    found = [
        f"{share:5.1f} %  {name}" for name, share in sorted(shares.items(), key=lambda one: one[1]) if share < module
    ]
    total = report["totals"]["percent_covered"]
    return found + ([f"{total:5.1f} %  of all: {whole} % are wanted"] if total < whole else [])


if __name__ == "__main__":
    lines = too_little(json.loads(Path(sys.argv[1]).read_text()))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(bool(lines))
