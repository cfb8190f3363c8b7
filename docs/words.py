"""Names for which readers of this field know a better word: `python docs/words.py` lists them; a test wants none.

What others see counts: names of files, modules' names, classes, functions, parameters, fields and attributes, JSON keys
and addresses, what the page's modules export, options, their help and sentences of errors. What a function calls its
own variables, and ordinary prose, is free.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src" / "styfie"

WORDS = {
    "sight": "prediction",
    "look_at": "predict",
    "seeing": "fit_to",
    "brief": "fast",
    "own_colours": "foreground colours",
    "soft_colours": "boundary colours",
    "crisp": "sharpen_alpha",
    "shares": "weights",
    "pull": "gradient, vjp",
    "pull_back": "backward",
    "walk": "vjp",
    "foretell": "estimate_cost",
    "carried_on": "extrapolate",
    "taught": "per-style",
    "graded": "depth_falloff",
    "asked": "request, options, spec",
    "asks": "specs",
    "refusal": "error",
    "refusals": "errors",
    "answers": "responses",
    "intake": "uploads",
    "undoing": "history",
    "saves": "downloads",
    "shown": "preview, result",
    "told": "on_event, messages",
    "tell": "send, print",
    "give_back": "trim_memory",
    "lowered": "to_fast_dtype",
    "begins_small": "coarse_input",
    "kept": "cached, stored, reused",
    "beside": "temporary, folder",
    "gone": "removed, cancelled",
    "held": "descriptor, current, cached",
    "known": "what it is that is known",
}
"""Parts of names and the field's words for them."""

NAMES = {
    "Ask": "Look",
    "Wanted": "StyleInput, ResultRequest",
    "wanted": "target, request, looks",
    "Line": "WorkerChannel",
    "leave": "cancel, release",
    "quick": "interactive",
    "kinds": "filetypes",
    "Reading": "SourceImage",
    "FULL": "a constant with a noun",
    "LEAST": "a constant with a noun",
    "SIDE": "a constant with a noun",
    "WORK": "a constant with a noun",
    "MOST": "a constant with a noun",
}
"""Whole names, likewise."""

PHRASES = r"\b(own colours?|soft colours?|taught style|the taught|graded|foretold|refusals?)\b"
"""What options' help and sentences of errors say no more."""

OTHER_SENSES = {
    "held_out": "pictures that a training is not to see are held out everywhere",
    "is_held_out": "likewise",
    "HELD_OUT": "likewise",
    "taught": "what files and commands of before call an engine",
    "graded": "what files and commands of before call a field",
    "kinds": "what sorts of cut-outs there are, which are no types of files",
    "Line": "one line of an outline",
    "pull": "how far a comb pulls wet paint along",
}
"""Names that use one of the words as all do, or have to."""


def better(name: str) -> str:
    """The field's word for what a name says in a word of our own, or nothing."""
    if name in OTHER_SENSES:
        return ""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    parts = f"_{snake.strip('_')}_"
    return NAMES.get(name, "") or next((new for old, new in WORDS.items() if f"_{old}_" in parts), "")


def python_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Names in a module that others see, each with its line."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for body in (tree.body, *(node.body for node in classes)):
        for statement in body:
            for target in _targets(statement):
                yield from ((one.lineno, one.id) for one in ast.walk(target) if isinstance(one, ast.Name))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
            yield from ((one.lineno, word) for one in node.decorator_list for word in _address(one))
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Dict):
            keys = (key.value for key in node.keys if isinstance(key, ast.Constant))
            yield from ((node.lineno, key) for key in keys if isinstance(key, str) and key.isidentifier())


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, ast.AnnAssign) else []


def _address(decorator: ast.expr) -> list[str]:
    """The words of a route's address."""
    first = decorator.args[0] if isinstance(decorator, ast.Call) and decorator.args else None
    text = first.value if isinstance(first, ast.Constant) else None
    return re.findall(r"[\w-]+", text) if isinstance(text, str) else []


def sentences(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What is said to users: options' help, titles, and texts of errors."""
    for node in ast.walk(tree):
        texts: list[ast.expr] = []
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            texts = node.exc.args
        elif isinstance(node, ast.Call):
            texts = [one.value for one in node.keywords if one.arg in ("help", "title", "about", "description")]
        for text in texts:
            for one in ast.walk(text):
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.lineno, one.value


def page_names(text: str) -> Iterator[tuple[int, str]]:
    """What a module of the page exports, types' names and fields, and the ids of its elements."""
    pattern = (
        r"\bexport (?:async )?(?:function|const|let|class|interface|type) (\w+)|\bid=\"([\w-]+)\"|^  ([\w]+)\??: .*;$"
    )
    for number, line in enumerate(text.splitlines(), 1):
        for found in re.finditer(pattern, line):
            yield number, next(name for name in found.groups() if name)


def leftovers() -> list[str]:
    """One line for each place that still says it in a word of our own."""
    found = []
    for file in sorted(one for kind in ("py", "js", "ts", "html") for one in ROOT.rglob(f"*.{kind}")):
        place, text = file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")
        names = [(0, part) for part in (file.stem, file.parent.name)]
        if file.suffix == ".py":
            tree = ast.parse(text)
            names += python_names(tree)
            said = [(line, match[0]) for line, one in sentences(tree) for match in re.finditer(PHRASES, one)]
            found += [f"{place}:{line} says {phrase!r}" for line, phrase in said]
        else:
            names += page_names(text)
        found += [f"{place}:{line} {name}: {better(name)}" for line, name in names if better(name)]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    left = leftovers()
    print(*left, f"{len(left)} names left", sep="\n")
