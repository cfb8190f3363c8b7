from __future__ import annotations
import numpy as np, torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor
def fit_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(height, width) scaled so that the longer is `longest`, proportions kept to the nearest pixel."""
    scale = longest / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resize(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures (B, C, H, W) at another (height, width): bilinear, averaged over the area when shrinking."""
    if picture.shape[-2:] == size:
        return picture
    return F.interpolate(picture, size, mode="bilinear", antialias=True, align_corners=False)
def load(path,size=None):
    im=ImageOps.exif_transpose(Image.open(path)).convert('RGB')
    x=torch.from_numpy(np.asarray(im,np.float32)/255).permute(2,0,1)[None]
    return resize(x, fit_size(x.shape[-2:],size)) if size else x
