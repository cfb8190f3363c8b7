from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from styfie.blur import gaussian
from styfie.depth import depth_borders, estimate_depth, find_depth, photo_depth, read_depth
from styfie.errors import InputError, MissingError
from styfie.images import read_picture
from styfie.pipeline import PORTRAIT
from styfie.regions import Regions
from styfie.segmentation import load_segmenter
from tests.conftest import fingerprint

SIZE = (48, 64)
ALPHA, DEPTH = b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:hevc:2015:auxid:2"  # of HEIC's auxiliary pictures


def ramp(top: float, dtype: Any = np.uint8) -> NDArray[Any]:
    """Brighter to the right."""
    return np.tile(np.linspace(0, top, SIZE[1]), (SIZE[0], 1)).astype(dtype)


def assert_ramp(depth: Tensor, tolerance: float = 0.01) -> None:
    """Nearer to the right, from 1 to 0."""
    assert depth.shape == (1, 1, *SIZE)
    assert torch.allclose(depth[0, 0], torch.linspace(1, 0, SIZE[1]).expand(SIZE), atol=tolerance)


def portrait_heic(path: Path, disparity: NDArray[np.uint8]) -> Path:
    """A HEIC photo with a depth picture: one with an alpha channel, the alpha's type changed to that of depth."""
    heif = pytest.importorskip("pillow_heif", reason="waits for the [heif] extra, which `make test` installs")
    heif.register_heif_opener()
    photo = np.dstack([np.full((*SIZE, 3), 128, np.uint8), disparity])
    Image.fromarray(photo).save(file := io.BytesIO(), "HEIF", quality=-1)
    assert file.getvalue().count(ALPHA) == 1
    path.write_bytes(file.getvalue().replace(ALPHA, DEPTH))
    return path


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(ramp(255)),
        Image.fromarray(ramp(65535, np.uint16)),
        Image.fromarray(ramp(2.5, np.float32)),
        Image.fromarray(ramp(255)).convert("RGB"),
        Image.fromarray(ramp(255)).convert("LA"),
    ],
    ids=["8", "16", "float", "RGB", "LA"],
)
def test_bright_is_near_in_files(tmp_path: Path, image: Image.Image) -> None:
    image.save(tmp_path / "depth.tiff")
    assert_ramp(read_depth(tmp_path / "depth.tiff", SIZE))
    assert_ramp(read_depth(image, SIZE))


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    Image.fromarray(ramp(200, np.uint16)).save(tmp_path / "depth.png")  # millimetres, say: none of it in 8 bits
    depth = read_depth(tmp_path / "depth.png", SIZE)
    assert_ramp(depth)
    assert len(depth.unique()) == SIZE[1]


def test_a_map_is_turned_by_exif_and_brought_to_the_photos_size(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ramp(255)).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "depth.png", exif=exif)
    assert_ramp(read_depth(tmp_path / "depth.png", SIZE))
    large = read_depth(tmp_path / "depth.png", (96, 128))
    assert large.shape == (1, 1, 96, 128)
    assert (float(large.min()), float(large.max())) == (0, 1)


@pytest.mark.parametrize(
    "values", [ramp(1e4, np.int64), -ramp(3, np.float64)[:, ::-1], torch.from_numpy(ramp(9.0, np.float32))]
)
def test_arrays_of_any_numbers(values: Any) -> None:
    assert_ramp(read_depth(values, SIZE), 0.001)
    assert_ramp(read_depth(values[None, None], SIZE), 0.001)


def test_a_tensor_of_a_kind_that_numpy_does_not_know_or_on_its_way_through_a_network() -> None:
    values = torch.from_numpy(ramp(9.0, np.float32))
    assert_ramp(read_depth(values.bfloat16(), SIZE), 0.01)
    assert_ramp(read_depth(values.requires_grad_(), SIZE), 0.001)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full(SIZE, 7, np.uint8), "same everywhere"),
        (ramp(255).T, "48x64 and the photo 64x48"),
        (np.full(SIZE, np.nan), "finite"),
        (np.zeros((2, *SIZE)), "finite numbers"),
        (np.zeros(SIZE, dtype=str), "finite numbers"),
        (Image.effect_noise((64, 48), 90).convert("RGB").quantize(4).convert("HSV").convert("RGB"), None),
        (Image.fromarray(np.dstack([ramp(255), 0 * ramp(1), 255 - ramp(255)])), "coloured"),
    ],
)
def test_what_is_no_depth_map_is_refused(values: Any, words: str | None) -> None:
    if words is None:
        assert read_depth(values, SIZE).shape == (1, 1, *SIZE)
        return
    with pytest.raises(InputError, match=words):
        read_depth(values, SIZE)


