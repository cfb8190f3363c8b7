from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.images import resize
from styfie.likeness import FACE_SIDE, FLAT, _around, _scaled, emphasis, face_score, fill_light, likeness_score
from styfie.looks import Look, Style
from styfie.painting import Painting
from styfie.regions import Regions
from styfie.segmentation import load_segmenter
from styfie.storage.sheet import draw_sheet
from tests.conftest import fingerprint

ALL = torch.ones(1, 1, 64, 64)


def noise(seed: int, side: int = 64) -> Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def face(portrait: Tensor) -> Tensor:
    found = load_segmenter("portrait")(portrait).face
    assert found is not None
    return found


def test_the_score_of_a_picture_with_itself_is_1_and_of_its_negative_minus_1() -> None:
    photo = noise(0)
    assert likeness_score(photo, photo, ALL) == pytest.approx(1, abs=1e-6)
    assert likeness_score(1 - photo, photo, ALL) == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize(("scale", "offset"), [(0.3, 0.0), (1.0, 0.2), (0.5, 0.4)])
def test_brightness_and_contrast_do_not_matter(scale: float, offset: float) -> None:
    photo, painted = noise(0), 0.5 * noise(0) + 0.5 * noise(1)
    plain = likeness_score(painted, photo, ALL)
    assert 0.5 < plain < 0.9
    assert likeness_score(scale * painted + offset, photo, ALL) == pytest.approx(plain, abs=1e-4)


def test_noise_is_not_like_a_photo(portrait: Tensor, face: Tensor) -> None:
    assert abs(likeness_score(noise(0, 256), portrait, face)) < 0.06


def test_only_what_is_inside_counts() -> None:
    photo, inside = noise(0), ALL.clone()
    inside[..., 32:] = 0
    painted = torch.cat([photo[..., :33], noise(1)[..., 33:]], 3)
    assert likeness_score(painted, photo, inside) == pytest.approx(1, abs=1e-6)
    assert likeness_score(painted, photo, 1 - inside) < 0.2


def test_a_smaller_picture_is_brought_to_the_photos_size() -> None:
    photo = resize(noise(0, 16), (64, 64))
    assert likeness_score(noise(0, 16), photo, ALL) == pytest.approx(1, abs=1e-6)


def test_flat_pictures_and_next_to_no_pixels_score_0() -> None:
    few = torch.zeros_like(ALL)
    few[..., 10:12, 10:12] = 1
    for flat in (0.0, 0.3, 1.0):
        assert likeness_score(torch.full((1, 3, 64, 64), flat), noise(0), ALL) == 0
        assert likeness_score(noise(0), torch.full((1, 3, 64, 64), flat), ALL) == 0
    assert likeness_score(noise(0), noise(0), few) == 0


def test_a_face_scores_alike_at_any_size(portrait: Tensor, face: Tensor) -> None:
    painted = F.avg_pool2d(portrait, 7, 1, 3)
    found = []
    for side in (256, 1024, 1536):
        larger = [resize(one, (side, side)) for one in (painted, portrait, face)]
        score = face_score(larger[0], larger[1], larger[2])
        assert score is not None
        found.append(score)
    assert found[0] < 0.95
    assert found[1] == pytest.approx(found[2], abs=0.01)


def test_a_score_is_of_what_is_around_the_face_alone(portrait: Tensor, face: Tensor) -> None:
    """As if whole pictures had been reduced, wherever in them the faces are; what is far from them does not matter."""
    larger = [resize(one, (1024, 1024)) for one in (F.avg_pool2d(portrait, 7, 1, 3), portrait, face)]
    score = face_score(larger[0], larger[1], larger[2])
    side = round(1024 * FACE_SIDE / float(larger[2].sum()) ** 0.5)
    small = [resize(one, (side, side)) for one in larger]
    assert score == pytest.approx(likeness_score(small[0], small[1], small[2]), abs=0.01)
    wide = [F.pad(one, (0, 300, 500, 0)) for one in larger]
    padded = face_score(wide[0], wide[1], wide[2])
    assert padded == pytest.approx(score, abs=0.005)
    wide[0][..., :400, :] = 1
    assert face_score(wide[0], wide[1], wide[2]) == padded


def test_where_there_is_no_face_there_is_no_score() -> None:
    assert face_score(noise(0), noise(0), None) is None
    assert face_score(noise(0), noise(0), 0 * ALL) is None


