"""The built-in network and MediaPipe's for selfies, which has seen many more people, as one."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from styfie.segmentation.pose import PoseNet
from styfie.segmentation.selfie import SelfieNet

SURE = 4.0  # logits of the guide beyond which it is not believed more: it is sure of what it has wrong, too


class GuidedNet(PoseNet):
    """A `PoseNet` and, as its guide, `SelfieNet`, whose logits are added up.

    Each is wrong in ways of its own; taught together they become alike, and worse where nothing was taught. The guide
    itself learns nothing. 2.8 M parameters, 106,401 of them the guide's.
    """

    def __init__(self, trunk: int = 128, deep: int = 160, pyramid: tuple[int, ...] = (96, 64, 40)) -> None:
        super().__init__(trunk, deep, pyramid)
        self.guide = SelfieNet().requires_grad_(False)

    def person_logits(self, picture: Tensor, levels: Sequence[Tensor]) -> Tensor:
        """Logits of "person" (B, 1, H, W), of the pyramid's maps, with the guide's of the picture."""
        seen: Tensor = self.guide(picture)
        return super().person_logits(picture, levels) + seen.clamp(-SURE, SURE)
