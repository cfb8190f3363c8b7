"""Pictures to train on, and the encoder: it learns, and says what is missing."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from styfie.encoders.plain import PlainEncoder
from styfie.errors import InputError, MissingError
from styfie.training.encoder import feature_loss, fold, load_reference, train_encoder, whiten
from styfie.training.pictures import PictureSet, random_crop
from tests.training.conftest import TINY, picture


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


def test_words_count_below_the_source_alone(pictures: Path) -> None:
    (pictures / "a_person.png").write_bytes((pictures / "1.png").read_bytes())
    whole = PictureSet(pictures)
    rest = PictureSet(pictures, leave_out=["person", pictures.name])
    assert [Path(name).name for name in whole.names if name not in rest.names] == ["a_person.png"]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="none"):
        PictureSet(tmp_path / "none")
    with pytest.raises(InputError, match="no JPEG"):
        PictureSet(tmp_path)
    with pytest.raises(MissingError, match="--teacher"):
        load_reference(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"conv1.weight": torch.zeros(4, 3, 3, 3), "conv1.gain": torch.zeros(4)},
        {"conv1.weight": torch.zeros(4, 3, 5, 5), "conv1.bias": torch.zeros(4)},
        {"conv1.weight": torch.zeros(()), "conv1.bias": torch.zeros(4)},
    ],
)
def test_another_network_than_a_reference_is_one_sentence(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    save_file(state, tmp_path / "r.safetensors")
    with pytest.raises(InputError, match="no reference network"):
        load_reference(tmp_path / "r.safetensors")


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