def test_emphasis_is_on_eyes_and_mouth(portrait: Tensor, face: Tensor) -> None:
    weight = emphasis(portrait, face)[0, 0]
    eyes = [weight[47:53, 98:105], weight[48:54, 119:127]]
    mouth, cheeks = weight[69:74, 102:121], [weight[55:59, 94:99], weight[56:60, 122:126]]
    flattest = max(float(cheek.mean()) for cheek in cheeks)
    for eye in eyes:
        assert float(eye.mean()) > 0.9 > flattest + 0.2
    assert float(mouth.mean()) > flattest + 0.1
    assert float(weight.min()) >= 0 and float(weight.max()) <= 1
    assert float(weight[face[0, 0] == 0].max()) == 0
    assert float(weight.diff(dim=0).abs().max()) < 0.3 and float(weight.diff(dim=1).abs().max()) < 0.3


def test_emphasis_hardly_depends_on_light_and_size(portrait: Tensor, face: Tensor) -> None:
    plain = emphasis(portrait, face)
    dark = emphasis(0.6 * portrait, face)
    assert float((plain - dark).abs()[face > 0.5].mean()) < 0.05
    large = emphasis(resize(portrait, (512, 512)), resize(face, (512, 512)))
    assert float((plain - resize(large, (256, 256))).abs()[face > 0.5].mean()) < 0.05


def test_a_face_without_features_is_flat_and_no_face_is_nothing() -> None:
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    disc = (torch.hypot(rows - 32.0, columns - 32.0) < 20).float()[None, None]
    weight = emphasis(torch.full((1, 3, 64, 64), 0.6), disc)
    assert torch.allclose(weight, FLAT * disc)
    assert float(emphasis(noise(0), 0 * ALL).max()) == 0


def test_each_face_is_measured_by_its_own_strongest() -> None:
    """Two faces alike but for their contrast get the same emphasis."""
    photo, face = torch.full((1, 3, 64, 128), 0.5), torch.zeros(1, 1, 64, 128)
    for left, depth in ((0, 0.3), (64, 0.1)):
        face[..., 8:56, left + 10 : left + 54] = 1
        photo[..., 24:28, left + 20 : left + 44] -= depth
    weight = emphasis(photo, face)
    assert float(weight[..., 22:30, 20:44].min()) > 0.6
    assert float((weight[..., :64] - weight[..., 64:]).abs().max()) < 0.05
    assert float(weight[..., 45:50, 20:44].max()) < FLAT + 0.05


def test_a_painting_and_its_sheet_say_how_like_the_faces_are(portrait: Tensor, face: Tensor) -> None:
    regions = Regions.of_subject(torch.ones_like(face))
    layers = torch.cat([F.avg_pool2d(portrait, 9, 1, 4), portrait])
    looks = {"subject": Look((Style("mosaic", noise(0)),))}
    blank = Painting(portrait, regions, layers, looks)
    with_face = Painting(portrait, Regions(regions.names, regions.alpha, regions.score, face=face), layers, looks)
    score = with_face.likeness
    assert score is not None and 0 < score < 0.9
    assert blank.likeness is None
    assert score == face_score(with_face.render(), portrait, face)


def test_captions_carry_the_score(monkeypatch: pytest.MonkeyPatch, portrait: Tensor, face: Tensor) -> None:
    captions: list[str] = []
    monkeypatch.setattr(
        "styfie.storage.sheet.lay_out", lambda cells, columns: captions.extend(label for label, _ in cells)
    )
    alpha = torch.cat([torch.ones_like(face), torch.zeros_like(face)])
    painting = Painting(portrait, Regions(("subject", "background"), alpha, (1.0, 1.0), face=face), portrait, {})
    from styfie.storage.results import cutout

    pictures = {"photo": portrait, "mask": face, "subject": portrait, "both": 1 - portrait}
    draw_sheet(painting, pictures, cutout(painting))
    assert captions == ["photo", "mask", "cutout", "subject, likeness 1.00", "both, likeness -1.00"]


@pytest.mark.parametrize(
    ("rows", "columns", "margin", "wanted"),
    [
        ((3, 7), (25, 30), 2, (slice(1, 9), slice(23, 32))),
        ((0, 2), (0, 3), 4, (slice(0, 6), slice(0, 7))),
        ((5, 6), (5, 6), 5, (slice(0, 11), slice(0, 11))),
    ],
)
def test_the_box_around_a_face(
    rows: tuple[int, int], columns: tuple[int, int], margin: int, wanted: tuple[slice, slice]
) -> None:
    inside = torch.zeros(20, 30, dtype=torch.bool)
    inside[slice(*rows), slice(*columns)] = True
    assert _around(inside, margin) == (..., *wanted)


def test_a_span_in_another_size_has_a_pixel_more_on_either_side() -> None:
    assert _scaled(slice(2, 5), 10, 100) == slice(10, 60)
    assert _scaled(slice(0, 10), 10, 100) == slice(0, 100), "within the picture"
    assert _scaled(slice(20, 50), 100, 10) == slice(1, 6)


