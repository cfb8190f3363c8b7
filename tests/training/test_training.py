"""Training on tiny made-up data: it learns, resumes to the bit, and says what is missing."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from styfie.encoders.plain import PlainEncoder
from styfie.errors import InputError, MissingError
from styfie.training.encoder import feature_loss, fold, load_reference, train_encoder, whiten
from styfie.training.loop import Schedule, fit
from styfie.training.pictures import PictureSet, random_crop
from styfie.training.portraits import UNLABELLED, Pastings, PortraitSet, place, relight
from styfie.training.segmenter import Sampler, matte_loss, score_segmenter, train_segmenter

TINY = Schedule(steps=6, batch=2, learning_rate=1e-3, log_every=2, save_every=3, bf16=False)


def picture(seed: int, size: int = 64) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(60):
        picture(i).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    for split in ("train", "val"):
        for kind in ("image", "mask", "parsing"):
            (tmp_path / "people" / split / kind).mkdir(parents=True)
        for i in range(3):
            mask = Image.new("L", (64, 48))
            mask.paste(255, (20, 8, 44, 48))
            image = picture(i, 64).resize((64, 48))
            image.paste((200, 150, 120), mask=mask)
            image.save(tmp_path / "people" / split / "image" / f"a_{i}.jpg")
            mask.save(tmp_path / "people" / split / "mask" / f"a_{i}.png")
        mask.point(lambda v: v // 255).save(tmp_path / "people" / split / "parsing" / "a_0.png")
    for kind in ("cutouts", "backgrounds"):
        (tmp_path / "people" / kind).mkdir()
    picture(9).save(tmp_path / "people/backgrounds/b.jpg")
    picture(8, 40).save(tmp_path / "people/cutouts/c.jpg")
    Image.new("L", (40, 40), 255).save(tmp_path / "people/cutouts/c_alpha.png")
    return tmp_path / "people"


class Line(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(()))


def fit_line(folder: Path, steps: int, stop: int | None = None) -> Line:
    torch.manual_seed(0)
    line = Line()

    def batch_at(step: int) -> Tensor:
        if step == stop:
            raise KeyboardInterrupt
        return torch.rand(8, generator=torch.Generator().manual_seed(step))

    def loss_of(x: Tensor) -> dict[str, Tensor]:
        return {"total": ((line.slope - 3) * x).square().mean()}

    schedule = replace(TINY, steps=steps, learning_rate=0.3, average=0.5)
    found = fit(line, batch_at, loss_of, schedule, folder)
    assert isinstance(found, Line)
    return found


def test_the_loop_learns(tmp_path: Path) -> None:
    assert fit_line(tmp_path, 100).slope.item() == pytest.approx(3, abs=0.05)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 100
    assert log[-1]["total"] < 0.01 * log[0]["total"]


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole = fit_line(tmp_path / "whole", 20)
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path / "stopped", 20, stop=11)
    assert (tmp_path / "stopped" / "checkpoint.pt").exists()
    assert torch.equal(fit_line(tmp_path / "stopped", 20).slope, whole.slope)


def test_pictures_from_folder_and_pack_are_the_same(pictures: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as pack:
        for file in pictures.iterdir():
            pack.write(file, file.name)
    folder, pack_set = PictureSet(pictures), PictureSet(tmp_path / "pack.zip")
    assert len(folder) == len(pack_set)
    assert np.array_equal(folder[3], pack_set[3])


def test_held_out_pictures_are_others(pictures: Path) -> None:
    learning, held = PictureSet(pictures), PictureSet(pictures, held_out=True)
    assert len(learning) + len(held) == 60
    assert not set(learning.names) & set(held.names)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="none"):
        PictureSet(tmp_path / "none")
    with pytest.raises(InputError, match="no JPEG"):
        PictureSet(tmp_path)
    with pytest.raises(MissingError, match="image/NAME"):
        PortraitSet(tmp_path)
    with pytest.raises(MissingError, match="--teacher"):
        load_reference(tmp_path / "none.safetensors")


def test_crops_are_square_and_of_the_asked_size() -> None:
    pixels = np.asarray(picture(0, 96))[:70]
    for seed in range(20):
        assert random_crop(pixels, 32, np.random.default_rng(seed)).shape == (32, 32, 3)
    assert random_crop(pixels[:20, :20], 32, np.random.default_rng(0)).shape == (32, 32, 3)


def test_the_reference_is_read_as_published(tmp_path: Path) -> None:
    """Against the published form: zero padding inside, RGB in [0, 1] without shift."""
    torch.manual_seed(0)
    state = {"conv1.weight": torch.randn(4, 3, 3, 3), "conv1.bias": torch.randn(4)}
    state |= {"conv2.weight": torch.randn(6, 4, 3, 3), "conv2.bias": torch.randn(6)}
    save_file(state, tmp_path / "r.safetensors")
    found = load_reference(tmp_path / "r.safetensors")(x := torch.rand(1, 3, 16, 16))
    first = nn.functional.leaky_relu(
        nn.functional.conv2d(x, state["conv1.weight"], state["conv1.bias"], padding=1), 0.1
    )
    assert torch.allclose(found["conv1"][..., 1:-1, 1:-1], first[..., 1:-1, 1:-1], atol=1e-4)
    pooled = nn.functional.avg_pool2d(first, 2)
    second = nn.functional.conv2d(pooled, state["conv2.weight"], state["conv2.bias"], padding=1)
    assert torch.allclose(
        found["conv2"][..., 2:-2, 2:-2], nn.functional.leaky_relu(second, 0.1)[..., 2:-2, 2:-2], atol=1e-3
    )


def test_whitened_convolutions_fold_into_ordinary_ones() -> None:
    torch.manual_seed(0)
    encoder = PlainEncoder((4, 6))
    whiten(encoder, batch := torch.rand(4, 3, 16, 16))
    with torch.no_grad():
        for a, b in zip(encoder(batch).values(), fold(encoder)(batch).values(), strict=True):
            assert torch.allclose(a, b, atol=1e-4)


def test_feature_loss_is_relative() -> None:
    wanted = [torch.randn(2, 4, 8, 8)]
    assert float(feature_loss(wanted, wanted)["total"]) == 0
    means = [torch.full_like(wanted[0], float(wanted[0].mean()))]
    assert float(feature_loss(means, wanted)["total"]) == pytest.approx(1, abs=0.01)


def test_an_encoder_is_trained(pictures: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    reference = PlainEncoder((4, 8))
    names = {f"conv{i}.{k}": v for i, c in enumerate(reference.convs, 1) for k, v in c.state_dict().items()}
    save_file(names, tmp_path / "r.safetensors")
    schedule = replace(TINY, steps=40, learning_rate=3e-2, average=0.9)
    encoder, scores = train_encoder([pictures], tmp_path / "r.safetensors", tmp_path / "run", schedule, (8, 12))
    assert encoder.widths == (8, 12)
    assert scores["tap1"] < 0.9, "better than the mean"
    assert set(scores) == {"tap1", "tap2", "total"}


def test_matte_loss_knows_its_minimum() -> None:
    mattes = (torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    good, bad = (matte_loss((2 * mattes - 1) * scale, mattes) for scale in (30.0, -30.0))
    assert float(good["entropy"]) < 1e-6
    assert float(good["jaccard"]) < 0.01
    assert float(bad["jaccard"]) > 0.9


def test_placing_without_variation_only_stretches(portraits: Path) -> None:
    portrait = PortraitSet(portraits / "train")[0]
    image, matte, parts = place(portrait, 32, np.random.default_rng(0), vary=False)
    assert (image.shape, matte.shape, parts.shape) == ((3, 32, 32), (1, 32, 32), (32, 32))
    assert float((matte[0] - (parts == 1).float()).abs().mean()) < 0.05
    assert float(matte[0, 20, 16]) == pytest.approx(1, abs=0.02)


def test_variations_depend_on_the_seed_alone(portraits: Path) -> None:
    sampler = Sampler(portraits, TINY)
    a, b, c = sampler.at(0), sampler.at(0), sampler.at(1)
    assert torch.equal(a.pictures, b.pictures)
    assert not torch.equal(a.pictures, c.pictures)
    assert float(a.pictures.min()) >= 0
    assert float(a.pictures.max()) <= 1


def test_pasting_keeps_the_person_and_changes_the_rest(portraits: Path) -> None:
    pastings, portrait = Pastings(portraits), PortraitSet(portraits / "train")[1]
    pasted = pastings.onto_new_background(portrait, np.random.default_rng(0))
    person = portrait.matte == 255
    ratio = pasted.image[person].astype(float) / portrait.image[person]
    assert ratio.std(0).max() < 0.02, "one light on the whole person"
    assert np.abs(pasted.image[~person].astype(float) - portrait.image[~person]).mean() > 10
    cutout = pastings.cutout(np.random.default_rng(0))
    assert cutout is not None
    assert set(np.unique(cutout.parts)) == {UNLABELLED}


def test_relighting_stays_a_picture() -> None:
    batch = torch.rand(16, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    lit = relight(batch, np.random.default_rng(0))
    assert lit.shape == batch.shape
    assert float(lit.min()) >= 0
    assert float(lit.max()) <= 1


def test_a_segmenter_is_trained_and_scored(portraits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styfie.training.segmenter.SIDES", (32, 64))
    network = train_segmenter(portraits, PlainEncoder(), tmp_path / "run", TINY)
    summary = score_segmenter(network, portraits / "val", side=64)
    assert summary.pictures == 3
    assert 0 <= summary.worst_tenth <= summary.iou <= 1
    log = (tmp_path / "run" / "log.jsonl").read_text()
    assert {"entropy", "jaccard", "parts", "total"} <= set(json.loads(log.splitlines()[-1]))
