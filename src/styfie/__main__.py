"""`python -m styfie`."""

from styfie.cli import main

main()
