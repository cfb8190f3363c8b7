"""Keys and fingerprints: another for whatever they are of, the same for all the rest; and no field is left out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

import styfie
from styfie.fields import Part, fields_of, is_said, names_of
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.provenance import fingerprint, plain_bytes, run_key, weights_used
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.weights import checksums
from tests.test_painting import make, styled

KINDS = (Look, Style, Settings)


@pytest.fixture
def painting(halves: Regions) -> Painting:
    return make(halves, subject=styled(), background=styled())


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_what_depends_on_it(kind: type) -> None:
    assert names_of(kind) == tuple(field.name for field in fields(kind))
    assert all(field.metadata["since"] in (0, 1, 2) for field in fields_of(kind))


def test_what_belongs_to_the_painting_is_what_engines_read() -> None:
    """Written out once more, by hand: a field that is moved to another part changes keys of runs that are begun."""
    assert names_of(Look, Part.BLEND) == ("strength", "color", "depth_falloff", "blur", "bokeh")
    assert names_of(Style, Part.PAINTING) == ("source", "weight", "mask")
    assert names_of(Settings, Part.BLEND) == ("radius", "lens", "mark")
    assert names_of(Settings, Part.FOUND) == ("device", "segmenter")
    first = [f.name for kind in KINDS for f in fields_of(kind, Part.PAINTING) if f.metadata["since"] == 0]
    assert first == [
        "styles", "stroke", "likeness", "brush", "source", "weight", "mask",
        "size", "quality", "steps", "seed", "engine", "encoder", "loss", "start", "max_memory",
    ]  # fmt: skip


def test_a_field_that_came_later_counts_only_where_it_is_not_as_by_default() -> None:
    (content,) = [field for field in fields(Look) if field.name == "content"]
    assert [is_said(content, value, since=0) for value in (Look.content, 0.9)] == [False, True]
    assert is_said(content, Look.content, since=1)
    (stroke,) = [field for field in fields(Look) if field.name == "stroke"]
    assert is_said(stroke, Look.stroke, since=0)


def test_bytes_are_of_every_field_and_of_what_files_hold(tmp_path: Path) -> None:
    told = [piece.decode() for piece in plain_bytes(Settings())]
    assert [name for name in told if name in names_of(Settings)] == [
        f.name for f in fields_of(Settings) if f.metadata["since"] < 2
    ]
    file = tmp_path / "style.safetensors"
    file.write_bytes(b"1")
    before = list(plain_bytes(file))
    file.write_bytes(b"2")
    assert before != list(plain_bytes(file))


def test_the_key_knows_what_matters(halves: Regions) -> None:
    photo, style = torch.full((1, 3, 48, 64), 0.5), torch.full((1, 3, 32, 32), 0.25)
    looks, settings = {"subject": Look((Style("red", style),)), "background": Look()}, Settings(device="cpu")
    known = {run_key(photo, halves, looks, settings)}

    def differs(
        photo: torch.Tensor = photo,
        regions: Regions = halves,
        look: Look = looks["subject"],
        settings: Settings = settings,
    ) -> bool:
        key = run_key(photo, regions, {"subject": look, "background": Look()}, settings)
        new = key not in known
        known.add(key)
        return new

    other = photo.clone()
    other[0, 0, 3, 5] += 1e-6
    half = style[:, :1]
    assert not differs()
    assert not differs(look=replace(looks["subject"], blur=9, bokeh="disc"))
    assert not differs(settings=replace(settings, lens="disc"))
    assert not differs(settings=replace(settings, mark=False))
    assert differs(photo=other)
    assert differs(regions=Regions.of_subject(halves["subject"] * 0.5))
    assert differs(regions=replace(halves, face=half.new_zeros(1, 1, 48, 64)))
    assert differs(regions=replace(halves, depth=half.new_zeros(1, 1, 48, 64)))
    assert differs(regions=replace(halves, names=("subject", "behind")))
    assert differs(look=Look((Style("red", style + 0.1),)))
    assert differs(look=Look((Style("red", style, 2.0),)))
    assert differs(look=Look((Style("red", style, 1.0, half),)))
    assert differs(look=Look((Style("red", style), Style("red", style))))
    assert differs(look=Look((Style("red", style),), stroke=2))
    assert differs(look=Look((Style("red", style),), likeness=1))
    assert differs(look=Look())
    assert differs(settings=replace(settings, seed=1))
    assert differs(settings=replace(settings, steps=3))
    assert differs(settings=replace(settings, start="noise"))
    assert differs(settings=replace(settings, engine="classic"))
    assert differs(settings=replace(settings, loss="other"))


def test_the_key_knows_not_what_only_changes_the_blend(halves: Regions) -> None:
    photo, style = torch.full((1, 3, 48, 64), 0.5), Style("red", torch.full((1, 3, 32, 32), 0.25))
    key = run_key(photo, halves, {"subject": Look((style,))}, Settings(device="cpu"))
    for look in (Look((style,), strength=0.5), Look((style,), color="luma"), Look((style,), depth_falloff=0.5)):
        assert run_key(photo, halves, {"background": Look(), "subject": look}, Settings(radius=3, device="cpu")) == key
    renamed = Style("rot", style.picture)
    assert run_key(photo.clone(), halves, {"subject": Look((renamed,))}, Settings(device="cpu")) == key


def test_quality_counts_only_where_it_decides_the_steps_and_content_only_off_its_middle(painting: Painting) -> None:
    def key(content: float = 0.5, **changes: Any) -> str:
        looks = {name: replace(look, content=content) for name, look in painting.looks.items()}
        return run_key(painting.photo, painting.regions, looks, Settings(**changes))

    assert key(steps=9) == key(steps=9, quality="fine")
    assert len({key(), key(quality="fine"), key(content=0.6), key(encoder="styfie-1")}) == 4


def test_a_run_from_before_there_were_two_encoders_has_the_key_it_had(painting: Painting) -> None:
    """As it was computed then, written out: its state is found and gone on with."""
    settings = Settings(size=64, steps=40, encoder="styfie-1", loss="gram", device="cpu")
    then = {
        "size": 64, "steps": 40, "seed": 0, "engine": "optimise", "encoder": "styfie", "loss": "gram",
        "start": "photo", "max_memory": 4.0,
    }  # fmt: skip
    plain = {
        "styfie": styfie.__version__,
        "torch": torch.__version__,
        "settings": then,
        "device": "cpu",
        "weights": checksums(["encoder", "segmenter", "parts"]),
        "regions": [painting.regions.names, painting.regions.sides],
        "looks": {n: [1.0, 0.5, "auto", [s.weight for s in k.styles]] for n, k in painting.looks.items() if k.styles},
    }
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    styles = [s for n in sorted(painting.looks) for s in painting.looks[n].styles]
    pictures = [one for style in styles for one in (style.picture, style.alpha)]
    for tensor in (painting.photo, painting.regions.alpha, painting.regions.face, painting.regions.depth, *pictures):
        digest.update(b"none" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        if tensor is not None:
            digest.update(tensor.contiguous().numpy().tobytes())
    assert run_key(painting.photo, painting.regions, painting.looks, settings) == digest.hexdigest()


def test_a_fingerprint_is_of_everything_asked() -> None:
    photo, style = torch.rand(1, 3, 40, 40), Style("s", torch.rand(1, 3, 40, 40))
    look, settings, weights = Look((style,)), Settings(), {"encoder": "abc"}
    base = fingerprint(photo, {"subject": look, "hair": look}, settings, None, weights)
    assert base == fingerprint(photo.clone(), {"hair": look, "subject": look}, settings, None, weights)
    half = replace(style, mask=torch.ones(1, 1, 40, 40))
    others = [
        fingerprint(photo + 1e-6, {"subject": look, "hair": look}, settings, None, weights),
        fingerprint(photo, {"subject": look}, settings, None, weights),
        fingerprint(photo, {"subject": look, "hair": look}, replace(settings, seed=1), None, weights),
        fingerprint(photo, {"subject": look, "hair": look}, settings, "auto", weights),
        fingerprint(photo, {"subject": look, "hair": look}, settings, None, {"encoder": "abd"}),
    ]
    changed = [replace(look, **change) for change in ({"strength": 0.5}, {"color": "keep"}, {"likeness": 0.1})]
    changed += [replace(look, styles=(one,)) for one in (half, replace(style, weight=2.0), replace(style, name="t"))]
    others += [fingerprint(photo, {"subject": one, "hair": look}, settings, None, weights) for one in changed]
    assert len({base, *others}) == 1 + len(others)


def test_a_network_that_was_trained_anew_is_another_request(tmp_path: Path) -> None:
    photo, file = torch.rand(1, 3, 40, 40), tmp_path / "style.safetensors"
    looks = {"subject": Look((Style("s", torch.rand(1, 3, 40, 40), network=file),))}
    file.write_bytes(b"1")
    before = fingerprint(photo, looks, Settings(), None, {})
    assert before == fingerprint(photo, looks, Settings(), None, {})
    file.write_bytes(b"2")
    assert before != fingerprint(photo, looks, Settings(), None, {})


def test_the_depth_network_counts_where_it_is_looked_through() -> None:
    assert "depth" in weights_used(Settings(depth_weight=1.0))
    assert "depth" not in weights_used(Settings())


def test_a_run_names_the_weights_of_its_segmenter() -> None:
    assert {"segmenter", "parts"} <= set(weights_used(Settings()))
    free = weights_used(Settings(segmenter="portrait-free"))
    assert "segmenter" in free and "parts" not in free
