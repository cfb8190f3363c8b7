"""Every choice is an entry of a registry: those built in, and those that an installed package adds by entry points.

A package says in its `pyproject.toml`, for an entry that stands in a module of its own:

    [project.entry-points."styfie.engines"]
    poster = "styfie_poster:ENTRY"
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from styfie.errors import InputError, MissingError


@dataclass(frozen=True)
class Entry:
    """One choice: `title` says what it is, `path` is `module:name` of what is loaded when it is chosen.

    `needs` is what must be there beyond the package itself, in words; `licence` and `source` are of what it is made of.
    """

    title: str
    path: str
    needs: str = ""
    licence: str = "Apache-2.0"
    source: str = "written for Styfie"

    def load(self) -> Any:
        """What `path` names."""
        return load(self.path)


E = TypeVar("E")


@dataclass(eq=False)
class Registry(MutableMapping[str, E], Generic[E]):
    """Entries by the name they are asked for by, in order: the built-in ones, then those of installed packages.

    `what` is one of them in words, `kind` the class of an entry, `group` that of the entry points. Packages are asked
    when somebody looks beyond what is built in; one that is broken is left out, and `broken` has a sentence on it.
    """

    what: str
    kind: type[E]
    built_in: dict[str, E]
    group: str = ""
    broken: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> E:
        return self.built_in[name] if name in self.built_in else self._added[name]

    def __setitem__(self, name: str, entry: E) -> None:
        self.built_in[name] = entry

    def __delitem__(self, name: str) -> None:
        del self.built_in[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.built_in, *(name for name in self._added if name not in self.built_in)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def find(self, name: str, before: str = "", after: str = "") -> E:
        """The entry called `name`; `before` and `after` are known beside those of the registry.

        Raises:
            InputError: there is none of that name.
            MissingError: it is of an installed package that is broken.
        """
        if name in self:
            return self[name]
        if name in self.broken:
            raise MissingError(self.broken[name])
        raise InputError(f"There is no {self.what} {name!r}: known are {before}{', '.join(self)}{after}.")

    @cached_property
    def _added(self) -> dict[str, E]:
        """The entries of installed packages."""
        found: dict[str, E] = {}
        for point in sorted(entry_points(group=self.group), key=lambda one: one.name) if self.group else ():
            package = point.dist.name if point.dist else point.value.partition(":")[0]
            if point.name in self.built_in or point.name in found:
                self.broken[f"{point.name} of {package}"] = (
                    f"The package {package} adds the {self.what} {point.name!r}, and there is one: it is left out."
                )
            elif problem := self._problem(point, found):
                self.broken[point.name] = (
                    f"The {self.what} {point.name!r} of the package {package} cannot be used ({problem}): update or "
                    "uninstall that package."
                )
        return found

    def _problem(self, point: EntryPoint, found: dict[str, E]) -> str:
        """Add an entry point's entry to those `found`, or say why not."""
        try:
            entry = point.load()
        except Exception as error:  # a package that is broken raises whatever it likes
            return " ".join(f"{type(error).__name__}: {error}".split())
        if not isinstance(entry, self.kind):
            return f"{point.value} is no {self.kind.__name__}"
        found[point.name] = entry
        return ""


def load(path: str) -> Any:
    """What `module:name` names.

    Raises:
        MissingError: there is no such module, or nothing of that name in it.
    """
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise MissingError(f"{path} cannot be loaded ({error}): install what is missing.") from None
    except AttributeError:
        raise MissingError(f"{path} cannot be loaded: {module} has no {name}.") from None
