"""Each term of a layer's loss alone, in float64, against its formula written out here and autograd's gradient of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from styfie.depth import DepthOrder
from styfie.encoders.loss_weights import Weights
from styfie.encoders.plain import PlainEncoder
from styfie.engines.measure import Measure, Targets
from styfie.engines.objective import TERMS, Objective
from styfie.engines.spread import Goal
from styfie.losses import load_loss
from styfie.losses.borders import REACH, Borders
from styfie.losses.moments import Moments

NOTHING = Weights(content=0, total_variation=0, range=0, detail=0, edges=0, borders=0, face=0)
WEIGHTS = {
    "content": Weights(**{**vars(NOTHING), "content": 0.7, "face": 1.5}),
    "edges": Weights(**{**vars(NOTHING), "edges": 0.6}),
    "borders": Weights(**{**vars(NOTHING), "borders": 0.8}),
    "smooth": Weights(**{**vars(NOTHING), "total_variation": 0.9, "grain": 0.4}),
    "range": Weights(**{**vars(NOTHING), "range": 1.1}),
    "style": NOTHING,
}
CONTRAST = {"conv3": 0.3, "conv4": 0.5}
Formula = Callable[["Scene", Tensor], Tensor]


class Network:
    """The built-in encoder's formula in PyTorch's own operations: nothing of its gradient is written by hand."""

    def __init__(self, like: PlainEncoder) -> None:
        self.style_taps, self.content_taps = like.style_taps, like.content_taps
        self.stride, self.reach, self.state = like.stride, like.reach, like.state_dict()

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:
        x, found = picture - 0.5, {}
        for i, tap in enumerate(self.style_taps):
            x = F.avg_pool2d(x, 2, ceil_mode=True) if i else x
            x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), self.state[f"convs.{i}.weight"])
            x = F.leaky_relu(x + self.state[f"convs.{i}.bias"].view(1, -1, 1, 1), 0.1)
            found[tap] = x
        return found

    def to(self, *_: object, **__: object) -> Network:
        return self


class Scene:
    """A photo, two regions that overlap, a face in one corner, borders here and there, and a picture to measure."""

    def __init__(self, size: tuple[int, int]) -> None:
        generator = torch.Generator().manual_seed(0)

        def drawn(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, dtype=torch.float64)

        torch.manual_seed(0)
        self.encoder = PlainEncoder((4, 6, 8, 8)).double().requires_grad_(False)
        self.encoder.content_taps = ("conv3", "conv4")
        self.network = Network(self.encoder)
        self.photo, self.image = drawn(1, 3, *size), 1.4 * drawn(1, 3, *size) - 0.2
        self.drawn = drawn(1, 3, *size)
        across = torch.linspace(0, 1, size[1], dtype=torch.float64).expand(1, 1, *size)
        self.alphas = [across.clone(), (1.2 - across).clamp(0, 1)]
        self.face = torch.zeros_like(self.alphas[0])
        self.face[..., 5:27, 3:24] = 0.2 + 0.6 * drawn(1, 1, 22, 21)
        self.styles = [drawn(1, 3, 32, 40), drawn(1, 3, 40, 32) ** 2]
        weights = torch.zeros(2, 1, *size, dtype=torch.float64)
        weights[..., REACH:-REACH, REACH:-REACH] = drawn(2, 1, size[0] - 2 * REACH, size[1] - 2 * REACH) / 100
        self.borders = Borders(drawn(2, 1, *size) - 0.5, weights)

    def objective(self, term: str, loss: str, side: int, by_hand: bool = True) -> Objective:
        """The term alone: the style's own weight is its share, the others' are in `WEIGHTS`."""
        encoder = self.encoder if by_hand else self.network
        measure = Measure(encoder, load_loss(loss), WEIGHTS[term], side)
        share = float(term == "style")
        goals = [Goal(a, self.targets(measure, n, share)) for n, a in enumerate(self.alphas)]
        contrast = {tap: torch.tensor(value, dtype=torch.float64) for tap, value in CONTRAST.items()}
        return Objective(self.photo, goals, measure, self.face, contrast, self.borders, self.drawn)

    def targets(self, measure: Measure, goal: int, share: float) -> Targets:
        """The first region has one style, the second both, one to three."""
        shares = [(1.0, 0.0), (0.25, 0.75)][goal]
        found: dict[str, list[tuple[float, object]]] = {tap: [] for tap in self.encoder.style_taps}
        for each, style in zip(shares, self.styles, strict=True):
            for tap, maps in self.network(style).items():
                sample = measure.sample(maps, torch.ones_like(maps[:, :1]))
                found[tap].append((share * each, measure.loss.prepare(sample)))
        return found


def mean_of(matte: Tensor, stride: int) -> Tensor:
    return F.avg_pool2d(matte, stride, ceil_mode=True, count_include_pad=False)


def slopes(level: Tensor) -> tuple[Tensor, Tensor]:
    return level[..., 1:, :] - level[..., :-1, :], level[..., 1:] - level[..., :-1]


def luma(picture: Tensor) -> Tensor:
    return (picture * torch.tensor([0.299, 0.587, 0.114], dtype=picture.dtype).view(1, 3, 1, 1)).sum(1, keepdim=True)


def statistics(maps: Tensor, mask: Tensor) -> Moments:
    flat, weight = maps[0].flatten(1), mask.flatten()
    return Moments((flat * weight) @ flat.T, (flat * weight).sum(1), weight.sum())


def style(loss: str) -> Formula:
    def formula(scene: Scene, image: Tensor) -> Tensor:
        total, measure = image.new_zeros(()), Measure(scene.network, load_loss(loss), NOTHING)
        maps = scene.network(image)
        for n, alpha in enumerate(scene.alphas):
            targets = scene.targets(measure, n, 1.0)
            for i, tap in enumerate(scene.encoder.style_taps):
                found = statistics(maps[tap], mean_of(alpha, 2**i))
                for share, wanted in targets[tap]:
                    total = total + share * measure.loss.measure(found, wanted)
        return total

    return formula


def content(scene: Scene, image: Tensor) -> Tensor:
    total, all_found, all_wanted = image.new_zeros(()), scene.network(image), scene.network(scene.drawn)
    for tap, contrast in CONTRAST.items():
        stride = 2 ** (int(tap[-1]) - 1)
        inside, face = mean_of((scene.alphas[0] + scene.alphas[1]).clamp(max=1), stride), mean_of(scene.face, stride)
        found, wanted = all_found[tap], all_wanted[tap]
        divisor = inside.sum() * found.shape[1] * contrast
        total = total + 0.35 * ((found - wanted).square() * inside * (1 + 1.5 * face)).sum() / divisor
    return total


def smooth(scene: Scene, image: Tensor) -> Tensor:
    squares = torch.stack([rise.square().sum() for rise in slopes(image)]).sum() / image.numel()
    steps = [(rise.square().sum(1) + 0.02**2).sqrt().sum() - 0.02 * rise[0, 0].numel() for rise in slopes(image)]
    return 0.9 * squares + 0.4 * torch.stack(steps).sum() / image[0, 0].numel()


def beyond(scene: Scene, image: Tensor) -> Tensor:
    return 1.1 * ((-image).clamp(min=0).square() + (image - 1).clamp(min=0).square()).mean()


def edges(scene: Scene, image: Tensor) -> Tensor:
    wanted, level, weight = luma(scene.photo), luma(image), scene.face
    inside = (scene.alphas[0] + scene.alphas[1]).clamp(max=1)
    total = image.new_zeros(())
    for _ in range(3):
        held = (weight[..., :-1, :], weight[..., :-1])
        energy = sum(float((w * s.square()).sum()) for w, s in zip(held, slopes(wanted), strict=True))
        energy = max(energy, 0.02**2 * float(weight.sum()))
        lost = [(w * s.square()).sum() for w, s in zip(held, slopes(level - wanted), strict=True)]
        total = total + (lost[0] + lost[1]) / (3 * energy)
        wanted, level, weight = mean_of(wanted, 2), mean_of(level, 2), mean_of(weight, 2)
    return 0.6 * scene.face.max() ** 2 * scene.face.sum() / inside.sum() * total


def borders(scene: Scene, image: Tensor) -> Tensor:
    kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=image.dtype).view(1, 1, 3, 3) / 16
    level = F.conv2d(F.pad(luma(image), (1, 1, 1, 1), mode="replicate"), kernel)
    total = image.new_zeros(())
    for dim, wanted, weight in zip((2, 3), scene.borders.steps, scene.borders.weights, strict=True):
        rise = level.roll(-2, dim) - level.roll(1, dim)  # from a pixel before a position to a pixel after the next one
        missing = (wanted.abs() - rise * wanted.sign()).clamp(min=0)
        total = total + (missing.square() * weight).sum()  # weights are 0 at the rim, where `roll` goes round
    return 0.8 * total


FORMULAS: Mapping[str, Formula] = {
    "content": content,
    "edges": edges,
    "borders": borders,
    "smooth": smooth,
    "range": beyond,
}


def assert_alone(objective: Objective, scene: Scene, term: str, formula: Formula) -> None:
    leaf = scene.image.clone().requires_grad_()
    value = formula(scene, leaf)
    (gradient,) = torch.autograd.grad(value, leaf)
    terms, found = objective(scene.image)
    known = torch.zeros_like(terms)
    known[TERMS.index(term)] = value.detach()
    assert value.item() > 0
    assert torch.allclose(terms, known, rtol=1e-8, atol=1e-12)
    assert float((found - gradient).abs().max()) <= 1e-8 * float(gradient.abs().max())


whole_and_tiled = pytest.mark.parametrize("side", [0, 16])
even_and_odd = pytest.mark.parametrize("size", [(48, 64), (45, 61)])


@even_and_odd
@whole_and_tiled
@pytest.mark.parametrize("term", FORMULAS)
def test_a_term_and_its_gradient_are_the_formulas(term: str, side: int, size: tuple[int, int]) -> None:
    scene = Scene(size)
    assert_alone(scene.objective(term, "gram", side), scene, term, FORMULAS[term])


@even_and_odd
@whole_and_tiled
@pytest.mark.parametrize("loss", ["gram", "wasserstein"])
def test_the_style_and_its_gradient_are_the_formulas(loss: str, side: int, size: tuple[int, int]) -> None:
    scene = Scene(size)
    assert_alone(scene.objective("style", loss, side), scene, "style", style(loss))


@whole_and_tiled
@pytest.mark.parametrize("term", ["content", "style"])
def test_an_encoder_without_a_way_back_of_its_own_is_differentiated(term: str, side: int) -> None:
    scene = Scene((45, 61))
    objective = scene.objective(term, "gram", side, by_hand=False)
    assert_alone(objective, scene, term, {**FORMULAS, "style": style("gram")}[term])


@whole_and_tiled
def test_the_order_of_depths_is_added_to_all_else(side: int) -> None:
    scene = Scene((45, 61))
    objective = scene.objective("content", "gram", side)
    torch.manual_seed(0)
    network = torch.nn.Conv2d(3, 1, 5).double()
    everything = (slice(0, 45), slice(0, 61))
    order = DepthOrder(scene.photo, scene.alphas[0], everything, network, 3.0)
    terms, gradient = (one.clone() for one in objective(scene.image))
    assert float(terms[TERMS.index("depth")]) == 0
    objective.depth = order
    value, slope = order(scene.image)
    terms[TERMS.index("depth")] = value
    found, both = objective(scene.image)
    assert float(value) > 0 and torch.equal(found, terms)
    assert torch.allclose(both, gradient + slope, rtol=1e-9, atol=1e-12)
