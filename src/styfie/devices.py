"""Where tensors are computed, and how precisely."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import threading
from collections.abc import Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor

from styfie.errors import InputError

Network = TypeVar("Network", bound=Any)
M_MMAP_THRESHOLD, RETURNED = -3, 4 << 20  # glibc's number of the option; bytes from which memory is returned


def pick_device(name: str) -> torch.device:
    """The device called `auto`, `cpu`, `cuda` or `mps`; `auto` takes a CUDA GPU where there is one.

    Nobody has painted on Apple's GPUs yet, to our knowledge: they are taken only where they are asked for by name.

    Raises:
        InputError: a GPU was asked for by name and is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device("cuda" if there["cuda"] else "cpu")
    if not there.get(name):
        raise InputError(f"No {name} device here: use --device auto, or {', '.join(k for k, v in there.items() if v)}.")
    return torch.device(name)


def trim_memory(always: bool = False) -> None:
    """Return freed memory to the system, where the C library keeps it (glibc does); from now on `always`.

    Kept, it is in pieces that larger pictures do not fit in: a third of the memory of a run in tiles was such pieces.
    Always returning it costs a sixth of the time.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        if always:
            library.mallopt(M_MMAP_THRESHOLD, RETURNED)
        library.malloc_trim(0)


def in_float64(x: Tensor) -> Tensor:
    """A tensor in float64, where its device has that, else on the processor."""
    return (x.cpu() if x.device.type == "mps" else x).double()


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


def to_fast_dtype(network: Network, device: torch.device) -> Network:
    """The network on a device, its weights in bfloat16 where that is faster: a copy, made once and not at every use."""
    if not (isinstance(network, torch.nn.Module) and has_bf16(device)):
        found: Network = network.to(device)
        return found
    return copy.deepcopy(network).to(device, torch.bfloat16)


def reduced_precision(device: torch.device) -> torch.autocast:
    """A context in which convolutions run in bfloat16 where that is faster; statistics stay float32 outside it."""
    fast = has_bf16(device)
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


class _Narrowed:
    """How many threads the blocks want that want few just now, by the thread they are of, the innermost last.

    PyTorch counts for each thread by itself, and a new thread begins with what was said last by any.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.blocks: dict[int, list[int]] = {}
        self.before = 1  # of the first of them

    def enter(self, count: int) -> int:
        with self.lock:
            if not self.blocks:
                self.before = torch.get_num_threads()
            torch.set_num_threads(count)
            self.blocks.setdefault(threading.get_ident(), []).append(count)
            return threading.get_ident()

    def release(self, entered: int) -> None:
        with self.lock:
            own = self.blocks[entered]
            own.pop()
            if not own:
                del self.blocks[entered]
            torch.set_num_threads(own[-1] if own else self.before)


_narrowed = _Narrowed()


@contextlib.contextmanager
def few_threads(count: int = 1) -> Iterator[None]:
    """PyTorch on so many threads, while Python's threads share the machine: else they would wait for each other.

    On one, sums are the same on any machine, too. However such blocks overlap, in one thread or several, each thread
    has in the end what there was before the first of them.
    """
    entered = _narrowed.enter(count)
    try:
        yield
    finally:
        _narrowed.release(entered)