def test_a_missing_map_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        read_depth(tmp_path / "depth.png", SIZE)


def test_the_portrait_mode_of_a_phone(tmp_path: Path) -> None:
    path = portrait_heic(tmp_path / "a.heic", ramp(255))
    depth = photo_depth(path)
    assert depth is not None
    assert_ramp(depth, 0.02)
    photo = read_picture(path)
    found = find_depth("auto", path, photo, Regions.of_subject(torch.zeros(1, 1, *SIZE)))
    assert found is not None
    assert torch.equal(found, depth)
    with Image.open(path) as image:
        assert torch.equal(depth, depth if (again := photo_depth(image)) is None else again)


class Beside:
    """What pillow-heif gives as a depth picture."""

    def __init__(self, values: NDArray[Any], metadata: dict[str, Any]) -> None:
        self.info = {"metadata": metadata}
        self.__array_interface__ = values.__array_interface__
        self.values = values


def with_depth(values: NDArray[Any], metadata: dict[str, Any], **info: Any) -> Image.Image:
    image = Image.new("RGB", (SIZE[1], SIZE[0]))
    image.info.update(depth_images=[Beside(np.ascontiguousarray(values), metadata)], **info)
    return image


def test_maps_of_distance_and_maps_on_their_side() -> None:
    distance = photo_depth(with_depth(ramp(255)[:, ::-1], {"representation_type": 2}))
    assert distance is not None
    assert_ramp(distance)
    lying = photo_depth(with_depth(np.rot90(ramp(255)), {}, original_orientation=6))
    assert lying is not None
    assert_ramp(lying)


def test_photos_without_a_map_of_their_own(tmp_path: Path) -> None:
    assert photo_depth(PORTRAIT) is None
    assert photo_depth(np.zeros(SIZE, np.uint8)) is None
    assert photo_depth(Image.new("RGB", (64, 48))) is None
    assert photo_depth(with_depth(ramp(0), {})) is None, "a map of nothing"
    assert photo_depth(with_depth(ramp(255).T, {})) is None, "a map of something else"


def test_what_is_asked_for_is_found(portrait: Tensor) -> None:
    regions = Regions.of_subject(torch.zeros(1, 1, *SIZE))
    photo = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    assert find_depth(None, PORTRAIT, photo, regions) is None
    drawn = find_depth(ramp(255), PORTRAIT, photo, regions)
    guess = find_depth("auto", PORTRAIT, photo, regions)
    assert drawn is not None
    assert guess is not None
    assert_ramp(drawn)
    assert torch.equal(guess, estimate_depth(photo, regions))


def inside(depth: Tensor, where: Tensor) -> float:
    return float(depth[where > 0.99].mean())


def test_the_astronaut_is_nearer_than_what_is_behind(portrait: Tensor) -> None:
    regions = load_segmenter("auto")(portrait)
    depth = estimate_depth(portrait, regions)
    assert depth.shape == (1, 1, *portrait.shape[-2:])
    subject, background = regions["subject"], regions["background"]
    assert float(depth[subject > 0.99].max()) < float(depth[background > 0.99].min())
    borders = depth_borders(depth)
    soft = (subject > 0.2) & (subject < 0.8)
    soft[..., 128:, :] = False  # the helmet in her arm is soft, too
    assert float(borders[soft].mean()) > 0.9
    assert float(borders.mean()) < 0.1


def noise(height: int = 96, width: int = 128) -> Tensor:
    """One texture everywhere, with coarse detail and fine."""
    rough = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))
    return (0.5 + 0.8 * (gaussian(rough, 2) - 0.5) + 0.4 * (rough - 0.5)).clamp(0, 1)


