"""Never lost: a run's state on disk, from which the same run goes on after it was killed.

The state lies in `unfinished.ora`, an ordinary painting of what is painted so far: Krita and `styfie mix` open it.
"""

from __future__ import annotations

import json
import math
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import torch
from torch import Tensor

from styfie.provenance import tensor_bytes
from styfie.storage.atomic import sync
from styfie.storage.openraster import EPOCH, write_painting

if TYPE_CHECKING:
    from styfie.engines.progress import EngineState, Progress
    from styfie.painting import Painting

FILE = "unfinished.ora"
FRAMES = ".unfinished-timelapse"  # a folder beside it
ENTRY = "styfie/state.safetensors"
WRITE_TIME_FRACTION = 0.03  # of the run's time that writing may take
CHUNK = 1 << 20  # bytes
TYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}  # of safetensors, https://github.com/huggingface/safetensors#format


class Unfinished:
    """What is kept in `folder` of the run that has this key, until it is done."""

    def __init__(self, folder: Path, key: str) -> None:
        self.file = folder / FILE
        self.key = key
        self._part = folder / f".{FILE}.part"
        self._next = -math.inf
        self._warned = False

    @property
    def files(self) -> list[Path]:
        """What is written in the folder."""
        return [self.file, self._part]

    def state(self) -> EngineState | None:
        """The state to go on from; none if there is no file, it is damaged, or it is of another run."""
        try:
            with zipfile.ZipFile(self.file) as archive, archive.open(ENTRY) as stream:
                return _read(stream, self.key)
        except Exception:  # whatever a damaged file makes of its readers, the run begins anew
            return None

    def keep(self, progress: Progress, painting: Callable[[], Painting]) -> str | None:
        """Write the state, if there is one and enough time has passed since the last was written; else do nothing.

        `painting` is asked for the painting so far only if it is written. What was there before stays until the new
        file is complete.

        Returns:
            Once in a run a sentence for the user, if it cannot be written; painting may go on, and so may trying.
        """
        started = time.monotonic()
        if progress.state is None or started < self._next:
            return None
        problem = None
        try:
            self._write(painting(), progress.state)
        except OSError as error:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)
            problem = error.strerror or str(error)
        ended = time.monotonic()
        self._next = ended + (ended - started) * (1 / WRITE_TIME_FRACTION - 1)
        if problem is None or self._warned:
            return None
        self._warned = True
        return f"{self.file} cannot be written ({problem}): if this run is stopped it will begin anew."

    def done(self) -> None:
        """The run has ended well, and its pictures are written: remove the file, and what else is only of its run."""
        for file in self.files:
            with suppress(OSError):
                file.unlink(missing_ok=True)
        shutil.rmtree(self.file.parent / FRAMES, ignore_errors=True)

    def _write(self, painting: Painting, state: EngineState) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_painting(painting, self._part)
        entry = zipfile.ZipInfo(ENTRY, EPOCH)
        with zipfile.ZipFile(self._part, "a") as archive, archive.open(entry, "w", force_zip64=True) as stream:
            _write(stream, state, self.key)
        sync(self._part)  # a rename may reach the disk before what was written
        self._part.replace(self.file)
        sync(self.file.parent)


def _write(stream: IO[bytes], state: EngineState, key: str) -> None:
    """As safetensors, tensor by tensor: the library would hold all of it once more."""
    header: dict[str, object] = {"__metadata__": {"key": key}}
    at = 0
    for name, tensor in state.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + size],
        }
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    stream.write(len(text).to_bytes(8, "little") + text)
    for tensor in state.values():
        stream.write(tensor_bytes(tensor))


def _read(stream: IO[bytes], key: str) -> EngineState | None:
    """What `_write` wrote, into new tensors; none if it has another key. Damaged bytes raise some error."""
    header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    if header.pop("__metadata__")["key"] != key:
        return None
    kinds = {name: kind for kind, name in TYPES.items()}
    state = {name: torch.empty(entry["shape"], dtype=kinds[entry["dtype"]]) for name, entry in header.items()}
    for chunk in _chunks(state.values()):
        if stream.readinto(chunk) != len(chunk):  # type: ignore[attr-defined]
            raise EOFError
    if stream.read(1):  # and only here, at the end, the archive compares its checksum
        raise ValueError
    return state


def _chunks(tensors: Iterable[Tensor]) -> Iterator[memoryview]:
    for tensor in tensors:
        whole = tensor_bytes(tensor)
        for start in range(0, len(whole), CHUNK):
            yield whole[start : start + CHUNK]
