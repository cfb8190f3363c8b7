"""A device that is not there: on the processor in truth, it refuses what Apple's GPUs (MPS) refuse.

While a `StandIn` is entered, `mps` is a device like any other. Tensors that were brought to it, or made from such ones,
say that they are there; all of them are ordinary tensors of the processor underneath, known by their storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

MPS, CPU = torch.device("mps"), torch.device("cpu")
# Not there in the oldest PyTorch that we support (2.6), of what there is in it on the processor.
MISSING = {
    "_linalg_eigh",
    "_upsample_bilinear2d_aa",
    "_upsample_bilinear2d_aa_backward",
    "geqrf",
    "linalg_qr",
    "linalg_lstsq",
}
INDEXED = {"index", "index_put", "index_put_", "_index_put_impl_"}  # by numbers that may be on the processor


class StandIn:
    """A context in which there is a device called `mps`; `operations` are the names of those that it was asked for."""

    def __init__(self) -> None:
        self.operations: set[str] = set()
        self._held: dict[int, torch.UntypedStorage] = {}  # and kept: a number given back could come again
        self._modes: tuple[_Calls, _Operations] = (_Calls(self), _Operations(self))

    def __enter__(self) -> Self:
        for mode in self._modes:
            mode.__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: Any) -> None:
        for mode in reversed(self._modes):
            mode.__exit__(*raised)  # type: ignore[no-untyped-call]

    def holds(self, tensor: Tensor) -> bool:
        """Whether a tensor is there."""
        return tensor.untyped_storage()._cdata in self._held

    def take(self, tensor: Tensor) -> None:
        """Have it there."""
        if tensor.dtype == torch.float64:
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        storage = tensor.untyped_storage()
        self._held[storage._cdata] = storage

    def release(self, tensor: Tensor) -> None:
        """Have it on the processor."""
        self._held.pop(tensor.untyped_storage()._cdata, None)


class _Operations(TorchDispatchMode):
    """What is computed: on one device, in what it knows."""

    def __init__(self, device: StandIn) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.device = device

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = _tensors((args, kwargs))
        there = [one for one in given if self.device.holds(one)]
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if not there or name == "copy_":
            return result
        self.device.operations.add(name)
        if name in MISSING:
            raise NotImplementedError(f"The operator 'aten::{name}' is not currently implemented for the MPS device.")
        others = [one for one in given if one.dim() and not self.device.holds(one)]
        if name != "set_" and any(name not in INDEXED or one.is_floating_point() for one in others):
            raise RuntimeError(f"Expected all tensors to be on the same device, but {name} found mps and cpu.")
        for one in _tensors(result):
            self.device.take(one)
        return result


class _Calls(TorchFunctionMode):
    """What names a device, or asks for one."""

    def __init__(self, device: StandIn) -> None:
        super().__init__()
        self.device = device

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named, name = dict(kwargs or {}), getattr(func, "__name__", "")
        owner = args[0] if args and isinstance(args[0], Tensor) else None
        if owner is not None and func == Tensor.device.__get__:
            return MPS if self.device.holds(owner) else CPU
        if owner is not None and name in ("to", "cpu"):
            return self._moved(func, owner, list(args[1:]), named)
        if owner is not None and name == "numpy" and self.device.holds(owner):
            raise TypeError("can't convert mps:0 device type tensor to numpy. Use Tensor.cpu() first.")
        wanted = _device(named.get("device"))
        if wanted == MPS:
            named["device"] = CPU
            found = func(*args, **named)
            self.device.take(found)
            return found
        return func(*args, **named)

    def _moved(self, func: Callable[..., Tensor], owner: Tensor, rest: list[Any], named: dict[str, Any]) -> Tensor:
        here = MPS if self.device.holds(owner) else CPU
        wanted, kind = CPU if func == Tensor.cpu else _device(named.get("device")), named.get("dtype")
        for one in rest:
            if isinstance(one, Tensor):  # as another is: its device and its type
                wanted, kind = (MPS if self.device.holds(one) else CPU), one.dtype
            elif isinstance(one, str | torch.device):
                wanted = _device(one)
            elif isinstance(one, torch.dtype):  # else it says whether to wait, or to copy
                kind = one
        changed, crosses = kind not in (None, owner.dtype), wanted not in (None, here)
        if changed and crosses and torch.float64 in (kind, owner.dtype) and (here == MPS or owner.requires_grad):
            raise TypeError("Leaving the device, a tensor or its gradient becomes float64: do one after the other.")
        found = owner.to(kind) if changed else owner
        if not crosses:
            return found.clone() if found is owner and named.get("copy") else found
        moved: Tensor = _Move.apply(found, self.device, wanted)  # type: ignore[no-untyped-call]
        return moved


class _Move(torch.autograd.Function):
    """From one device to the other, and gradients back."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, device: StandIn, wanted: torch.device) -> Tensor:
        ctx.device, ctx.back = device, MPS if wanted == CPU else CPU
        return _placed(tensor, device, wanted)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _placed(gradients[0], ctx.device, ctx.back), None, None


def _placed(tensor: Tensor, device: StandIn, wanted: torch.device) -> Tensor:
    found = tensor.detach().clone()
    (device.take if wanted == MPS else device.release)(found)
    return found


def _device(asked: Any) -> torch.device | None:
    return None if asked is None else torch.device(asked)


def _tensors(tree: Any) -> Iterable[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
