"""The built-in network and MediaPipe's, which has seen many more people, as one."""

from __future__ import annotations

from torch import Tensor

from styfie.segmentation.networks import PortraitNet
from styfie.segmentation.selfie import SelfieNet

SURE = 4.0  # logits of the guide beyond which it is not believed more: it is sure of what it has wrong, too


class GuidedNet(PortraitNet):
    """A `PortraitNet` and, as its guide, `SelfieNet`, whose logits are added up.

    Each is wrong in ways of its own; taught together they become alike, and worse where nothing was taught. The guide
    itself learns nothing. 3.2 M parameters, 106,401 of them the guide's.
    """

    def __init__(self, trunk: int = 128, deep: int = 160, pyramid: tuple[int, ...] = (96, 64, 40)) -> None:
        super().__init__(trunk, deep, pyramid)
        self.guide = SelfieNet().requires_grad_(False)

    def both(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of "person" (B, 1, H, W), with the guide's, and of the parts (B, 5, H/2, W/2), from one pass."""
        own, parts = super().both(picture)
        return own + self.guide(picture).clamp(-SURE, SURE), parts
