"""Portraits are placed, pasted and lit; a batch drawn in parts is the batch drawn whole."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from styfie.errors import InputError
from styfie.evaluation.parts import UNLABELLED
from styfie.training.files import Files
from styfie.training.loop import CPU
from styfie.training.pairs import draw_pairs
from styfie.training.portraits import Light, Pastings, as_jpeg, draw_light, draw_placing, place, put_side_by_side
from styfie.training.presets import PRESETS, TrainingPreset, load_preset
from styfie.training.readers import Portrait, PortraitSet
from styfie.training.sampler import Material, Sampler, Several
from tests.training.conftest import TINY

OURS = TrainingPreset(replace(TINY, batch=6), side=32)


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
    assert a.pictures.dtype == torch.uint8
    seen = a.to(CPU)
    assert float(seen.pictures.max()) <= 1 and torch.equal((seen.pictures * 255).round(), a.pictures.float())
    assert torch.equal(seen.to(CPU).mattes, seen.mattes) and seen.parts.dtype == torch.int64


@pytest.mark.parametrize("varied", [True, False])
def test_rows_drawn_in_parts_are_those_of_the_whole_batch(portraits: Path, varied: bool) -> None:
    sampler = Sampler(Material([portraits]), replace(OURS, varied=varied), [portraits / "backgrounds"])
    for step in range(4):
        whole = sampler.at(step, range(6))
        assert len(sampler.at(step, range(4, 60)).pictures) == OURS.schedule.batch - 4, "rows that it has not are none"
        parts = [sampler.at(step, rows) for rows in (range(2), range(2, 3), range(3, 6))]
        assert torch.equal(torch.cat([part.pictures for part in parts]), whole.pictures)
        assert torch.equal(torch.cat([part.mattes for part in parts]), whole.mattes)
        assert torch.equal(torch.cat([part.parts for part in parts]), whole.parts)


def test_the_papers_pictures_are_shown_as_they_are(portraits: Path) -> None:
    sampler = Sampler(Material([portraits]), TrainingPreset(TINY, side=32, varied=False))
    shown = [place(PortraitSet(portraits, "train")[i], 32) for i in range(3)]
    batch = sampler.at(0, range(2)).to(CPU)
    for picture, matte in zip(batch.pictures, batch.mattes, strict=True):
        alike = [float((picture - image).abs().max()) < 0.51 / 255 for image, _, _ in shown]
        assert any(
            same and torch.equal(matte, (m >= 0.5).float()) for same, (_, m, _) in zip(alike, shown, strict=True)
        )


def test_a_subset_is_the_same_whatever_the_order(portraits: Path) -> None:
    everything = Material([portraits]).learned
    names = {entry.image for entry in everything.entries}
    two = {entry.image for entry in everything.chosen(2).entries}
    turned = Several(everything.sets, [(0, 2), (0, 0), (0, 1)])
    assert two == {entry.image for entry in turned.chosen(2).entries} < names and len(two) == 2
    assert {entry.image for entry in everything.chosen(1).entries} < two, "more are these and others"
    assert everything.chosen(3) is everything


def test_pairs_are_photos_beside_the_person_on_white(portraits: Path, tmp_path: Path) -> None:
    draw_pairs(Material([portraits]).learned, tmp_path / "pairs.png")
    with Image.open(tmp_path / "pairs.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    gap, cell, high = 16, 192, 144  # 64 x 48 enlarged three times
    photo, masked = (pixels[gap : gap + high, at : at + cell] for at in (gap, gap + cell + gap))
    inside, outside = (slice(40, 130), slice(75, 120)), (slice(5, 18), slice(5, 50))
    assert np.abs(photo[inside] - masked[inside]).max() <= 2
    assert masked[outside].min() > 250 > photo[outside].min()


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


def flat(colour: int, size: tuple[int, int], person: slice, part: int) -> Portrait:
    """A picture of one colour in which some columns are a person of one part."""
    matte, parts = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    matte[:, person], parts[:, person] = 255, part
    return Portrait("flat_0", size, lambda: (np.full((*size, 3), colour, np.uint8), matte, parts))


def test_of_two_beside_each_other_the_right_one_is_before_the_left() -> None:
    left, right = flat(60, (40, 80), slice(50, 80), 2), flat(200, (80, 160), slice(40, 120), 3)
    widths = set()
    for seed in range(30):
        both = put_side_by_side(left, right, np.random.default_rng(seed))
        widths.add(both.size[1])
        at = both.size[1] - 80  # the right one, as high as the left one, is half as wide as it was
        assert both.size[0] == 40 and 53 <= at <= 80
        assert both.image.shape == (*both.size, 3) and both.matte.shape == both.parts.shape == both.size
        shown = np.full(both.size[1], 60)
        shown[80:] = 200
        shown[at + 20 : at + 60] = 200
        assert (np.abs(both.image[20, :, 0].astype(int) - shown) > 8).sum() <= 4, "but for the soft edges"
        person = np.zeros(both.size[1], bool)
        person[50:80] = person[at + 20 : at + 60] = True
        assert ((both.matte[20] > 127) != person).sum() <= 2
        assert set(np.unique(both.parts)) == {0, 2, 3} and set(both.parts[20, at + 22 : at + 58]) == {3}
        assert set(both.parts[20, 50 : min(80, at + 18)]) == {2}
    assert len(widths) > 5 and max(widths) > 155, "they overlap more or less"


def test_pairs_are_drawn_where_they_are_asked_for(portraits: Path) -> None:
    """And whoever asks for none has the same chance as before."""
    material = Material([portraits])
    wide = {
        portrait.size[1] / portrait.size[0]
        for portrait in map(material.learned.__getitem__, range(len(material.learned)))
    }
    none, some, all_ = (Sampler(material, TrainingPreset(TINY, paired=share)) for share in (0.0, 0.5, 1.0))
    shapes = [[one.draw(np.random.default_rng(seed)).size for seed in range(60)] for one in (none, some, all_)]
    paired = [sum(w / h > max(wide) for h, w in each) for each in shapes]
    assert paired[0] == 0 and 15 < paired[1] < 45 and paired[2] == 60


def test_relighting_stays_a_picture() -> None:
    picture, rng = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(0)), np.random.default_rng(0)
    before = picture.clone()
    lit = torch.stack([draw_light(rng).on(picture) for _ in range(40)])
    assert torch.equal(picture, before), "the picture itself stays as it is"
    assert lit.shape == (40, 3, 24, 24) and lit.dtype == torch.float32 and not torch.equal(lit[0], lit[1])
    assert float(lit.min()) >= 0
    assert float(lit.max()) <= 1


def test_pictures_are_left_out_by_words_in_their_paths(portraits: Path) -> None:
    for kind, suffix in (("image", "jpg"), ("mask", "png")):
        file = portraits / "train" / kind / f"a_0.{suffix}"
        (file.with_name(f"b_0.{suffix}")).write_bytes(file.read_bytes())
    material = Material([portraits], ["a_", "b.jpg"])
    assert [entry.name for entry in material.learned.entries] == ["b_0"]
    assert len(material.learning) == 4 and len(material.held_out) == 3, "they are scored on all the same"
    sampler = Sampler(material, OURS, [portraits])
    assert {sampler.any_portrait(np.random.default_rng(seed)).name for seed in range(9)} == {"b_0"}
    assert not any(name.endswith("b.jpg") for scenes in sampler.pastings.scenes for name in scenes.names)
    material.check_words([portraits])
    with pytest.raises(InputError, match=r"'b.jpg' in its path to leave out: sources are a, b"):
        material.check_words()
    with pytest.raises(InputError, match="Every portrait is left out"):
        Material([portraits], ["a_", "b_"])


def test_people_far_away_are_small_and_whole(portraits: Path) -> None:
    pastings, portrait = Pastings([Files(portraits)]), PortraitSet(portraits, "train")[0]
    drawn = [pastings.far_away(portrait, np.random.default_rng(seed)) for seed in range(40)]
    before = float((portrait.matte / 255).sum())
    scales = np.array([((one.matte / 255).sum() / before) ** 0.5 for one in drawn])
    assert 0.1 < scales.min() < 0.2 and 0.5 < scales.max() < 0.65
    for one in drawn:
        assert one.size == portrait.size == one.matte.shape
        assert ((one.parts == 1) <= (one.matte > 0)).mean() > 0.99, "labels go with the person"
    inside = drawn[0].matte == 255
    assert np.abs(drawn[0].image[inside] / np.array([200, 150, 120]) - 1).max() < 0.35, "the person's own colour"


def test_what_is_before_a_person_is_nobody(portraits: Path) -> None:
    pastings, portrait = Pastings([Files(portraits)]), PortraitSet(portraits, "train")[0]
    for seed in range(12):
        hidden = pastings.covered(portrait, np.random.default_rng(seed))
        changed = (hidden.image != portrait.image).any(2)
        assert changed.any()
        assert not (hidden.matte[~changed] != portrait.matte[~changed]).any()
        assert (hidden.matte <= portrait.matte).all() and not hidden.parts[changed & (hidden.parts != UNLABELLED)].any()


def test_some_are_against_the_light(portraits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person alone is darker, the rest is as it was."""
    monkeypatch.setattr("styfie.training.sampler.draw_light", lambda *_: Light())
    monkeypatch.setattr("styfie.training.sampler.BACKLIT", 0.0)
    plain = Sampler(Material([portraits]), OURS).at(3, range(6)).to(CPU)
    monkeypatch.setattr("styfie.training.sampler.BACKLIT", 1.0)
    dark = Sampler(Material([portraits]), OURS).at(3, range(6)).to(CPU)
    person, rest = plain.mattes == 1, plain.mattes == 0
    assert torch.equal(plain.mattes, dark.mattes)
    for one in range(6):
        there, else_ = (where[one].expand(3, -1, -1) for where in (person, rest))
        assert torch.allclose(plain.pictures[one][else_], dark.pictures[one][else_], atol=1.01 / 255)
        shares = dark.pictures[one][there] / plain.pictures[one][there].clamp_min(1e-3)
        assert not there.any() or 0.25 <= float(shares.median()) <= 0.7


