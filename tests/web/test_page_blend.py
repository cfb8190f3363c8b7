"""What the page's compositor is held to: `page/blend.json`, from which `page/blend.test.js` blends once more.

`python -m tests.web.test_page_blend` writes it anew.
"""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.storage.openraster import as_stored
from styfie.web.work.paintings import REGIONS, save
from styfie.web.work.results import soft
from styfie.web.workers import WorkerChannel

FILE = Path(__file__).with_name("page") / "blend.json"
NAMES = ("subject", "background", "hair")
HEIGHT, WIDTH = 12, 17
STYLE = (Style("s", torch.zeros(1, 3, 8, 8)),)
CASES: dict[str, dict[str, Look]] = {
    "none": {},
    "one": {"background": Look(STYLE, 0.75)},
    "two": {"subject": Look(STYLE), "background": Look(STYLE)},
    "unequal": {"subject": Look(STYLE, 0.25), "background": Look(STYLE), "hair": Look(STYLE, 0.6)},
    "hidden": {"subject": Look(STYLE, 0.0), "hair": Look(STYLE)},
    "blurred": {"background": Look(blur=40.0)},
    "blurred beside painted": {"hair": Look(STYLE, 0.9), "background": Look(blur=40.0), "subject": Look(STYLE)},
}


def painting() -> Painting:
    """Three regions with soft borders, two of which cross, and layers that are nothing like each other."""
    generator = torch.Generator().manual_seed(0)
    photo, *layers = (torch.randint(0, 256, (4, 1, 3, HEIGHT, WIDTH), generator=generator) / 255).unbind()
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    person, hair = ((12 - x) / 5).clamp(0, 1), ((7 - y) / 3).clamp(0, 1)
    alpha = torch.stack([person * (1 - hair), 1 - person, person * hair])[:, None]
    return Painting(photo, as_stored(Regions(NAMES, alpha, (1.0, 1.0, 1.0))), torch.cat(layers), {})


def levels(picture: Tensor) -> str:
    """A picture (1, 3, H, W) as RGBA of 8 bits, base64."""
    rgb = picture[0].mul(255).round().byte().permute(1, 2, 0)
    return b64encode(torch.cat([rgb, torch.full_like(rgb[..., :1], 255)], -1).numpy().tobytes()).decode()


def described() -> dict[str, Any]:
    """The photo, its regions, and for each case the layers and the picture of the library (RGB in levels of 8 bits)."""
    whole = painting()
    with TemporaryDirectory() as folder:
        save(whole, Path(folder) / REGIONS)
        held = soft(cast(WorkerChannel, None), folder)
    cases = []
    for called, looks in CASES.items():
        painted = [
            {
                "index": NAMES.index(name),
                "strength": look.strength,
                "styled": bool(look.styles),
                "layer": levels(whole.layer(name, look)),
            }
            for name, look in looks.items()
        ]
        wanted = whole.render(looks)[0].mul(255).permute(1, 2, 0).flatten()
        cases.append({"called": called, "painted": painted, "wanted": [round(float(v), 3) for v in wanted]})
    mattes = whole.regions.alpha.mul(255).flatten(1).round().int().tolist()
    return {"photo": levels(whole.photo), "soft": b64encode(held).decode(), "mattes": mattes, "cases": cases}


def floats_from(data: bytes) -> int:
    """Where the numbers begin in `soft.bin` that may differ in their last bits from one machine to the next."""
    width, height, _regions, count = struct.unpack("<4I", data[:16])
    return int((16 + width * height + 3) // 4 * 4 + 4 * count)


def test_the_pictures_that_the_page_is_held_to_are_the_library_s() -> None:
    kept, now = json.loads(FILE.read_text()), described()
    for which in ("photo", "mattes"):
        assert kept[which] == now[which]
    there, here = b64decode(kept["soft"]), b64decode(now["soft"])
    at = floats_from(here)
    assert there[:at] == here[:at] and len(there) == len(here)
    assert np.allclose(np.frombuffer(there, "<f4", offset=at), np.frombuffer(here, "<f4", offset=at), atol=1e-4)
    assert [case["called"] for case in kept["cases"]] == list(CASES)
    for one, other in zip(kept["cases"], now["cases"], strict=True):
        assert np.allclose(one["wanted"], other["wanted"], atol=0.05), one["called"]
        for there_, here_ in zip(one["painted"], other["painted"], strict=True):
            layers = [np.frombuffer(b64decode(layer["layer"]), np.uint8).astype(int) for layer in (there_, here_)]
            assert np.abs(layers[0] - layers[1]).max() <= 1, one["called"]
            assert {**there_, "layer": ""} == {**here_, "layer": ""}


if __name__ == "__main__":
    FILE.write_text(json.dumps(described(), separators=(",", ":")) + "\n")
