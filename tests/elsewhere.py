"""A store whose connection breaks when it is told to: fsspec's `memory://` under another name."""

from __future__ import annotations

from typing import Any, ClassVar

from fsspec import register_implementation
from fsspec.implementations.memory import MemoryFileSystem


class Flaky(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """`flaky://`: the calls named in `breaks` fail so many times from the call of that number on."""

    protocol = "flaky"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    breaks: ClassVar[dict[str, tuple[int, int]]] = {}
    calls: ClassVar[dict[str, int]] = {}

    @classmethod
    def reset(cls, **breaks: tuple[int, int]) -> None:
        """Break `NAME=(at, times)`, counted from 1; nothing else, from now on."""
        cls.breaks, cls.calls = breaks, {}

    def _call(self, name: str) -> None:
        count = self.calls[name] = self.calls.get(name, 0) + 1
        at, times = self.breaks.get(name, (0, 0))
        if at <= count < at + times:
            raise ConnectionResetError(104, "Connection reset by peer")

    def put_file(self, lpath: str, rpath: str, **more: Any) -> None:
        try:
            self._call("put_file")
        except ConnectionResetError:
            self.pipe_file(rpath, b"half of it")  # as of a transfer that does not come to its end
            raise
        super().put_file(lpath, rpath, **more)

    def get_file(self, rpath: str, lpath: str, **more: Any) -> None:
        self._call("get_file")
        super().get_file(rpath, lpath, **more)

    def cp_file(self, path1: str, path2: str, **more: Any) -> None:
        self._call("cp_file")
        super().cp_file(path1, path2, **more)

    def rm_file(self, path: str) -> None:
        self._call("rm_file")
        super().rm_file(path)


register_implementation("flaky", Flaky, clobber=True)
