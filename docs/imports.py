"""The import picture of the package: `python docs/imports.py` prints rooms, arrows up, circles and private names.

`python docs/imports.py FILE.svg` draws it; the documentation site has that picture, drawn anew whenever it is built.

A room is a package or module directly below `styfie`. All imports count, those inside functions too; what stands under
`if TYPE_CHECKING` names types alone, runs never, and is told apart.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src" / "styfie"

ORDER = (
    ("_version", "errors", "fields", "registry", "storage.atomic", "geodesic"),
    ("decoding", "images", "regions", "looks", "settings", "weights", "devices"),
    ("blur", "bokeh", "colour", "likeness", "losses", "encoders", "gallery"),
    ("engines", "segmentation", "depth", "styles"),
    ("painting", "provenance", "semantic"),
    ("storage",),
    ("reading",),
    ("sources", "running"),
    ("pipeline", "verification", "plugins", "testing"),
    ("processes",),
    ("batch",),
    ("film", "watch", "training", "evaluation", "export"),
    ("web",),
    ("cli",),
    ("styfie", "__main__"),
)
"""Rooms from the ground up: none may import from a later line. The package's own face stands on top of all, and a
module that stands elsewhere than the rest of its room is named for itself."""


@dataclass(frozen=True)
class Import:
    """One module importing another, at a line; `names` are what it takes from it, `typing` whether for types alone."""

    source: str
    target: str
    line: int
    names: tuple[str, ...]
    typing: bool

    def __str__(self) -> str:
        names = f" ({', '.join(self.names)})" if self.names else ""
        return f"{self.source}:{self.line} -> {self.target}{names}{' [types]' if self.typing else ''}"


def room(module: str) -> str:
    """The package or module directly below `styfie` that a module stands in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def level(module: str) -> int:
    """The line of `ORDER` that a module's room stands in.

    Raises:
        KeyError: its room is in none.
    """
    levels = {name: n for n, rooms in enumerate(ORDER) for name in rooms}
    own = module.partition(".")[2]
    return levels[own] if own in levels else levels[room(module)]


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for file in sorted(root.rglob("*.py")):
        parts = [root.name, *file.relative_to(root).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def read_imports(root: Path = ROOT) -> list[Import]:
    """All imports within the package, of every module in the whole syntax tree."""
    known = modules(root)
    return [one for name, file in known.items() for one in _of_module(name, file, known)]


def _of_module(source: str, file: Path, known: dict[str, Path]) -> Iterator[Import]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node, typing in _walk(tree, False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in known:
                    yield Import(source, alias.name, node.lineno, (), typing)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(source, file, node)
            if base not in known:
                continue
            below = [alias.name for alias in node.names if f"{base}.{alias.name}" in known]
            for name in below:
                yield Import(source, f"{base}.{name}", node.lineno, (), typing)
            if names := tuple(alias.name for alias in node.names if alias.name not in below):
                yield Import(source, base, node.lineno, names, typing)


def _absolute(source: str, file: Path, node: ast.ImportFrom) -> str:
    """The module that `from … import` names, also where it is said by dots."""
    if not node.level:
        return node.module or ""
    parts = source.split(".")
    package = parts if file.name == "__init__.py" else parts[:-1]
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, node.module] if node.module else above)


def _walk(node: ast.AST, typing: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node, and whether it stands under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test) and child in node.body
        yield child, typing or guarded
        yield from _walk(child, typing or guarded)


def arrows_up(found: list[Import]) -> list[Import]:
    """Imports of a room from a later line of `ORDER`; those for types alone are none."""
    return [one for one in found if not one.typing and level(one.target) > level(one.source)]


def circles(found: list[Import]) -> list[list[str]]:
    """Groups of modules each of which imports, over others, itself (strongly connected components).

    A package's `__init__` counts as imported by name only: that it runs before each of its modules is no circle.
    """
    targets: dict[str, set[str]] = {}
    for one in found:
        if not one.typing:
            targets.setdefault(one.source, set()).add(one.target)
    reach = {name: _reachable(name, targets) for name in targets}
    groups = {frozenset(m for m in reach[n] if n in reach.get(m, ())) for n in reach if n in reach[n]}
    return sorted(sorted(group) for group in groups)