def nobody(photo: Tensor) -> Regions:
    return Regions.of_subject(torch.zeros_like(photo[:, :1]))


def test_higher_up_is_farther() -> None:
    photo = noise()
    depth = estimate_depth(photo, nobody(photo))
    rows = depth.mean((0, 1, 3)).unflatten(0, (6, 16)).mean(1)
    assert bool((rows.diff() < 0).all())


def test_out_of_focus_is_farther() -> None:
    photo = noise()
    photo[..., 64:] = gaussian(photo, 2.5)[..., 64:]
    depth = estimate_depth(photo, nobody(photo))
    assert float((depth[..., 80:] - depth[..., :48].flip(-1)).mean()) > 0.15


def test_haze_is_farther() -> None:
    photo = noise()
    photo[..., 64:] = 0.5 + 0.5 * photo[..., 64:]
    depth = estimate_depth(photo, nobody(photo))
    assert float((depth[..., 80:] - depth[..., :48].flip(-1)).mean()) > 0.1


def test_people_are_nearer_the_lower_they_end() -> None:
    photo, matte = noise(), torch.zeros(1, 1, 96, 128)
    matte[..., 30:70, 10:40] = 1
    matte[..., 20:90, 80:110] = 1
    depth = estimate_depth(photo, Regions.of_subject(matte))
    behind = float(depth[matte == 0].quantile(0.02))
    assert inside(depth, matte * (torch.arange(128) > 64)) < inside(depth, matte * (torch.arange(128) < 64)) < behind


def test_people_who_touch_are_told_apart_where_they_are_regions() -> None:
    photo, left, right = noise(), torch.zeros(1, 1, 96, 128), torch.zeros(1, 1, 96, 128)
    left[..., 20:60, 30:64], right[..., 20:90, 64:100] = 1, 1
    regions = Regions.of_subject(left + right).split("subject", "person-1", left).split("subject", "person-2", right)
    depth = estimate_depth(photo, regions)
    assert inside(depth, right) < inside(depth, left) - 0.02


@pytest.mark.parametrize("matte", [torch.zeros(1, 1, 40, 40), torch.ones(1, 1, 40, 40)], ids=["nobody", "only people"])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_grey_card_has_some_depth(matte: Tensor, level: float) -> None:
    depth = estimate_depth(torch.full((1, 3, 40, 40), level), Regions.of_subject(matte))
    assert bool(torch.isfinite(depth).all())
    assert 0 <= float(depth.min()) <= float(depth.max()) <= 1


def eight_bits(depth: Tensor, levels: float = 2) -> Tensor:
    """With noise of so many of 255 levels up and down, rounded."""
    shaken = 255 * depth + levels * (2 * torch.rand(depth.shape, generator=torch.Generator().manual_seed(0)) - 1)
    return (shaken.round() / 255).clamp(0, 1)


