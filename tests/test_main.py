"""The command line as a process of its own; nothing that needs PyTorch."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> subprocess.CompletedProcess[str]:
    """What is left of a process whose command line does this."""
    script = (
        f"import sys\nfrom styfie import __main__ as entry\ndef main():\n    {code}\nentry.main = main\nentry.run()\n"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("code", [0, 2, 3, 130])
def test_the_exit_code_is_that_of_the_command(code: int) -> None:
    done = run(f"print('said'); sys.exit({code})")
    assert (done.returncode, done.stdout) == (code, "said\n")


def test_interrupted_it_ends_at_once_whatever_threads_still_do() -> None:
    wait = "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    assert run(f"{wait}; sys.exit(130)").returncode == 130
    assert run("import atexit; atexit.register(print, 'tidied'); sys.exit(130)").stdout == "", "nothing runs after that"
    assert run("import atexit; atexit.register(print, 'tidied'); sys.exit(2)").stdout == "tidied\n"


def test_a_broken_standard_error_does_not_change_the_exit_code() -> None:
    assert run("sys.stderr.close(); sys.exit(2)").returncode == 2


def test_it_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "styfie", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("styfie ")
