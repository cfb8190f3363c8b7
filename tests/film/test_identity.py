"""A film's key: another for whatever changes a frame, the same for the same."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from styfie.film.identity import film_key
from styfie.looks import Look, Style
from styfie.settings import Settings

pytest.importorskip("av")
pytest.importorskip("cv2")
PICTURE = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
OTHER: dict[type[Any], dict[str, Any]] = {  # another value of every field
    Look: {
        "styles": (), "strength": 0.5, "color": "keep", "stroke": 2.0, "content": 0.1, "likeness": 0.1,
        "depth_falloff": 0.5, "brush": "oil", "blur": 3.0, "bokeh": "disc", "match": "parts",
    },
    Style: {
        "name": "b", "source": 1 - PICTURE, "weight": 2.0, "mask": PICTURE[:, :1], "small": PICTURE,
        "network": Path(__file__),
    },
    Settings: {
        "size": 64, "quality": "fine", "steps": 7, "seed": 1, "device": "cpu", "engine": "strokes", "encoder": "vgg16",
        "loss": "sliced", "segmenter": "jseg", "start": "noise", "max_memory": 2.0, "radius": 5.0, "lens": "disc",
        "mark": False, "content_weight": 1.0, "tv_weight": 2.0, "evaluations": 7,
        "depth_weight": 1.0,
    },
}  # fmt: skip


def key(file: Path, look: Look | None = None, settings: Settings | None = None, **looks: Look) -> str:
    return film_key(file, looks or {"subject": look or asked()}, settings or Settings(), 0.0, None)


def asked(**style: Any) -> Look:
    return Look((replace(Style("a", PICTURE), **style),))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"frames")
    return file


@pytest.mark.parametrize(("kind", "name"), [(kind, field.name) for kind in OTHER for field in fields(kind)])
def test_every_field_counts(clip: Path, kind: type, name: str) -> None:
    """A new field has to be given another value here."""
    other = {name: OTHER[kind][name]}
    if kind is Settings:
        assert key(clip) != key(clip, settings=replace(Settings(), **other))
    else:
        assert key(clip) != key(clip, replace(asked(), **other) if kind is Look else asked(**other))


def test_files_count_by_what_is_in_them(clip: Path, tmp_path: Path) -> None:
    """The clip, a network that was taught a style, and a segmenter of one's own, trained anew under the same name."""
    network, segmenter = tmp_path / "style.safetensors", tmp_path / "segmenter.safetensors"

    def now() -> tuple[str, str, str]:
        own = Settings(segmenter=str(segmenter))
        return key(clip), key(clip, asked(network=network)), key(clip, settings=own)

    network.write_bytes(b"1")
    segmenter.write_bytes(b"1")
    before = now()
    assert before == now()
    for file, changed in ((network, 1), (segmenter, 2)):
        file.write_bytes(b"2")
        after = now()
        assert [a != b for a, b in zip(before, after, strict=True)] == [n == changed for n in range(3)]
        before = after
    clip.write_bytes(b"other")
    assert all(a != b for a, b in zip(before, now(), strict=True))


def test_which_region_is_which_and_the_span_count(clip: Path) -> None:
    one, two = asked(), asked(weight=2.0)
    assert key(clip, subject=one, background=two) != key(clip, subject=two, background=one)
    spans = {film_key(clip, {}, Settings(), *span) for span in ((0.0, None), (1.0, None), (0.0, 1.0), (0.0, 2.0))}
    assert len(spans) == 4


def test_a_kind_of_value_that_is_new_is_not_passed_over(clip: Path) -> None:
    with pytest.raises(TypeError, match="cannot be made of a set"):
        film_key(clip, {"subject": {1}}, Settings(), 0.0, None)  # type: ignore[dict-item]
