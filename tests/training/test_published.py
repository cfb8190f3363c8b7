"""Training as Johnson et al. (2016) did, on a narrow random VGG: the loss by its formulas, and that it falls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from styfie.cli import app
from styfie.encoders.vgg import Vgg
from styfie.engines.per_style.files import read_per_style
from styfie.engines.per_style.published import PublishedNet
from styfie.gallery import draw
from styfie.training import published
from styfie.training.published import (
    CONTENT_TAP,
    SCHEDULE,
    STYLE_TAPS,
    PublishedWeights,
    gram_of,
    published_terms,
    train_published,
    with_taps,
)

SHORT = replace(SCHEDULE, steps=8, batch=2, accumulate=2, log_every=1, save_every=4, bf16=False)


@pytest.fixture
def vgg() -> Vgg:
    torch.manual_seed(0)
    return Vgg(16, widths=(4, 6, 8, 8, 8)).eval().requires_grad_(False)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(published, "MIN_PHOTO_SIDE", 32)
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for n in range(6):
        pixels = np.kron(rng.integers(0, 256, (7, 8, 3)), np.ones((10, 10, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{n}.png")
    return folder


def test_the_loss_is_the_papers(vgg: Vgg) -> None:
    painted, photo, style = (torch.rand(1, 3, 48, 40, generator=torch.Generator().manual_seed(n)) for n in range(3))
    vgg = with_taps(vgg)
    wanted = {tap: gram_of(vgg(style)[tap]) for tap in STYLE_TAPS}
    terms = published_terms(vgg, painted, photo, wanted, PublishedWeights(2.0, 3.0, 0.5))
    maps = [{tap: one[0].double() for tap, one in vgg(x).items()} for x in (painted, photo, style)]

    def gram(features: torch.Tensor) -> torch.Tensor:
        return torch.einsum("chw,dhw->cd", features, features) / features.numel()

    by_hand = sum(float((gram(maps[0][tap]) - gram(maps[2][tap])).square().sum()) for tap in STYLE_TAPS)
    assert float(terms["style"]) == pytest.approx(3 * by_hand, rel=1e-4)
    content = float((maps[0][CONTENT_TAP] - maps[1][CONTENT_TAP]).square().mean())
    assert float(terms["content"]) == pytest.approx(2 * content, rel=1e-4)
    x = 255 * painted[0].double().numpy()
    assert float(terms["smooth"]) == pytest.approx(
        0.5 * (np.square(np.diff(x, axis=1)).sum() + np.square(np.diff(x, axis=2)).sum()), rel=1e-4
    )
    assert float(terms["total"]) == pytest.approx(sum(float(terms[n]) for n in ("style", "content", "smooth")))


def test_it_learns(vgg: Vgg, photos: Path, tmp_path: Path) -> None:
    lines: list[float] = []
    network = train_published(
        [photos],
        draw("pop", 64),
        tmp_path / "out",
        SHORT,
        0.125,
        on_log=lambda line: lines.append(line["total"]),
        vgg=vgg,
        side=48,
    )
    assert isinstance(network, PublishedNet) and len(lines) == 8
    assert np.mean(lines[-2:]) < 0.9 * np.mean(lines[:2])


def test_the_order_of_depths_is_a_term_where_it_is_asked_for(
    vgg: Vgg, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Liu et al. (2017) add it to this loss; the same run without it is another run."""
    torch.manual_seed(0)
    network = torch.nn.Conv2d(3, 1, 3).requires_grad_(False)
    monkeypatch.setattr(published, "load_depth_net", lambda: network)
    lines: list[dict[str, float]] = []
    more: dict[str, Any] = {"vgg": vgg, "side": 48, "on_log": lambda line: lines.append(dict(line))}
    few, style = replace(SHORT, steps=1, log_every=1), draw("pop", 64)
    for depth in (0.0, 1e6):
        train_published([photos], style, tmp_path / f"{depth}", few, 0.125, PublishedWeights(depth=depth), **more)
    without, with_depth = lines
    assert "depth" not in without and with_depth["depth"] > 0
    terms = ("content", "style", "smooth")
    assert [with_depth[name] for name in terms] == [without[name] for name in terms]
    assert with_depth["total"] == pytest.approx(without["total"] + with_depth["depth"], rel=1e-5)


def test_the_command_teaches_it(vgg: Vgg, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "load_vgg", lambda _name: vgg)
    monkeypatch.setattr(published, "TRAINING_SIDE", 48)
    base = ("train", "style", "pop", "--photos", str(photos), "--steps", "1", "--device", "cpu")
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, [*base, "--encoder", "vgg16", "--width", "0.125", "--tv-weight", "0", "-o", str(out)]
    )
    assert done.exit_code == 0, f"{done.output}{done.exception!r}"
    assert isinstance(read_per_style(out / "pop.safetensors").network, PublishedNet)
    for more, says in (
        (("--encoder", "vgg11"), "styfie-2 or vgg16"),
        (("--content-weight", "1"), "--encoder vgg16"),
    ):
        failed = CliRunner().invoke(app, [*base, *more, "-o", str(tmp_path / "no")])
        assert failed.exit_code != 0 and says in f"{failed.output}{failed.exception}"
