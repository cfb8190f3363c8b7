"""Fifty odd and bad inputs: each is read right, or answered with one clear sentence."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms
from torch import Tensor

from styfie.errors import InputError, MissingError, StyfieError
from styfie.images import fit_size, read_matte, read_once, read_picture, resize, to_image

W, H = 48, 40
LEFT, RIGHT = (200, 40, 40), (40, 40, 200)


def scene(mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (W, H), RIGHT)
    image.paste(LEFT, (0, 0, W // 2, H))
    return image.convert(mode)


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def assert_scene(picture: Tensor, size: tuple[int, int] = (H, W), tolerance: float = 0.05) -> None:
    assert picture.shape == (1, 3, *size)
    assert picture.dtype == torch.float32
    for at, colour in ((0.2, LEFT), (0.8, RIGHT)):
        found = picture[0, :, size[0] // 2, int(size[1] * at)]
        assert torch.allclose(found, torch.tensor(colour) / 255, atol=tolerance), f"{found} is not {colour}"


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif", "tiff", "bmp"])
def test_reads_each_format(tmp_path: Path, suffix: str) -> None:
    assert_scene(read_picture(saved(tmp_path / f"a.{suffix}", scene())))


def test_reads_heic(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="waits for the [heif] extra, which `make test` installs")
    heif.register_heif_opener()
    assert_scene(read_picture(saved(tmp_path / "a.heic", scene(), quality=95)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_by_exif(tmp_path: Path, orientation: int) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Image.Transpose that stores an upright scene that way
    stored = scene().transpose(Image.Transpose(undo[orientation])) if orientation in undo else scene()
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_scene(read_picture(saved(tmp_path / "a.jpg", stored, exif=exif, quality=95)))


@pytest.mark.parametrize("mode", ["P", "CMYK", "RGBA", "YCbCr"])
def test_reads_each_colour_mode(tmp_path: Path, mode: str) -> None:
    suffix = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    assert_scene(read_picture(saved(tmp_path / f"a.{suffix}", scene(mode))), tolerance=0.1)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_reads_grey(tmp_path: Path, mode: str) -> None:
    picture = read_picture(saved(tmp_path / "a.png", scene("L").convert(mode)))
    assert picture.shape == (1, 3, H, W)
    assert torch.equal(picture[:, 0], picture[:, 1])


def sixteen_bits() -> np.ndarray[Any, np.dtype[np.uint16]]:
    return np.linspace(0, 65535, W * H).reshape(H, W).astype(np.uint16)


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_scales_sixteen_bits_and_does_not_clip(tmp_path: Path, suffix: str) -> None:
    picture = read_picture(saved(tmp_path / f"a.{suffix}", Image.fromarray(sixteen_bits())))
    assert torch.allclose(picture[0, 0], torch.from_numpy(sixteen_bits() / 65535).float(), atol=0.003)


@pytest.mark.parametrize("top", [1.0, 255.0])
def test_reads_float_tiff(tmp_path: Path, top: float) -> None:
    values = np.linspace(0, top, W * H, dtype=np.float32).reshape(H, W)
    picture = read_picture(saved(tmp_path / "a.tiff", Image.fromarray(values)))
    assert torch.allclose(picture[0, 0], torch.from_numpy(values / top), atol=0.003)


def test_transparency_is_white(tmp_path: Path) -> None:
    clear = scene("RGBA")
    clear.putalpha(0)
    assert float(read_picture(saved(tmp_path / "a.png", clear)).min()) == 1.0


def test_palette_with_a_transparent_colour_is_white_there(tmp_path: Path) -> None:
    image = scene().quantize(4)
    image.info["transparency"] = image.getpixel((0, 0))
    path = saved(tmp_path / "a.png", image, transparency=image.getpixel((0, 0)))
    assert float(read_picture(path)[0, :, 20, 4].min()) == 1.0


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_first_frame_of_an_animation(tmp_path: Path, suffix: str) -> None:
    other = Image.new("RGB", (W, H), (0, 255, 0))
    path = saved(tmp_path / f"a.{suffix}", scene(), save_all=True, append_images=[other], duration=50)
    assert_scene(read_picture(path), tolerance=0.1)


def test_converts_a_colour_profile(tmp_path: Path) -> None:
    """A profile with red and blue exchanged: the picture must come out exchanged, as viewers show it."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for i in range(int.from_bytes(profile[128:132], "big")):
        at = 132 + 12 * i
        swap = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
        profile[at : at + 4] = swap.get(bytes(profile[at : at + 4]), profile[at : at + 4])
    swapped = Image.merge("RGB", scene().split()[::-1])
    assert_scene(read_picture(saved(tmp_path / "a.png", swapped, icc_profile=bytes(profile))), tolerance=0.06)


def test_a_damaged_profile_counts_as_none(tmp_path: Path) -> None:
    assert_scene(read_picture(saved(tmp_path / "a.png", scene(), icc_profile=b"no profile at all")))


