"""MediaPipe's network for poses made ready to learn on: its batch norms, which its authors folded in, put back."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from styfie.segmentation.pose import Inverted, PoseEncoder

QUIET = 1e-3  # a channel that varies less is one that its authors' training had left dead: it becomes a constant


@torch.no_grad()
def settle(encoder: PoseEncoder, pictures: Tensor) -> None:
    """Measure an encoder's batch norms on pictures (B, 3, H, W), and even out its scales, in place.

    What it computes stays, but for the maps it gives, each of which is scaled to a root mean square of 1: with batch
    norms folded in, weights of 0.01 stand beside inputs of 200, and learning at one rate undoes all that was learned.
    """
    spreads: dict[nn.Module, tuple[Tensor, Tensor]] = {}
    sizes: dict[nn.Module, float] = {}

    def watch(layer: nn.Module, _given: object, y: Tensor) -> None:
        spreads[layer] = y.mean((0, 2, 3)), y.std((0, 2, 3), correction=0)

    def weigh(stage: nn.Module, _given: object, y: Tensor) -> None:
        sizes[stage] = float(y.square().mean().sqrt())

    stages = [encoder.project, *encoder.stages]
    hooks = [layer.register_forward_hook(watch) for layer in encoder.modules() if isinstance(layer, nn.BatchNorm2d)]
    hooks += [stage.register_forward_hook(weigh) for stage in stages]
    encoder.eval()(pictures)
    for hook in hooks:
        hook.remove()
    for pair, before, after in _pairs(encoder, [sizes[stage] for stage in stages]):
        conv, norm = pair
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None and norm.running_var is not None
        mean, spread = spreads[norm]
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        shift = norm.bias - gain * norm.running_mean
        alive, spread = spread > QUIET, spread.clamp_min(QUIET)
        conv.weight.mul_((alive * gain / spread).view(-1, 1, 1, 1) * before)
        norm.weight.copy_(spread / after)
        norm.bias.copy_(mean / after)
        norm.running_mean.copy_(alive * (mean - shift) / spread)
        norm.running_var.fill_(1 - norm.eps)


def _pairs(encoder: PoseEncoder, sizes: list[float]) -> Iterator[tuple[nn.Sequential, float, float]]:
    """Each convolution and its norm, by what its input was divided, and by what its output is to be."""
    yield encoder.stem, 1.0, 1.0
    yield encoder.depthwise, 1.0, 1.0
    yield encoder.project, 1.0, sizes[0]
    for stage, before, after in zip(encoder.stages, sizes, sizes[1:], strict=False):
        assert isinstance(stage, nn.Sequential)
        for n, block in enumerate(stage):
            assert isinstance(block, Inverted)
            yield block.expand, after if n else before, 1.0
            yield block.depthwise, 1.0, 1.0
            yield block.project, 1.0, after
