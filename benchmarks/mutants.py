"""Single changes of the code, drawn by a seed: is there a test that fails?

    python benchmarks/mutants.py --count 60 --seed 0
    python benchmarks/mutants.py --count 12 --only engines/plan --only losses

A sign, a term left out, one more or less, a constant halved, a comparison turned round. Each is made in a copy of the
repository, whose tests must pass as they are, and never in the tree. The tests that mirror the module are asked first,
then those called after what imports it. What survives is printed last: a test is missing there, or the change means
nothing.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src/styfie")
SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
LEFT_HERE = (".git", ".venv", "node_modules", "site", "build", "__pycache__", ".*_cache")  # of what is copied
LEAST = 1e-5  # smaller numbers keep from dividing by nought, and half as much does so as well
SURVIVED = "SURVIVED"
VERDICTS = {
    0: SURVIVED,
    1: "noticed",
    2: "noticed",
    5: SURVIVED,
}  # of pytest: 2, it cannot be imported; 5, no tests


@dataclass(frozen=True)
class Mutant:
    """One change: `old` at a place (bytes from `start` to `stop`) of a module becomes `new`."""

    module: Path
    line: int
    kind: str
    start: int
    stop: int
    old: str
    new: str

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.module}:{self.line}: {self.kind}: {old} -> {new}"

    def applied(self, source: bytes) -> bytes:
        """The module with the change."""
        return source[: self.start] + self.new.encode() + source[self.stop :]


def main() -> None:
    options = _options()
    chosen = draw(options.count, options.seed, options.only)
    if options.list:
        print(*chosen, sep="\n")
        return
    survivors: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, "repository")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_HERE))
        for number, mutant in enumerate(chosen, 1):
            began = time.monotonic()
            outcome = tried(mutant, copy, options.limit)
            print(f"{number}/{len(chosen)} {outcome}, {time.monotonic() - began:.0f} s: {mutant}", flush=True)
            survivors += [str(mutant)] * (outcome == SURVIVED)
    print(f"\n{len(survivors)} of {len(chosen)} survived (seed {options.seed}):", *survivors, sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[], help="a path below src/styfie that modules begin with")
    parser.add_argument("--limit", type=float, default=300, help="seconds for the tests of one change")
    parser.add_argument("--list", action="store_true", help="only say which changes are drawn")
    return parser.parse_args()


def draw(count: int, seed: int, only: list[str]) -> list[Mutant]:
    """So many changes, from each package in turn, as the seed has it."""
    known: dict[str, list[Mutant]] = {}
    for file in sorted((ROOT / PACKAGE).rglob("*.py")):
        within = file.relative_to(ROOT / PACKAGE)
        if not only or any(within.as_posix().startswith(one) for one in only):
            known.setdefault(within.parent.as_posix(), []).extend(mutants(file))
    chance = random.Random(seed)
    piles = [chance.sample(pile, len(pile)) for pile in known.values() if pile]
    chance.shuffle(piles)
    return [one for turn in zip_longest(*piles) for one in turn if one is not None][:count]


def mutants(file: Path) -> Iterator[Mutant]:
    """All single changes of a module."""
    source = file.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in _expressions(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        stop = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        old = source[start:stop].decode()
        for kind, new in _changes(node):
            yield Mutant(file.relative_to(ROOT), node.lineno, kind, start, stop, old, f"({ast.unparse(new)})")


def _expressions(tree: ast.AST) -> Iterator[ast.expr]:
    """All that is computed: no annotations, and nothing within an f-string, whose places Python 3.11 does not know."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns") or isinstance(tree, ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                if isinstance(child, ast.expr) and not _is_height(tree, child):
                    yield child
                yield from _expressions(child)


def _is_height(tree: ast.AST, child: ast.expr) -> bool:
    """Whether it is the -2 of `x.shape[-2]`: the same as 2 in (B, C, H, W)."""
    match tree, child:
        case ast.Subscript(ast.Attribute(attr="shape")), ast.UnaryOp(ast.USub(), ast.Constant(2)):
            return True
    return False


def _changes(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """What an expression could have been by mistake."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in SIGNS and not _is_text(left) and not _is_text(right):
            yield "sign", ast.BinOp(left, SIGNS[type(op)](), right)
            yield "term left out", left
        case ast.UnaryOp(ast.USub(), operand):
            yield "sign", operand
        case ast.Constant(bool() | str() | bytes()):
            return
        case ast.Constant(int() as value):
            yield "off by one", ast.Constant(value + 1)
            if value > 2:
                yield "halved", ast.Constant(value // 2)
        case ast.Constant(float() as value) if abs(value) >= LEAST:
            yield "halved", ast.Constant(value / 2)
        case ast.Compare(left, [op], others):
            yield "comparison", ast.Compare(left, [TURNED[type(op)]()], others)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def mirrors(module: Path) -> list[Path]:
    """The test files of a module, from the repository's root.

    `a/b/c.py` is mirrored by `a/b/test_c.py`, also `a/test_b_c.py`, and what goes on after a `_`; else by the files of
    its package, `a/test_b.py` and the like, and all that import the module itself; else by those of its folder.
    """
    if found := called_after(module):
        return found
    *folders, stem = module.relative_to(PACKAGE).with_suffix("").parts
    own = stem.strip("_")
    names = [*folders, own] if own != "init" else folders
    known = ".".join(("styfie", *(names if own == "init" else [*folders, stem])))
    tests = ROOT / "tests"
    importing = [file for file in sorted(tests.rglob("test_*.py")) if known in _imported(file)]
    package = next((found for depth in range(len(names) - 1, 0, -1) if (found := _named(names[:depth]))), [])
    if found := sorted({*package, *(file.relative_to(ROOT) for file in importing)}):
        return found
    nearest = next(place for place in (tests.joinpath(*folders), *tests.joinpath(*folders).parents) if place.is_dir())
    return sorted(file.relative_to(ROOT) for file in nearest.glob("test_*.py"))


def called_after(module: Path) -> list[Path]:
    """The test files that have the name of a module."""
    *folders, stem = module.relative_to(PACKAGE).with_suffix("").parts
    if stem != "__init__":
        return _named([*folders, stem.strip("_")])
    return _named([*folders, *folders[-1:]]) or _named(folders)


def _named(names: list[str]) -> list[Path]:
    """Test files whose name says that they are of a module or package."""
    for cut in range(len(names)):
        folder, name = ROOT.joinpath("tests", *names[:cut]), "_".join(names[cut:])
        if found := sorted([*folder.glob(f"test_{name}.py"), *folder.glob(f"test_{name}_*.py")]):
            return [file.relative_to(ROOT) for file in found]
    return []


@cache
def _imported(file: Path) -> set[str]:
    """All that a test file imports by its full name: modules, and what it takes from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def importers(module: Path) -> list[Path]:
    """The modules of the package that import a module, or something of it."""
    *folders, stem = module.relative_to(PACKAGE).with_suffix("").parts
    known = ".".join(("styfie", *folders, *([] if stem == "__init__" else [stem])))
    files = (file for file in sorted((ROOT / PACKAGE).rglob("*.py")) if known in _imported(file))
    return [file.relative_to(ROOT) for file in files if file != ROOT / module]


def tried(mutant: Mutant, copy: Path, limit: float) -> str:
    """What the tests say of a change made in a copy of the repository, which is as before afterwards."""
    file = copy / mutant.module
    source = file.read_bytes()
    own = mirrors(mutant.module)
    further = sorted({test for one in importers(mutant.module) for test in called_after(one)} - {*own})
    file.write_bytes(mutant.applied(source))
    try:
        verdict = _asked(own, copy, limit)
        return _asked(further, copy, limit) if verdict == SURVIVED else verdict
    finally:
        file.write_bytes(source)


def _asked(tests: list[Path], copy: Path, limit: float) -> str:
    """What these tests say of the copy as it is."""
    if not tests:
        return SURVIVED
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "-p", "no:cacheprovider", *map(str, tests)]
    paths = [str(copy / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return "hung"
    said = done.stdout.decode(errors="replace")
    verdict = VERDICTS.get(done.returncode, f"NO VERDICT: {said[-300:]}")
    failed = next((line.split()[1] for line in said.splitlines() if line.startswith(("FAILED ", "ERROR "))), "")
    return f"{verdict} by {failed}" if failed else verdict


if __name__ == "__main__":
    main()