def test_sixteen_pixels_are_enough_to_be_compared() -> None:
    for count, score in ((15, 0), (16, 1)):
        inside = 0 * ALL
        inside[0, 0, 10:14, 10:14] = 1
        inside[0, 0, 13, 13] = count - 15
        assert likeness_score(noise(0), noise(0), inside) == pytest.approx(score, abs=1e-6)


def test_a_face_is_scored_at_128_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face of 256 x 256 pixels is halved, with all that is around it; one that is smaller is left as it is."""
    seen: list[tuple[int, ...]] = []

    def score(_painted: Tensor, photo: Tensor, _face: Tensor) -> float:
        seen.append(tuple(photo.shape[-2:]))
        return 0.0

    monkeypatch.setattr("styfie.likeness.likeness_score", score)
    for side, face_side in ((600, 256), (300, 100)):
        face = torch.zeros(1, 1, side, side)
        face[..., 20 : 20 + face_side, 30 : 30 + face_side] = 1
        photo = torch.zeros(1, 3, side, side)
        face_score(photo, photo, face)
    margin = 4 * 2
    assert seen == [((256 + 2 * margin) // 2, (256 + 2 * margin) // 2), (108, 108)]


def test_emphasis_is_where_it_was(portrait: Tensor, face: Tensor) -> None:
    """Paintings repeat by their recipes: what counts as an eye is part of them."""
    expected = [0.0218, 0.0019, 0.002, 0.0743, 0.0131, 0.0, 0.0]
    assert fingerprint(emphasis(portrait, face)) == pytest.approx(expected, abs=5e-4)


def dark_face(luma: float, around: float) -> tuple[Tensor, Tensor]:
    """A grey square on grey, and where it is."""
    face = torch.zeros(1, 1, 96, 96)
    face[..., 36:60, 36:60] = 1
    return (around + (luma - around) * face).expand(-1, 3, -1, -1).contiguous(), face


def middle(picture: Tensor) -> float:
    return float(picture[..., 46:50, 46:50].mean())


def test_a_face_against_the_light_is_lit_to_the_photos_mean() -> None:
    photo, face = dark_face(0.25, 0.45)
    lit = fill_light(photo, face)
    assert middle(lit) == pytest.approx(float(photo.mean()), abs=0.01)  # a power of luma, of a grey: both ways are one
    assert float((lit - photo)[..., :4].abs().max()) < 0.01  # far away nothing is lit
    photo, face = dark_face(0.25, 0.9)
    assert middle(fill_light(photo, face)) == pytest.approx(0.5, abs=0.01)  # in front of a white sky to one half


def test_a_face_is_lit_in_place_where_that_is_asked_for() -> None:
    """Else the photo stays as it is."""
    photo, face = 0.7 + 0.2 * noise(3), F.pad(torch.ones(1, 1, 20, 20), (22, 22, 22, 22))
    photo = photo * (1 - 0.8 * face)
    before = photo.clone()
    lit = fill_light(photo, face)
    assert torch.equal(photo, before) and not torch.equal(lit, before)
    assert fill_light(photo, face, in_place=True) is photo
    assert torch.equal(photo, lit)


def test_a_face_that_is_light_enough_stays_as_it_is() -> None:
    photo, face = dark_face(0.6, 0.45)
    assert torch.equal(fill_light(photo, face), photo)
    assert torch.equal(fill_light(photo, 0 * face), photo)


def test_a_face_in_a_dark_picture_is_lit_as_far_as_asked_and_by_as_much_of_it() -> None:
    photo, face = dark_face(0.2, 0.2)
    assert torch.equal(fill_light(photo, face), photo)  # as light as all around it
    assert middle(fill_light(photo, face, least=0.3)) == pytest.approx(0.3, abs=0.01)
    half = fill_light(photo, face, 0.5, 0.3)
    assert middle(half) == pytest.approx((0.2 * 0.3) ** 0.5, abs=0.01)  # half the power: the geometric mean
    assert torch.equal(fill_light(photo, face, 0.0, 0.3), photo)


def test_black_is_not_lit_to_noise() -> None:
    photo, face = dark_face(0.001, 0.6)
    assert middle(fill_light(photo, face)) < 0.05


def test_lighting_a_face_keeps_light_in_order_and_in_range() -> None:
    photo, face = dark_face(0.1, 0.9)
    ramp = torch.linspace(0, 1, 24).expand(1, 3, 24, 24)
    photo[..., 36:60, 36:60] = 0.3 * ramp
    lit = fill_light(photo, face)[0, 0, 48, 38:58]
    assert bool((lit.diff() >= 0).all())
    assert 0 <= float(lit.min()) <= float(lit.max()) <= 1