@pytest.mark.parametrize("size", [(96, 128), (200, 300), (700, 900)])
def test_ramps_and_noise_are_no_borders(size: tuple[int, int]) -> None:
    down, across = torch.linspace(0, 1, size[0]).view(1, 1, -1, 1), torch.linspace(0, 1, size[1])
    valley = (down - 0.5).abs() * (2 if size[0] > 96 else 0) + 0 * across  # a step, nearly, on so few pixels
    for even in (down + 0 * across, across + 0 * down, (down + across) / 2, valley):
        assert float(depth_borders(eight_bits(even)).max()) < 0.1
    steep = (4 * across - 1).clamp(0, 1).expand(1, 1, *size)  # from 0 to 1 within a quarter
    assert float(depth_borders(steep)[..., size[1] * 3 // 8].max()) == 0


@pytest.mark.parametrize("size", [(48, 64), (200, 300), (700, 900)])
@pytest.mark.parametrize("jump", [0.2, 0.8])
def test_a_step_is_a_border_there_and_nowhere_else(size: tuple[int, int], jump: float) -> None:
    middle = size[1] // 2
    depth = 0.1 * torch.linspace(0, 1, size[0]).view(1, 1, -1, 1).expand(1, 1, *size).clone()
    depth[..., middle:] += jump
    borders = depth_borders(eight_bits(depth))
    away = (torch.arange(size[1]) + 0.5 - middle).abs()
    assert float(borders[..., away < 2].min()) > 0.9
    assert float(borders[..., away > 4 + 0.02 * max(size)].max()) == 0


@pytest.mark.parametrize("dims", [(2,), (3,), (2, 3)])
def test_borders_of_a_mirrored_map_are_mirrored(dims: tuple[int, ...]) -> None:
    depth = (torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(0)) > 0.97).float()
    assert torch.equal(depth_borders(depth.flip(dims)), depth_borders(depth).flip(dims))


def test_borders_do_not_depend_on_the_size() -> None:
    depth = torch.zeros(1, 1, 300, 400)
    depth[..., 100:200, 150:250] = 1
    large = depth.repeat_interleave(3, 2).repeat_interleave(3, 3)
    assert float(depth_borders(depth).mean()) == pytest.approx(float(depth_borders(large).mean()), rel=0.2)


def test_the_farthest_person_is_nearer_than_all_behind() -> None:
    """A person who ends at the upper border is at a quarter, what is behind begins at two fifths and ends at 1."""
    photo, matte = noise(), torch.zeros(1, 1, 96, 128)
    matte[..., :48, 20:60] = 1
    depth = estimate_depth(photo, Regions.of_subject(matte))
    assert inside(depth, matte) == pytest.approx(0.25 * (1 - 48 / 96), abs=1e-3), "a person ends half way down"
    behind = depth[matte == 0]
    assert float(behind.min()) == pytest.approx(0.4, abs=1e-3) and float(behind.max()) == pytest.approx(1, abs=1e-3)


@pytest.mark.usefixtures("float32")
def test_depth_of_the_portrait_is_what_it_was(portrait: Tensor) -> None:
    """Paintings with `--depth auto` repeat by their recipes."""
    depth = estimate_depth(portrait, load_segmenter("auto")(portrait))
    assert fingerprint(depth) == pytest.approx([0.4074, 0.0075, 0.0056, 0.4788, 0.7347, 0.0541, 0.3608], abs=2e-3)
    assert fingerprint(depth_borders(depth)) == pytest.approx(
        [0.0825, 0.0226, 0.0132, 0.1073, 0.0965, 0.0585, 0.0684], abs=1e-3
    )
    photo = noise()
    expected = [0.4706, 0.0177, 0.02, 0.7174, 0.7, 0.2227, 0.2425]
    assert fingerprint(estimate_depth(photo, nobody(photo))) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("batches", [(), (1,), (1, 1), (1, 1, 1)])
def test_a_map_may_come_in_a_batch_of_one(batches: tuple[int, ...]) -> None:
    assert_ramp(read_depth(ramp(255).reshape(*batches, *SIZE), SIZE))


def test_a_map_that_is_a_row_or_a_list_is_refused() -> None:
    for values in (np.arange(64.0), np.zeros((3, *SIZE)), np.zeros((1, 3, *SIZE))):
        with pytest.raises(InputError):
            read_depth(values, SIZE)


@pytest.mark.parametrize(("kind", "near"), [(0, "bright"), (1, "bright"), (2, "dark"), (3, "bright")])
def test_only_one_kind_of_map_holds_distances(kind: int, near: str) -> None:
    """As libheif numbers them: 0 is inverse depth, 1 and 3 are disparities, 2 is depth itself."""
    depth = photo_depth(with_depth(ramp(255), {"representation_type": kind}))
    assert depth is not None
    left, right = float(depth[..., 0].mean()), float(depth[..., -1].mean())
    assert (left > right) == (near == "bright")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_map_beside_a_photo_is_turned_as_the_photo_was(orientation: int) -> None:
    """EXIF's orientations 5 to 8 change width for height; else a map on its side is not the photo's."""
    found = photo_depth(with_depth(np.rot90(ramp(255)), {}, original_orientation=orientation))
    assert (found is not None) == (orientation in (5, 6, 7, 8))
