"""A stand-in of ComfyUI that loads packs and executes graphs by its published interface.

Written after what `nodes.load_custom_node`, `execution.validate_inputs`, `execution.get_input_data` and
`execution.merge_result_data` do: packs are folders of `custom_nodes`; a graph is what the host's "Save (API Format)"
writes; inputs are checked by their declared types, lists and ranges, and what a graph leaves out of `required` is an
error; nodes get their inputs as lists of one and are called once for each; only what an output node wants is executed,
and each node once.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

Graph = Mapping[str, Mapping[str, Any]]  # id: {"class_type": name, "inputs": {name: value, or [id, output]}}
PLAIN = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}  # widgets' values are converted


class PromptError(Exception):
    """A graph that the host does not take."""


class Host:
    """What is in `custom_nodes`, beside the host's own nodes; and the progress that was told, in shares."""

    def __init__(self, custom_nodes: Path, own: Mapping[str, type]) -> None:
        self.nodes: dict[str, Any] = dict(own)
        self.titles: dict[str, str] = {}
        self.told: list[float] = []
        self.stopped = False
        for folder in sorted(custom_nodes.iterdir()):
            self._load(folder)

    def _load(self, folder: Path) -> None:
        name = str(folder).replace(".", "_x_")
        spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        self.nodes |= module.NODE_CLASS_MAPPINGS
        self.titles |= module.NODE_DISPLAY_NAME_MAPPINGS

    def modules(self) -> dict[str, ModuleType]:
        """The modules of the host that a node may import."""
        host = self

        class ProgressBar:
            def __init__(self, total: int) -> None:
                self.total = total

            def update_absolute(self, value: int, total: int | None = None, preview: object = None) -> None:
                host.told.append(value / (total or self.total))

        def throw() -> None:
            if host.stopped:
                raise KeyError("interrupted")

        utils, management = ModuleType("comfy.utils"), ModuleType("comfy.model_management")
        vars(utils)["ProgressBar"] = ProgressBar
        vars(management)["throw_exception_if_processing_interrupted"] = throw
        return {"comfy": ModuleType("comfy"), "comfy.utils": utils, "comfy.model_management": management}

    def run(self, graph: Graph) -> dict[str, list[tuple[Any, ...]]]:
        """The outputs of all nodes that were executed, each a list for each output.

        Raises:
            PromptError: the graph is not valid.
        """
        wanted = [one for one, node in graph.items() if getattr(self._class(node), "OUTPUT_NODE", False)]
        if not wanted:
            raise PromptError("Prompt has no outputs")
        for one in wanted:
            self._check(graph, one)
        done: dict[str, Any] = {}
        for one in wanted:
            self._execute(graph, one, done)
        return done

    def _class(self, node: Mapping[str, Any]) -> Any:
        if node["class_type"] not in self.nodes:
            raise PromptError(f"Node {node['class_type']!r} not found")
        return self.nodes[node["class_type"]]

    def _check(self, graph: Graph, one: str) -> None:
        declared = self._class(graph[one]).INPUT_TYPES()
        known, inputs = {**declared.get("required", {}), **declared.get("optional", {})}, graph[one]["inputs"]
        for name, (kind, *more) in known.items():
            if name not in inputs:
                if name in declared.get("required", {}):
                    raise PromptError(f"Required input is missing: {name}")
                continue
            value, limits = inputs[name], more[0] if more else {}
            if isinstance(value, list):
                source, output = value
                if (given := self._class(graph[source]).RETURN_TYPES[output]) != kind:
                    raise PromptError(f"Return type mismatch: {name}, {given} is no {kind}")
                self._check(graph, source)
            elif isinstance(kind, list):
                if value not in kind:
                    raise PromptError(f"Value not in list: {name}: {value!r}")
            else:
                number = PLAIN[kind](value)
                if not limits.get("min", number) <= number <= limits.get("max", number):
                    raise PromptError(f"Value out of range: {name}: {number}")

    def _execute(self, graph: Graph, one: str, done: dict[str, Any]) -> None:
        if one in done:
            return
        node, given = self._class(graph[one]), dict[str, list[Any]]()
        for name, value in graph[one]["inputs"].items():
            if isinstance(value, list):
                self._execute(graph, value[0], done)
                given[name] = done[value[0]][value[1]]
            else:
                given[name] = [value]
        work = getattr(node(), node.FUNCTION)
        calls = range(max((len(values) for values in given.values()), default=1))
        results = [work(**{name: values[min(n, len(values) - 1)] for name, values in given.items()}) for n in calls]
        assert all(isinstance(result, tuple) and len(result) == len(node.RETURN_TYPES) for result in results)
        done[one] = [[result[n] for result in results] for n in range(len(node.RETURN_TYPES))]
