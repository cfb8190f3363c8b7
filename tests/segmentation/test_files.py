from __future__ import annotations

from pathlib import Path

import pytest
import torch

from styfie.errors import InputError, MissingError
from styfie.segmentation import load_segmenter
from styfie.segmentation.banet import BANet
from styfie.segmentation.files import NETWORKS, read_network
from styfie.weights import save_weights


def test_a_trained_network_comes_back_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = BANet().eval()
    file = save_weights(network.state_dict(), tmp_path / "b.safetensors", {"arch": "banet", "side": "64"}, half=False)
    again, side, _ = read_network(file)
    picture = torch.rand(1, 3, 64, 64)
    assert side == 64
    with torch.no_grad():
        assert torch.equal(again(picture), network(picture))
    assert not any(parameter.requires_grad for parameter in again.parameters())


def test_a_network_of_ones_own_finds_regions(tmp_path: Path) -> None:
    network = BANet()
    head = list(network.state_dict())[-1]
    state = {**network.state_dict(), head: torch.full_like(network.state_dict()[head], 1e3)}
    save_weights(state, tmp_path / "b.safetensors", {"arch": "banet", "side": "64"})
    segmenter = load_segmenter(str(tmp_path / "b.safetensors"))
    photo = torch.rand(1, 3, 48, 80)
    assert float(segmenter(photo)["subject"].min()) > 0.99, "all is person to it"
    with pytest.raises(InputError, match="knows no parts"):
        segmenter(photo, ["hair"])


def test_what_is_no_network_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no file"):
        read_network(tmp_path / "none.safetensors")
    for about in ({}, {"arch": "spoon", "side": "64"}, {"arch": "banet", "side": "64"}):
        save_weights({"other": torch.zeros(2)}, tmp_path / "o.safetensors", about)
        with pytest.raises(InputError, match="styfie train segmenter"):
            read_network(tmp_path / "o.safetensors")
    broken = {"arch": "banet", "side": "64"}
    state = BANet().state_dict()
    for about in (
        {**broken, "side": "0"},
        {**broken, "side": "many"},
        {**broken, "side": "1000000"},
        {"arch": "banet"},
    ):
        save_weights(state, tmp_path / "o.safetensors", about)
        with pytest.raises(InputError, match="styfie train segmenter"):
            read_network(tmp_path / "o.safetensors")
    name = next(name for name, value in state.items() if value.is_floating_point())
    save_weights({**state, name: torch.full_like(state[name], torch.nan)}, tmp_path / "o.safetensors", broken)
    with pytest.raises(InputError, match="styfie train segmenter"):
        read_network(tmp_path / "o.safetensors")
    assert set(NETWORKS) == {"portrait", "pose", "guided", "segnet", "segnet-slim", "banet", "unet88"}


def test_a_file_that_may_not_be_read_is_not_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader of safetensors calls it so, and who runs these tests may perhaps read all files."""
    file = save_weights(BANet().state_dict(), tmp_path / "b.safetensors", {"arch": "banet", "side": "64"})

    def unread(*_: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("styfie.segmentation.files.safe_open", unread)
    monkeypatch.setattr("styfie.segmentation.files.os.access", lambda *_: False)
    with pytest.raises(InputError, match="may not be read"):
        read_network(file)
