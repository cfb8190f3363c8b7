from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from styfie.errors import InputError, MissingError
from styfie.gallery import PAIRS, draw
from styfie.looks import Look, Style
from styfie.styles import DRAWN, StyleInput, load_style, load_styles, parse_styles, resolve_looks, style_files


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("glass", [("glass", 1.0)]),
        ("glass:2+waves", [("glass", 2.0), ("waves", 1.0)]),
        ("a.png:0.5+b.png:1e1", [("a.png", 0.5), ("b.png", 10.0)]),
        ("C:/pictures/a.png", [("C:/pictures/a.png", 1.0)]),
        ("C:/pictures/a.png:3", [("C:/pictures/a.png", 3.0)]),
    ],
)
def test_parses_styles_with_weights(text: str, wanted: list[tuple[str, float]]) -> None:
    assert [(one.name, one.weight) for one in parse_styles(text)] == wanted


@pytest.mark.parametrize("text", ["glass:two", "glass:", "+glass", "glass+", ":2", ""])
def test_what_is_no_style_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"STYLE:WEIGHT\+STYLE:WEIGHT"):
        parse_styles(text)


@pytest.mark.parametrize("name", ["red+blue.png", "a:2"])
def test_a_file_that_is_really_called_so_is_taken_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (40, 40), (255, 0, 0)).save(name, "PNG")
    (style,) = load_styles(name, 40)
    assert style.name == name
    assert torch.equal(style.picture[0, :, 0, 0], torch.tensor([1.0, 0.0, 0.0]))


def test_loads_each_with_its_weight() -> None:
    first, second = load_styles("ink:2+waves", 64)
    assert (first.name, first.weight, second.name, second.weight) == ("ink", 2.0, "waves", 1.0)
    assert torch.equal(second.picture, draw("waves", 64))


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf"])
def test_a_weight_must_be_a_share(weight: str) -> None:
    with pytest.raises(InputError, match="weight of a style"):
        load_styles(f"ink:{weight}", 64)


def test_an_unknown_style_says_what_there_is() -> None:
    with pytest.raises(MissingError, match="glass"):
        load_style("nonesuch", 64)
    with pytest.raises(MissingError, match=r"no style picture none\.png"):
        load_styles("ink+none.png", 64)


def test_a_mask_is_brought_to_the_size_of_its_picture() -> None:
    mask = Image.new("L", (64, 32))
    mask.paste(255, (0, 0, 32, 32))
    picture = Image.new("RGB", (160, 80))
    look = resolve_looks({"subject": Look((Style("mine", picture, mask=mask),))}, 160)["subject"]
    alpha = look.styles[0].alpha
    assert alpha is not None
    assert alpha.shape == (1, 1, 80, 160)
    assert bool((alpha[..., :70] == 1).all())
    assert bool((alpha[..., 90:] == 0).all())
    assert torch.equal((alpha * 255).round() / 255, alpha), "in the levels that a painting's file keeps"


@pytest.mark.parametrize(
    ("size", "shade", "says"), [((40, 40), 255, "same proportions"), ((80, 40), 0, "nothing inside")]
)
def test_a_mask_that_cannot_be_used_is_refused(size: tuple[int, int], shade: int, says: str) -> None:
    style = Style("mine", Image.new("RGB", (80, 40)), mask=Image.new("L", size, shade))
    with pytest.raises(InputError, match=says):
        resolve_looks({"subject": Look((style,))}, 80)


def test_a_style_loaded_before_stays_as_it_is_at_any_size() -> None:
    """Engines bring it to the size they work at: what a small painting shows is how a large one begins."""
    stored = Style("mine", torch.rand(1, 3, 40, 128, generator=torch.Generator().manual_seed(0)), 3.0)
    for longest in (64, 128, 256):
        found = resolve_looks({"a": Look((stored,))}, longest)["a"].styles[0]
        assert torch.equal(found.picture, stored.picture)
        assert (found.name, found.weight) == ("mine", 3.0)


def test_a_gallery_style_is_drawn_for_small_scales_however_large_the_painting() -> None:
    large, small = load_style("ink", DRAWN + 64), load_style("ink", DRAWN)
    assert large.small is not None
    assert torch.equal(large.small, small.picture)
    assert small.small is None


def test_with_no_style_at_all_a_pair_is_taken_and_the_rest_of_the_looks_kept() -> None:
    looks = resolve_looks({"subject": Look(likeness=0.9), "background": Look(strength=0.3)}, 64)
    assert tuple(looks[name].styles[0].name for name in ("subject", "background")) == PAIRS[0]
    assert (looks["subject"].likeness, looks["background"].strength) == (0.9, 0.3)
    one = resolve_looks({"subject": None, "background": "ink"}, 64)
    assert list(one) == ["background"]


def test_a_style_is_loaded_under_the_name_it_was_given(tmp_path: Path) -> None:
    """One of a file that has no name is called as the file, whose folder nobody is told."""
    Image.new("RGB", (80, 40), (255, 0, 0)).save(file := tmp_path / "red.png")
    asked = Look((Style("mine", file, 2.0), Style(str(file)), Style("ink")), stroke=2.0, strength=0.5)
    look = resolve_looks({"subject": asked}, 64)["subject"]
    assert [style.name for style in look.styles] == ["mine", "red.png", "ink"]
    assert [style.weight for style in look.styles] == [2, 1, 1] and look.strength == 0.5
    assert [max(style.picture.shape[-2:]) for style in look.styles] == [80, 80, 128], "drawn as a broad stroke sees it"


def test_what_styles_are_read_from_is_known_before_they_are() -> None:
    style, mask, network = Path("mine.jpg"), Path("mask.png"), Path("net.safetensors")
    read = Style("read", torch.zeros(1, 3, 2, 2), network=network)
    mine = Look((Style("ink"), Style("mine", style, mask=mask), read))
    looks: dict[str, StyleInput] = {"a": mine, "b": "waves+other.png", "c": style}
    assert style_files(looks) == [mask, style, network, Path("other.png"), style]