def test_the_presets_are_as_long_as_they_say() -> None:
    paper = PRESETS["paper"].lengthened(34_427)
    assert paper.schedule.steps * paper.schedule.batch == 10 * 10_000
    assert [paper.side_at(step) for step in (0, paper.schedule.steps - 1)] == [256, 256]
    assert paper.subset == 10_000
    ours = PRESETS["ours"].lengthened(100)
    assert (ours.pass_size, ours.side_at(0), ours.side_at(2399), ours.side_at(2400)) == (100, 192, 192, 256)
    assert replace(ours, passes=2.0).lengthened(100).schedule.steps == 13, "200 pictures in batches of 16"
    scratch = replace(PRESETS["scratch"], side=192).lengthened(100)
    assert [scratch.side_at(step) for step in (0, 3299, 3301, 5519, 5521)] == [96, 96, 128, 128, 192]
    with pytest.raises(InputError, match="multiple of 32"):
        replace(ours, side=100).lengthened(1)
    with pytest.raises(InputError, match="known are ours, finish, scratch, long, paper"):
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


def test_people_are_placed_within_what_is_said() -> None:
    """Mirrored half the time, 0.7 to 1.8 times as large, turned by 7 degrees (standard deviation), a little squeezed.

    Some lie, and more of them are upside down.

    What moves them stays within the room that a larger picture has, and within a tenth where it has none.
    """
    rng = np.random.default_rng(0)
    drawn = np.stack([draw_placing(rng).numpy() for _ in range(3000)]).astype(np.float64)
    turns, moved = drawn[..., :2], drawn[..., 2]
    areas = np.linalg.det(turns)
    scale = np.abs(areas) ** -0.5
    assert 0.7 <= scale.min() < 0.71 and 1.78 < scale.max() <= 1.8001
    assert np.median(scale) == pytest.approx((0.7 * 1.8) ** 0.5, abs=0.03), "as often smaller as larger"
    assert np.mean(areas < 0) == pytest.approx(0.5, abs=0.03)
    squeezed = np.linalg.norm(turns[..., 0], axis=1) / np.linalg.norm(turns[..., 1], axis=1)  # width by height
    assert np.exp(-0.4) <= squeezed.min() < 0.69 and 1.45 < squeezed.max() <= np.exp(0.4) + 1e-6
    angle = np.rad2deg(np.arctan2(-turns[:, 0, 1], turns[:, 1, 1]))
    upright = angle[np.abs(angle) < 45]
    assert upright.std() == pytest.approx(7, abs=0.4) and abs(upright.mean()) < 0.5
    assert len(upright) / len(angle) == pytest.approx(0.95, abs=0.015)
    assert np.mean(np.abs(angle) > 135) == pytest.approx(0.03, abs=0.01)
    room = np.maximum(0.1, 1 - 1 / scale)
    assert (np.abs(moved) <= room[:, None] + 1e-6).all() and (np.abs(moved) / room[:, None]).max() > 0.99
    assert np.abs(moved.mean(0)).max() < 0.02


