"""Which modules are named as tested too little."""

from __future__ import annotations

from tests.coverage_bar import too_little


def report(total: float, **files: float) -> dict[str, object]:
    each = {f"src/{name}.py": {"summary": {"percent_covered": share}} for name, share in files.items()}
    return {"files": each, "totals": {"percent_covered": total}}


def test_the_worst_is_named_first_and_the_whole_last() -> None:
    assert too_little(report(90, good=95, bad=69.9, worse=10, just=70)) == [
        " 10.0 %  src/worse.py",
        " 69.9 %  src/bad.py",
    ]
    assert too_little(report(87.9, good=95)) == [" 87.9 %  of all: 88 % are wanted"]
    assert too_little(report(88, good=70)) == []
