from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import styfie
from styfie import reading
from styfie.engines import optimise, plan
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.pipeline import Request, is_painted, paint_into
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.storage.openraster import read_painting

TINY = Settings(size=64, steps=1, device="cpu")


def halves_of(photo: Tensor) -> Regions:
    """The left half is the subject."""
    height, width = photo.shape[-2:]
    return Regions.of_subject((torch.arange(width) < width // 2).float().expand(1, 1, height, width).clone())


def test_regions_known_already_are_used(portrait: Tensor) -> None:
    started: list[Painting] = []
    given = halves_of(portrait)
    painting = styfie.paint(
        portrait, {"subject": "pop"}, TINY, regions=given, on_start=lambda before: started.append(before)
    )
    expected = given.resize((64, 64))
    assert float((painting.regions.alpha - expected.alpha).abs().max()) <= 0.51 / 255
    assert painting.regions.names == ("subject", "background")
    (before,) = started
    assert all(torch.equal(layer, before.photo[0]) for layer in before.layers), "nothing is painted yet"
    assert torch.equal(before.regions.alpha, painting.regions.alpha)


def test_finer_regions_are_split_off_known_ones_and_masks_laid_over_them(portrait: Tensor) -> None:
    sky = torch.zeros(1, 1, 256, 256)
    sky[..., :64, :] = 1
    looks = {"hair": "pop", "sky": "marble"}
    painting = styfie.paint(portrait, looks, TINY, regions=styfie.segment(portrait), masks={"sky": sky})
    assert painting.regions.names == ("subject", "background", "hair", "sky")
    assert float(painting.regions["sky"][..., :15, :].min()) == 1
    assert float(painting.regions["hair"].sum()) > 0


def test_what_is_kept_of_an_unfinished_run_is_shown_as_small_as_it_is_painted(portrait: Tensor, tmp_path: Path) -> None:
    settings = replace(TINY, size=192, steps=2)
    request = Request({"subject": "pop", "background": "waves"}, settings, regions=halves_of(portrait))
    paint_into(tmp_path, portrait, request, on_progress=lambda one: one.state is None)
    unfinished = read_painting(tmp_path / "unfinished.ora")
    assert max(unfinished.photo.shape[-2:]) == 48, "the first of three scales"
    assert not unfinished.recipe["finished"]


def test_a_large_painting_begins_as_the_one_of_512_pixels(portrait: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only the size: photo, regions and styles are those that a painting of that size would read."""
    for module in (plan, optimise, reading):
        monkeypatch.setattr(module, "BASE_SIZE", 64)
    looks, shown = {"subject": "pop", "background": "waves"}, []
    small = styfie.paint(portrait, looks, replace(TINY, steps=2))
    styfie.paint(portrait, looks, replace(TINY, size=96, steps=2), on_progress=lambda one: shown.append(one.layers))
    assert torch.equal([layers for layers in shown if layers.shape[-1] == 64][-1], small.layers)
    assert shown[-1].shape[-1] == 96


def test_regions_of_another_shape_are_refused(portrait: Tensor) -> None:
    with pytest.raises(InputError, match="256x256"):
        styfie.paint(portrait[..., :128], {"subject": "pop"}, TINY, regions=halves_of(portrait))


def test_grading_wants_depth(portrait: Tensor) -> None:
    depth_falloff = Look((Style("pop"),), depth_falloff=1.0)
    known = halves_of(portrait)
    with pytest.raises(InputError, match="--depth FILE or --depth auto"):
        styfie.paint(portrait, {"background": depth_falloff}, TINY, regions=known)
    bright_is_near = torch.linspace(1, 0, 256).expand(1, 1, 256, 256)
    painting = styfie.paint(portrait, {"background": depth_falloff}, TINY, regions=known, depth=bright_is_near.clone())
    assert painting.recipe["depth"] == "given"
    assert painting.regions.depth is not None
    assert float(painting.regions.depth[..., 0].mean()) < 0.05 < 0.95 < float(painting.regions.depth[..., -1].mean())
    without = replace(known, depth=1 - bright_is_near)
    again = styfie.paint(portrait, {"background": depth_falloff}, TINY, regions=without)
    assert torch.equal(again.render(), painting.render()), "the same depth, known beforehand"


@pytest.mark.slow
def test_stopped_it_goes_on_and_ends_with_the_same_bytes(portrait: Tensor, tmp_path: Path) -> None:
    request = Request({"subject": "pop", "background": "marble"}, Settings(size=64, steps=80, device="cpu"))
    seen: list[Progress] = []

    def stop_after_a_state(progress: Progress) -> bool:
        seen.append(progress)
        return sum(one.state is not None for one in seen) < 2

    stopped, files = paint_into(tmp_path / "a", portrait, request, on_progress=stop_after_a_state)
    assert stopped.recipe["finished"] is False
    assert seen[-1].step < seen[-1].steps
    assert all(file.exists() for file in files), "the best so far"
    assert not is_painted(tmp_path / "a", portrait, request)
    notes: list[str] = []
    steps: list[int] = []
    whole, files = paint_into(
        tmp_path / "a", portrait, request, on_progress=lambda p: steps.append(p.step), on_note=notes.append
    )
    assert len(notes) == 1
    assert notes[0].startswith(f"going on at step {steps[0]} of ")
    assert steps[0] > 1
    unbroken, _ = paint_into(tmp_path / "b", portrait, request)
    assert torch.equal(whole.layers, unbroken.layers)
    for file in files:
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == sorted(file.name for file in files)
    assert is_painted(tmp_path / "a", portrait, request)
    assert not is_painted(tmp_path / "a", portrait.flip(3), request)
    (tmp_path / "b" / "both.png").unlink()
    assert not is_painted(tmp_path / "b", portrait, request), "what was deleted is painted again"
    assert not is_painted(tmp_path / "a", portrait, replace(request, settings=replace(request.settings, seed=1)))


def test_looks_are_in_the_order_of_the_regions(portrait: Tensor) -> None:
    looks = {"background": "marble", "subject": "pop"}
    painting = styfie.paint(portrait, looks, TINY, regions=halves_of(portrait))
    assert list(painting.looks) == ["subject", "background"]


def test_the_recipe_knows_the_likeness_of_a_face(portrait: Tensor) -> None:
    painting = styfie.paint(portrait, {"subject": "pop"}, replace(TINY, size=96))
    likeness = painting.recipe["likeness"]
    assert -1 <= likeness <= 1
    assert likeness == round(likeness, 3)
    known = styfie.paint(portrait, {"subject": "pop"}, TINY, regions=halves_of(portrait))
    assert "likeness" not in known.recipe, "no face is known in these"