def test_a_large_portrait_is_reduced_before_it_is_sampled() -> None:
    """Stripes of one pixel become grey, at whatever scale they are shown, and not other stripes."""
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    flat = np.zeros((256, 256), np.uint8)
    portrait = Portrait("stripes", (256, 256), lambda: (stripes, flat, flat))
    for theta in (None, torch.tensor([[0.7, 0, 0], [0, 0.7, 0]])):
        image, _, _ = place(portrait, 64, theta)
        assert float((image - 0.5).abs().max()) < 0.06
    whole, _, _ = place(portrait, 256)
    assert float((whole[0] - torch.from_numpy(stripes[..., 0]).float() / 255).abs().max()) < 1e-4


def test_jpeg_is_pillows() -> None:
    picture = torch.rand(3, 16, 24, generator=torch.Generator().manual_seed(0))
    kept, spoilt = as_jpeg(picture, 95), as_jpeg(picture, 15)
    assert kept.shape == picture.shape and float(kept.max()) <= 1
    assert float((kept - picture).abs().mean()) < float((spoilt - picture).abs().mean())
    assert float((kept.mean() - picture.mean()).abs()) < 0.01


MEANS = [
    0.666,
    0.667,
    0.55,
    0.776,
    0.557,
    0.693,
    0.784,
    0.568,
    0.692,
    0.673,
    0.666,
    0.823,
    0.758,
    0.671,
    0.679,
    0.672,
    0.665,
    0.537,
    0.389,
    0.667,
    0.663,
    0.696,
    0.538,
    0.685,
    0.806,
    0.617,
    0.66,
    0.762,
    0.532,
    0.566,
    0.674,
    0.73,
    0.483,
    0.54,
    0.541,
    0.154,
]
SPREADS = [
    0.103,
    0.231,
    0.263,
    0.22,
    0.089,
    0.167,
    0.183,
    0.37,
    0.065,
    0.232,
    0.237,
    0.136,
    0.163,
    0.232,
    0.118,
    0.117,
    0.281,
    0.267,
    0.177,
    0.233,
    0.23,
    0.139,
    0.19,
    0.218,
    0.22,
    0.058,
    0.235,
    0.291,
    0.208,
    0.316,
    0.237,
    0.257,
    0.095,
    0.238,
    0.146,
    0.062,
]


def test_light_is_what_it_was_when_the_built_in_network_was_taught() -> None:
    """The means of pictures, and how far their pixels lie apart: who changes this teaches another network."""
    batch, rng = torch.rand(36, 3, 24, 24, generator=torch.Generator().manual_seed(0)).sqrt(), np.random.default_rng(0)
    lit = torch.stack([draw_light(rng).on(picture) for picture in batch])
    assert lit.mean((1, 2, 3)).tolist() == pytest.approx(MEANS, abs=2e-3)
    assert lit.std((1, 2, 3)).tolist() == pytest.approx(SPREADS, abs=2e-3)
