"""The built-in perceptual network: a thin encoder for surfaces beside a deep one for what is drawn on them."""

from __future__ import annotations

from torch import Tensor, nn

from styfie.encoders.deep import DeepEncoder, load_deep
from styfie.encoders.plain import PlainEncoder, halve, load_plain

WHOLE = 256  # longest side, in pixels, of pictures that the deep encoder is shown as they are; larger ones at half size
DEEP_STYLE = ("relu3_1", "relu4_1")
CONTENT = ("conv3", "conv4", "conv5", "relu3_1", "relu4_1", "relu4_2", "relu5_1")


class TwinEncoder(nn.Module):
    """Two encoders of one picture, their maps side by side: `conv1`, … of the thin, `relu3_1`, … of the deep one.

    Each keeps the other honest. What is optimised against one network finds what that network does not see: by the
    deep one's features alone a painting is full of coloured noise, by the thin one's alone its motifs are short and the
    drawing melts. Content is compared on seven maps of both for the same reason: one of them alone is soon satisfied by
    a picture in which no other network, nor an eye, finds the photo again.
    """

    def __init__(self, thin: PlainEncoder, deep: DeepEncoder, halved: bool = False) -> None:
        super().__init__()
        self.thin, self.deep, self.halved = thin, deep, halved
        self.style_taps = (*thin.style_taps, *DEEP_STYLE)
        self.content_taps = CONTENT
        self.stride = deep.stride * (1 + halved)
        self.reach = deep.reach * (1 + halved)

    def at(self, longest: int) -> TwinEncoder:
        """The encoder for pictures of that longest side, and for parts of them."""
        return TwinEncoder(self.thin, self.deep, longest > WHOLE)

    def forward(self, picture: Tensor) -> dict[str, Tensor]:
        """RGB (B, 3, H, W) in [0, 1] to named maps (B, C, h, w)."""
        found = self.deep(halve(picture) if self.halved else picture)
        taps: dict[str, Tensor] = self.thin(picture)
        return taps | {name: found[name] for name in ("relu3_1", "relu4_1", "relu4_2", "relu5_1")}


def load_twin(thin: dict[str, Tensor], deep: dict[str, Tensor]) -> TwinEncoder:
    """A frozen encoder of two files' weights."""
    return TwinEncoder(load_plain(thin), load_deep(deep)).eval().requires_grad_(False)