def test_a_cmyk_profile_on_rgb_counts_as_none(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert_scene(read_picture(saved(tmp_path / "a.png", scene(), icc_profile=lab)))


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", scene())
    assert_scene(read_picture(path.rename(tmp_path / "a.jpg")))


def test_names_with_spaces_and_other_scripts(tmp_path: Path) -> None:
    assert_scene(read_picture(saved(tmp_path / "mein Bild 写真.png", scene())))


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.asarray(scene()),
        lambda: np.asarray(scene("RGBA")),
        lambda: np.asarray(scene()).astype(np.uint16) * 257,
        lambda: np.asarray(scene()).astype(np.float64) / 255,
        lambda: np.asarray(scene())[:, ::-1][:, ::-1],
        scene,
        lambda: scene("P"),
        lambda: torch.from_numpy(np.asarray(scene()) / np.float32(255)).permute(2, 0, 1)[None],
    ],
)
def test_reads_from_memory(make: Callable[[], Any]) -> None:
    assert_scene(read_picture(make()))


def wrong(tmp_path: Path, kind: str) -> Any:
    """One bad input of each kind."""
    path = tmp_path / "bad.png"
    data = io.BytesIO()
    scene().save(data, "PNG")
    good = data.getvalue()
    match kind:
        case "missing":
            return tmp_path / "none.jpg"
        case "folder":
            return tmp_path
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("this is no picture")
        case "html":
            (path := tmp_path / "a.jpg").write_text("<html>not found</html>")
        case "cut":
            noisy = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
            noisy.save(path)
            path.write_bytes(path.read_bytes()[:6000])
        case "cut jpeg":
            path = saved(tmp_path / "a.jpg", scene().resize((400, 400)))
            path.write_bytes(path.read_bytes()[:900])
        case "header only":
            path.write_bytes(good[:20])
        case "broken data":
            path.write_bytes(good[:60] + bytes(30) + good[90:])
        case "pixel":
            return saved(path, Image.new("RGB", (1, 1)))
        case "strip":
            return saved(path, Image.new("RGB", (500, 5)))
        case "huge":
            path.write_bytes(png_header(20_000, 10_000))
        case "bomb":
            path.write_bytes(png_header(60_000, 60_000))
        case "list":
            return [1, 2, 3]
        case "integers":
            return np.zeros((H, W, 3), np.int64)
        case "float range":
            return np.full((H, W, 3), 200.0)
        case "nan":
            return np.full((H, W, 3), np.nan)
        case "five channels":
            return np.zeros((H, W, 5), np.uint8)
        case "no pixels":
            return np.zeros((0, W, 3), np.uint8)
        case "batch":
            return torch.zeros(2, 3, H, W)
        case "bytes tensor":
            return torch.zeros(1, 3, H, W, dtype=torch.uint8)
        case "tensor range":
            return torch.full((1, 3, H, W), 2.0)
        case "infinite tiff":
            return saved(tmp_path / "a.tiff", Image.fromarray(np.full((H, W), np.inf, np.float32)))
        case "bad heic":
            (path := tmp_path / "a.heic").write_bytes(b"not a heic file at all")
    return path


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0]))
    return start + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "There is no file"),
        ("folder", "is a folder"),
        ("empty", "no picture that can be read"),
        ("text", "no picture that can be read"),
        ("html", "no picture that can be read"),
        ("cut", "cut short"),
        ("cut jpeg", "cut short"),
        ("header only", "no picture that can be read"),
        ("broken data", "damaged"),
        ("pixel", "1x1"),
        ("strip", "500x5"),
        ("huge", "megapixels"),
        ("bomb", "megapixels"),
        ("list", "list"),
        ("integers", "int64"),
        ("float range", "outside"),
        ("nan", "outside"),
        ("five channels", "shape"),
        ("no pixels", "shape"),
        ("batch", "shape"),
        ("bytes tensor", "floats"),
        ("tensor range", "spans"),
        ("infinite tiff", "no numbers"),
        ("bad heic", "no picture that can be read"),
    ],
)
def test_bad_input_is_answered_with_one_sentence(tmp_path: Path, kind: str, says: str) -> None:
    with pytest.raises(StyfieError, match=says) as caught:
        read_picture(wrong(tmp_path, kind))
    assert isinstance(caught.value, InputError | MissingError)
    assert "\n" not in str(caught.value)


