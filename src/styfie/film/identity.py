"""What a film depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import styfie
from styfie.engines import weights_used
from styfie.settings import Settings
from styfie.weights import checksums


def film_key(file: Path, looks: Mapping[str, Any], settings: Settings, first: float, end: float | None) -> str:
    """SHA-256 of all that the painted frames depend on."""
    asked = {
        name: [
            *(look.strength, look.color, look.stroke, look.likeness, look.blur, look.bokeh),
            [s.weight for s in look.styles],
        ]
        for name, look in looks.items()
    }
    plain = [
        styfie.__version__,
        torch.__version__,
        asdict(settings),
        asked,
        first,
        end,
        checksums(weights_used(settings)),
    ]
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    for name in sorted(looks):
        for style in looks[name].styles:
            for tensor in (style.picture, style.alpha):
                digest.update(b"none" if tensor is None else tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
