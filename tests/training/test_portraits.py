"""Portraits are placed, pasted and lit; a batch drawn in parts is the batch drawn whole."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from styfie.errors import InputError
from styfie.evaluation.parts import UNLABELLED
from styfie.training.files import Files
from styfie.training.portraits import Pastings, place, relight
from styfie.training.presets import PRESETS, Recipe, load_preset
from styfie.training.readers import PortraitSet
from styfie.training.sampler import Material, Sampler, Several
from tests.training.conftest import TINY

OURS = Recipe(replace(TINY, batch=6), side=32)


def test_placing_without_variation_only_stretches(portraits: Path) -> None:
    portrait = PortraitSet(portraits, "train")[0]
    image, matte, parts = place(portrait, 32)
    assert (image.shape, matte.shape, parts.shape) == ((3, 32, 32), (1, 32, 32), (32, 32))
    assert float((matte[0] - (parts == 1).float()).abs().mean()) < 0.05
    assert float(matte[0, 20, 16]) == pytest.approx(1, abs=0.02)


def test_variations_depend_on_the_seed_alone(portraits: Path) -> None:
    sampler = Sampler(Material([portraits]), OURS)
    a, b, c = (sampler.at(step, range(6)) for step in (0, 0, 1))
    assert torch.equal(a.pictures, b.pictures)
    assert not torch.equal(a.pictures, c.pictures)
    assert float(a.pictures.min()) >= 0
    assert float(a.pictures.max()) <= 1


@pytest.mark.parametrize("varied", [True, False])
def test_rows_drawn_in_parts_are_those_of_the_whole_batch(portraits: Path, varied: bool) -> None:
    sampler = Sampler(Material([portraits]), replace(OURS, varied=varied), [portraits / "backgrounds"])
    for step in range(4):
        whole = sampler.at(step, range(6))
        parts = [sampler.at(step, rows) for rows in (range(2), range(2, 3), range(3, 6))]
        assert torch.equal(torch.cat([part.pictures for part in parts]), whole.pictures)
        assert torch.equal(torch.cat([part.mattes for part in parts]), whole.mattes)
        assert torch.equal(torch.cat([part.parts for part in parts]), whole.parts)


def test_the_papers_pictures_are_shown_as_they_are(portraits: Path) -> None:
    sampler = Sampler(Material([portraits]), Recipe(TINY, side=32, varied=False))
    shown = [place(PortraitSet(portraits, "train")[i], 32) for i in range(3)]
    batch = sampler.at(0, range(2))
    for picture, matte in zip(batch.pictures, batch.mattes, strict=True):
        assert any(torch.equal(picture, image) and torch.equal(matte, (m >= 0.5).float()) for image, m, _ in shown)


def test_pasting_keeps_the_person_and_changes_the_rest(portraits: Path) -> None:
    pastings, portrait = Pastings([Files(portraits)]), PortraitSet(portraits, "train")[1]
    pasted = pastings.onto_new_background(portrait, np.random.default_rng(0))
    person = portrait.matte == 255
    ratio = pasted.image[person].astype(float) / portrait.image[person]
    assert ratio.std(0).max() < 0.02, "one light on the whole person"
    assert np.abs(pasted.image[~person].astype(float) - portrait.image[~person]).mean() > 10
    cutout = pastings.cutout(np.random.default_rng(0))
    assert cutout is not None
    assert set(np.unique(cutout.parts)) == {UNLABELLED}


def test_one_more_person_covers_whoever_is_there(portraits: Path) -> None:
    pastings, portrait = Pastings([Files(portraits)]), PortraitSet(portraits, "train")[0]
    joined = pastings.joined_by(portrait, np.random.default_rng(0))
    new = (joined.parts == UNLABELLED) & (portrait.parts != UNLABELLED)
    assert new.any()
    assert (joined.matte[new] == 255).all()
    assert np.array_equal(joined.image[~new], portrait.image[~new])
    assert (joined.matte >= portrait.matte).all()


def test_relighting_stays_a_picture() -> None:
    batch = torch.rand(16, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    lit = relight(batch, np.random.default_rng(0))
    assert lit.shape == batch.shape
    assert float(lit.min()) >= 0
    assert float(lit.max()) <= 1


def test_sources_are_left_out_by_name(portraits: Path) -> None:
    for kind, suffix in (("image", "jpg"), ("mask", "png")):
        file = portraits / "train" / kind / f"a_0.{suffix}"
        (file.with_name(f"b_0.{suffix}")).write_bytes(file.read_bytes())
    material = Material([portraits], ["a"])
    assert [entry.name for entry in material.learned.entries] == ["b_0"]
    odds = Sampler(material, OURS).odds
    assert odds.tolist() == [0, 0, 0, 1]
    with pytest.raises(InputError, match="no source 'c' to leave out: there are a, b"):
        Material([portraits], ["c"])
    with pytest.raises(InputError, match="Every source"):
        Material([portraits], ["a", "b"])


def test_the_presets_are_as_long_as_they_say() -> None:
    paper = PRESETS["paper"].lengthened(34_427)
    assert paper.schedule.steps * paper.schedule.batch == 10 * 10_000
    assert [paper.side_at(step) for step in (0, paper.schedule.steps - 1)] == [256, 256]
    ours = PRESETS["ours"].lengthened(100)
    assert (ours.pass_size, ours.side_at(0), ours.side_at(2399), ours.side_at(2400)) == (100, 192, 192, 256)
    assert replace(ours, passes=2.0).lengthened(100).schedule.steps == 13, "200 pictures in batches of 16"
    with pytest.raises(InputError, match="multiple of 32"):
        replace(ours, side=100).lengthened(1)
    with pytest.raises(InputError, match="known are ours, finish, paper"):
        load_preset("theirs")


def test_a_cutout_without_its_alpha_is_named_before_the_run(portraits: Path, tmp_path: Path) -> None:
    (portraits / "cutouts/c_alpha.png").rename(tmp_path / "elsewhere.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as pack:
        for file in portraits.rglob("*.*"):
            pack.write(file, file.relative_to(portraits))
    for source in (portraits, tmp_path / "set.zip"):
        with pytest.raises(InputError, match=r"cutouts/c.jpg has no cutouts/c_alpha.png beside it"):
            Pastings([Files(source)])


def test_none_chosen_is_none(portraits: Path) -> None:
    sets = [PortraitSet(portraits, "train")]
    assert len(Several(sets)) == 3
    assert len(Several(sets, [])) == 0
    assert len(Several(sets).without(["a"]).spread(5)) == 0
