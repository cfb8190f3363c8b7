"""What the interactive worker does, without a process of its own."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from styfie.engines import load_engine
from styfie.engines.fast import paint as fast_paint
from styfie.errors import InputError
from styfie.gallery import PAIRS
from styfie.images import to_image, write_png
from styfie.regions import Regions
from styfie.settings import Settings
from styfie.web.jobs import READ, ResultRequest
from styfie.web.work import interactive
from styfie.web.work.paintings import PREVIEW, REGIONS, load, save, unpainted
from styfie.web.work.results import current_painting

LINE: Any = None  # nothing is told
SETTINGS: dict[str, Any] = {"size": 64, "engine": "fast", "device": "cpu"}


def picture(folder: Path, name: str, pixels: Tensor) -> str:
    write_png(to_image(pixels), folder / name)
    return str(folder / name)


def half() -> Tensor:
    mask = torch.zeros(1, 3, 48, 64)
    mask[..., :32] = 1
    return mask


def nobody(folder: Path) -> None:
    """A photo without a person, as its job has it."""
    photo = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    save(unpainted(photo, Regions(("background",), torch.ones(1, 1, 48, 64), (1.0,))), folder / REGIONS)


@pytest.mark.parametrize("name", ["subject", "background"])
def test_where_nobody_is_a_mask_of_either_makes_somebody(tmp_path: Path, name: str) -> None:
    nobody(tmp_path)
    found = interactive.brush(LINE, str(tmp_path), name, picture(tmp_path, "mask.png", half()))
    assert [region["name"] for region in found] == ["subject", "background"]
    alpha = load(tmp_path / REGIONS).regions["subject"]
    inside = alpha[..., :30] if name == "subject" else alpha[..., 34:]
    assert float(inside.min()) == 1 and abs(float(alpha.mean()) - 0.5) < 0.05
    (first,) = interactive.step(LINE, str(tmp_path), True)
    assert first["name"] == "background", "and it can be undone"


def test_where_nobody_is_a_click_says_what_the_subject_is(tmp_path: Path) -> None:
    photo = torch.full((1, 3, 48, 64), 0.6)
    photo[0, :, 12:36, 36:60] = torch.tensor([0.1, 0.2, 0.8])[:, None, None]
    save(unpainted(photo, Regions(("background",), torch.ones(1, 1, 48, 64), (1.0,))), tmp_path / REGIONS)
    found = interactive.points(LINE, str(tmp_path), "subject", [(0.75, 0.5)], [])
    assert [region["name"] for region in found] == ["subject", "background"]
    matte = load(tmp_path / REGIONS).regions["subject"][0, 0]
    assert float(matte[20:28, 44:52].mean()) > 0.9 and float(matte[:, :20].mean()) < 0.1
    found = interactive.points(LINE, str(tmp_path), "wall", [(0.1, 0.1)], [])
    assert [region["name"] for region in found] == ["subject", "background", "wall"]


def test_a_new_region_with_nothing_inside_is_refused(tmp_path: Path) -> None:
    nobody(tmp_path)
    empty = picture(tmp_path, "mask.png", torch.zeros(1, 3, 48, 64))
    for name in ("subject", "sky"):
        with pytest.raises(InputError, match="nothing inside"):
            interactive.brush(LINE, str(tmp_path), name, empty)


def test_regions_that_are_found_do_not_suffer_from_those_that_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, halves: Regions
) -> None:
    def find(_photo: object, _settings: object, _masks: object, finer: Any, known: Any = None, **_: object) -> Regions:
        if "hat" in finer:
            raise InputError("There is no hat: give a mask with --mask hat=FILE.")
        found = known or halves
        return found.split("subject", finer[0], torch.full((1, 1, 48, 64), 0.25)) if finer else found

    monkeypatch.setattr(interactive, "find_regions", find)
    monkeypatch.setattr(interactive, "parts_of", lambda *_: {"parts": [], "heads": {}})
    picture(tmp_path, READ, torch.rand(1, 3, 48, 64))
    found = interactive.find(LINE, str(tmp_path), READ, SETTINGS, ["hair", "hat", "background", "skin"])
    assert {region["name"] for region in found["regions"]} == {"subject", "background", "hair", "skin"}
    assert found["note"] == "Not found in this photo: hat."


def test_only_layers_of_what_is_asked_are_shown(tmp_path: Path, halves: Regions) -> None:
    """A preview of other styles than those that are asked is no picture of them: until there is one, the photo is."""
    photo = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    save(unpainted(photo, halves), tmp_path / REGIONS)
    looks = {"subject": {"styles": [{"name": "ink", "weight": 1.0}]}}
    assert interactive.preview(LINE, str(tmp_path), looks, {}, SETTINGS, str(tmp_path)) == ["subject"]
    assert (tmp_path / PREVIEW).is_file()
    settings = {"radius": Settings.radius, "lens": Settings.lens}
    for sketched in ((), ("subject",)):
        wanted = ResultRequest(looks, {}, settings, str(tmp_path), (), sketched)
        difference = (current_painting(tmp_path, wanted).render() - load(tmp_path / REGIONS).photo).abs().max()
        assert (float(difference) > 0.1) == bool(sketched)


def test_a_rough_preview_is_painted_small_and_shown_at_the_size_of_the_regions(
    tmp_path: Path, halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    engine = load_engine("fast")

    def painted(photo: Tensor, *given: Any) -> Any:
        sizes.append((*photo.shape[-2:], *given[0].size))
        return engine(photo, *given)

    monkeypatch.setattr(interactive, "load_engine", lambda _name: painted)
    monkeypatch.setattr(interactive, "note_pace", lambda *given: sizes.append(given[-1]))
    photo = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    save(unpainted(photo, halves), tmp_path / REGIONS)
    looks = {"subject": {"styles": [{"name": "ink", "weight": 1.0}]}}
    whole = [(48, 64, 48, 64), (48, 64)]
    for longest, wanted in ((32, [(24, 32, 24, 32)]), (0, whole), (640, whole)):
        sizes.clear()
        interactive.preview(LINE, str(tmp_path), looks, {}, SETTINGS, str(tmp_path), longest)
        found = load(tmp_path / PREVIEW)
        assert sizes == wanted and found.layers.shape == (2, 3, 48, 64)
        assert torch.equal(found.photo, load(tmp_path / REGIONS).photo)


def test_the_styles_of_a_new_photo_are_looked_at_before_it_comes(
    tmp_path: Path, halves: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As files, in the way that a preview reads them."""
    for name in PAIRS[0]:
        picture(tmp_path, f"{name}.png", torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(len(name))))
    known: OrderedDict[Any, Any] = OrderedDict()
    monkeypatch.setattr(fast_paint, "_cached", known)
    interactive.warm_styles(LINE, str(tmp_path), 64)
    before = list(known)
    photo = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    save(unpainted(photo, halves), tmp_path / REGIONS)
    pair = zip(halves.names, PAIRS[0], strict=True)
    looks = {name: {"styles": [{"name": style, "weight": 1.0}]} for name, style in pair}
    interactive.preview(LINE, str(tmp_path), looks, {}, SETTINGS, str(tmp_path))
    assert before and sorted(map(str, known)) == sorted(map(str, before))