def test_a_mask_follows_the_photo(tmp_path: Path) -> None:
    mask = Image.new("L", (W * 2, H * 2))
    mask.paste(255, (0, 0, W, H * 2))
    matte = read_matte(saved(tmp_path / "m.png", mask), (H, W))
    assert matte.shape == (1, 1, H, W)
    assert float(matte[..., : W // 2 - 2].min()) == 1.0
    assert float(matte[..., W // 2 + 2 :].max()) == 0.0


def test_a_cutout_serves_as_mask(tmp_path: Path) -> None:
    cutout = scene("RGBA")
    cutout.putalpha(Image.new("L", (W, H), 128))
    matte = read_matte(saved(tmp_path / "m.png", cutout), (H, W))
    assert float((matte - 128 / 255).abs().max()) < 1e-6


def test_an_alpha_that_hides_nothing_says_nothing(tmp_path: Path) -> None:
    mask = Image.new("L", (W, H))
    mask.paste(255, (0, 0, W // 2, H))
    opaque = mask.convert("RGBA")
    matte = read_matte(saved(tmp_path / "m.png", opaque), (H, W))
    assert abs(float(matte.mean()) - 0.5) < 0.02


INSIDE = np.zeros((6, 8), bool)
INSIDE[2:, 3:] = True


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int16, np.int32, np.int64, np.float32, np.float64, np.float16])
@pytest.mark.parametrize("full", [1, 255])
@pytest.mark.parametrize("as_tensor", [False, True])
def test_a_mask_of_any_numbers_is_the_same(kind: type, full: int, as_tensor: bool) -> None:
    if full == 255 and kind in (bool, np.int16, np.float16):
        full = 1
    values: NDArray[Any] = (INSIDE * full).astype(kind)
    mask = torch.from_numpy(values) if as_tensor else values
    if full == 255 and np.issubdtype(kind, np.floating):
        with pytest.raises(InputError, match=r"outside \[0, 1\]"):
            read_matte(mask, (6, 8))
        return
    assert torch.equal(read_matte(mask, (6, 8)), torch.from_numpy(INSIDE).float()[None, None])


@pytest.mark.parametrize("lead", [(), (1,), (1, 1)])
def test_a_soft_mask_tensor_keeps_its_values(lead: tuple[int, ...]) -> None:
    soft = torch.linspace(0, 1, 48).reshape(*lead, 6, 8)
    assert torch.equal(read_matte(soft, (6, 8)).flatten(), soft.flatten())


@pytest.mark.parametrize("shape", [(), (6,), (0, 8), (1, 1, 6, 0), (2, 6, 8), (1, 5, 6, 8), (2, 1, 6, 8)])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_a_mask_tensor_of_another_shape_is_one_sentence(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    with pytest.raises(InputError, match="shape"):
        read_matte(torch.zeros(shape, dtype=dtype), (6, 8))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_a_coloured_mask_tensor_is_read_by_its_luma_and_one_with_alpha_by_that(dtype: torch.dtype) -> None:
    full = 255 if dtype == torch.uint8 else 1
    green = torch.zeros(1, 3, 6, 8)
    green[:, 1] = 1
    found = read_matte((green * full).to(dtype), (6, 8))
    assert float((found - 0.587).abs().max()) < 1 / 255
    clear = torch.cat([torch.ones(1, 3, 6, 8), torch.from_numpy(INSIDE).float()[None, None]], 1)
    assert torch.equal(read_matte((clear * full).to(dtype)[0], (6, 8))[0, 0], torch.from_numpy(INSIDE).float())


def test_sixteen_bits_of_a_mask_count_in_65535ths() -> None:
    assert float(read_matte(np.full((6, 8), 0x8000, np.uint16), (6, 8)).mean()) == pytest.approx(0.5, abs=0.01)
    assert float(read_matte(np.full((6, 8), 200, np.uint16), (6, 8)).mean()) == 0


def test_a_mask_fits_a_wide_photo_whose_small_size_is_rounded(tmp_path: Path) -> None:
    mask = saved(tmp_path / "m.png", Image.new("L", (2000, 300), 255))
    assert read_matte(mask, fit_size((300, 2000), 96)).shape == (1, 1, 14, 96)
    with pytest.raises(InputError, match="proportions"):
        read_matte(mask, (20, 96))


def test_a_mask_of_other_proportions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="same proportions"):
        read_matte(saved(tmp_path / "m.png", Image.new("L", (H, W))), (H, W))


def test_longest_side() -> None:
    assert read_picture(scene(), 96).shape == (1, 3, 80, 96)
    assert fit_size((100, 1), 10) == (10, 1)


def test_shrinking_keeps_the_mean() -> None:
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(resize(picture, (16, 16)).mean(), picture.mean(), atol=2e-3)


def test_eight_bits_round_to_nearest() -> None:
    values = torch.tensor([0.0, 0.4 / 255, 0.6 / 255, 1.0]).reshape(1, 1, 1, 4)
    assert np.asarray(to_image(values)).tolist() == [[0, 0, 1, 255]]


@pytest.mark.parametrize("own", [(640, 36), (36, 640), (64, 3600), (41, 1000)])
@pytest.mark.parametrize("longest", [96, 256, 300])
def test_a_narrow_photo_takes_its_own_mask(own: tuple[int, int], longest: int) -> None:
    mask = Image.new("L", own[::-1], 255)
    assert read_matte(mask, fit_size(own, longest)).shape[-2:] == fit_size(own, longest)
    wider = (own[0] * 2, own[1]) if own[0] < own[1] else (own[0], own[1] * 2)
    with pytest.raises(InputError, match="proportions"):
        read_matte(Image.new("L", wider[::-1], 255), own)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = io.BytesIO()
    scene().save(data, "PNG")
    with ThreadPoolExecutor(1) as writer:
        writer.submit((tmp_path / "pipe").write_bytes, data.getvalue())
        picture = read_once(tmp_path / "pipe")
    for _ in range(2):
        assert_scene(read_picture(picture))
    assert read_once(tmp_path / "none.png") == tmp_path / "none.png"