def _reachable(start: str, targets: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [*targets.get(start, ())]
    while waiting:
        if (name := waiting.pop()) not in seen:
            seen.add(name)
            waiting += targets.get(name, ())
    return seen


def room_circles(found: list[Import]) -> list[list[str]]:
    """Rooms that import each other, as `circles`; a module that `ORDER` names for itself is a room of its own."""
    between = [
        Import(_place(one.source), _place(one.target), one.line, one.names, one.typing)
        for one in found
        if _place(one.source) != _place(one.target)
    ]
    return circles(between)


def _place(module: str) -> str:
    own = module.partition(".")[2]
    return own if any(own in rooms for rooms in ORDER) else room(module)


def private_names(root: Path = ROOT) -> list[str]:
    """Names with an underscore that a module takes from another: imported, or as an attribute of what is imported."""
    known, found = modules(root), []
    for one in read_imports(root):
        found += [f"{one} takes {name}" for name in one.names if _private(name)]
        if _private(one.target.rpartition(".")[2]) and room(one.target) != "_version":
            found.append(str(one))
    for source, file in known.items():
        found += [f"{source}:{line} takes {name}" for line, name in _private_attributes(file)]
    return found


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _private_attributes(file: Path) -> Iterator[tuple[int, str]]:
    """`other._name`: not one's own, of `self` and `cls`, nor of anything that this file itself defines so."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)]
    own |= {n.id if isinstance(n, ast.Name) else n.attr for n in used if isinstance(n.ctx, ast.Store)}
    others = {alias.asname or alias.name.partition(".")[0] for alias in _whole_imports(tree)}
    for node in used:
        if not isinstance(node, ast.Attribute) or not _private(node.attr) or node.attr in own:
            continue
        holder = ast.unparse(node.value).partition(".")[0]
        if holder not in others | {"self", "cls"}:  # what another library keeps for itself is no matter of ours
            yield node.lineno, ast.unparse(node)


def _whole_imports(tree: ast.AST) -> Iterator[ast.alias]:
    """What `import` without `from` brings in of other packages."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias for alias in node.names if not alias.name.startswith("styfie"))


WIDTH, ROW, BOX, LETTER = 1000, 84, 40, 7.4  # of the drawing: pixels across, from row to row, of a box, of a letter
STYLE = (
    ".imports .box{fill:var(--md-default-bg-color,#fff);stroke:currentColor}"
    ".imports .arrow{fill:none;stroke:currentColor;stroke-opacity:.35}.imports .head{fill:currentColor;fill-opacity:.5}"
    ".imports text{fill:currentColor;text-anchor:middle;font:13px sans-serif}"
    ".imports .small{font-size:10px;fill-opacity:.7}"
)


def arrows(found: list[Import]) -> dict[str, set[str]]:
    """What each place imports, without those that it reaches over others anyway (the transitive reduction).

    A place is a room, or a module that `ORDER` names for itself. There must be no circle between them.
    """
    targets: dict[str, set[str]] = {}
    for one in found:
        source, target = _place(one.source), _place(one.target)
        targets.setdefault(source, set())
        targets.setdefault(target, set())
        if source != target and not one.typing:
            targets[source].add(target)
    reach = {name: _reachable(name, targets) for name in targets}
    return {name: {one for one in to if not any(one in reach[other] for other in to)} for name, to in targets.items()}


def draw(found: list[Import]) -> str:
    """The picture as SVG in the colour of the text around it: rows of places from the ground up, arrows all down."""
    to = arrows(found)
    rows = [row for row in ([name for name in line if name in to] for line in ORDER) if row]
    boxes = _boxes(rows, to)
    height = len(rows) * ROW
    count = Counter(_place(name) for name in modules())
    parts = [_arrow(boxes[source], boxes[target]) for source in to for target in sorted(to[source])]
    parts += [_box(name, boxes[name], count[name], to[name]) for row in rows for name in row]
    head = '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" '
        f'aria-label="Which parts of the package import which" class="imports"><style>{STYLE}</style>'
        f'<defs>{head}<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>{"".join(parts)}</svg>\n'
    )


def _boxes(rows: list[list[str]], to: Mapping[str, set[str]]) -> dict[str, tuple[float, float, float]]:
    """Middle (x, y) and width of each place's box; in a row they stand in the order of what they import."""
    boxes: dict[str, tuple[float, float, float]] = {}
    for n, row in enumerate(rows):
        below = {name: [boxes[one][0] for one in to[name] if one in boxes] or [WIDTH / 2] for name in row}
        ordered = sorted(row, key=lambda name: sum(below[name]) / len(below[name]))
        widths = [max(70.0, LETTER * len(name) + 18) for name in ordered]
        gap = (WIDTH - sum(widths)) / (len(row) + 1)
        left = gap
        for name, width in zip(ordered, widths, strict=True):
            boxes[name] = (round(left + width / 2, 1), (len(rows) - n - 0.5) * ROW, width)
            left += width + gap
    return boxes


def _box(name: str, box: tuple[float, float, float], count: int, to: set[str]) -> str:
    x, y, width = box
    said = f"{count} module{'s' if count > 1 else ''}"
    hint = f"{name} imports {', '.join(sorted(to)) or 'nothing of the package'}"
    return (
        f'<g><title>{escape(hint)}</title><rect class="box" x="{x - width / 2:.1f}" y="{y - BOX / 2:g}" rx="4" '
        f'width="{width:.1f}" height="{BOX}"/><text x="{x}" y="{y - 2:g}">{escape(name)}</text>'
        f'<text class="small" x="{x}" y="{y + 13:g}">{said}</text></g>'
    )


def _arrow(source: tuple[float, float, float], target: tuple[float, float, float]) -> str:
    """From the lower side of a box to the upper one of another; in one row, from below to below."""
    (x, y, _), (to_x, to_y, _) = source, target
    start, bend = y + BOX / 2, ROW / 3
    end, into = (to_y - BOX / 2, -bend) if to_y > y else (to_y + BOX / 2, bend)
    line = f"M{x} {start:g}C{x} {start + bend:g} {to_x} {end + into:g} {to_x} {end:g}"
    return f'<path class="arrow" marker-end="url(#head)" d="{line}"/>'


def main() -> None:
    """Print the picture, or draw it into the file that is named."""
    found = read_imports()
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(draw(found), encoding="utf-8")
        return
    rooms = sorted({room(name) for name in modules()}, key=lambda name: (_known_level(name), name))
    print(f"{len(rooms)} rooms, {len(modules())} modules")
    for name in rooms:
        to = sorted({room(one.target) for one in found if room(one.source) == name and not one.typing} - {name})
        print(f"  {_known_level(name):>2}  {name:<12} -> {', '.join(to)}")
    for title, lines in (
        ("arrows up", [str(one) for one in arrows_up(found)]),
        ("circles between modules", [", ".join(one) for one in circles(found)]),
        ("circles between rooms", [", ".join(one) for one in room_circles(found)]),
        ("private names of other modules", private_names()),
    ):
        print(f"{title}: {len(lines)}")
        for line in lines:
            print(f"  {line}")


def _known_level(name: str) -> int:
    try:
        return level(f"styfie.{name}" if name != "styfie" else name)
    except KeyError:
        return -1


if __name__ == "__main__":
    main()
