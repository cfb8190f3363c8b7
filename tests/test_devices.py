"""Where a run is computed: what `auto` is, and that nothing is asked of a device that it has not."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styfie import devices
from styfie.devices import few_threads, has_bf16, in_float64, pick_device, reduced_precision, to_fast_dtype, trim_memory
from styfie.encoders.plain import PlainEncoder
from styfie.encoders.vgg import Vgg
from styfie.engines import gatys as gatys_module
from styfie.engines import onepass
from styfie.engines import optimise as engine
from styfie.engines.classic import Classic, classic
from styfie.engines.fast.paint import FastPainter, fast
from styfie.engines.gatys import gatys
from styfie.engines.optimise import optimise
from styfie.engines.per_style.paint import per_style
from styfie.engines.plan import Plan, Scale
from styfie.engines.progress import Progress
from styfie.errors import InputError
from styfie.gallery import draw
from styfie.looks import Look, Style
from styfie.losses import STYLE_LOSSES
from styfie.regions import Regions
from styfie.settings import Settings
from tests.stand_in import StandIn

Run = Callable[[Tensor, Regions, dict[str, Look], Settings], list[Progress]]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says which GPUs this computer has."""

    def has(cuda: bool = False, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


@pytest.mark.parametrize(
    ("cuda", "mps", "kind"), [(False, False, "cpu"), (True, False, "cuda"), (True, True, "cuda"), (False, True, "cpu")]
)
def test_auto_is_a_cuda_gpu_or_the_processor(there: Callable[..., None], cuda: bool, mps: bool, kind: str) -> None:
    there(cuda, mps)
    assert pick_device("auto").type == kind


def test_a_device_is_had_by_name_where_it_is(there: Callable[..., None]) -> None:
    there(cuda=True, mps=True)
    assert [pick_device(name).type for name in ("cpu", "cuda", "mps")] == ["cpu", "cuda", "mps"]
    there()
    assert pick_device("cpu").type == "cpu"
    with pytest.raises(InputError, match=r"No cuda device here: use --device auto, or cpu\."):
        pick_device("cuda")
    there(cuda=True)
    with pytest.raises(InputError, match=r"No mps device here: use --device auto, or cuda, cpu\."):
        pick_device("mps")


@pytest.mark.parametrize("fast", [True, False])
def test_bfloat16_is_for_where_it_is_in_hardware(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: fast)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: fast or including_emulation)
    assert [has_bf16(torch.device(kind)) for kind in ("cpu", "cuda", "mps")] == [fast, fast, False]
    layer = nn.Linear(2, 3)
    found = to_fast_dtype(layer, torch.device("cpu"))
    assert found.weight.dtype == (torch.bfloat16 if fast else torch.float32)
    assert layer.weight.dtype == torch.float32, "a copy is lowered, not the network itself"
    with reduced_precision(torch.device("cpu")):
        assert layer(torch.ones(1, 2)).dtype == found.weight.dtype


def test_what_is_no_module_of_pytorchs_is_only_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    class Moved:
        def to(self, device: torch.device) -> tuple[str, torch.device]:
            return "moved", device

    monkeypatch.setattr(devices, "has_bf16", lambda device: True)
    found: object = to_fast_dtype(Moved(), torch.device("cpu"))
    assert found == ("moved", torch.device("cpu"))


@pytest.mark.parametrize("always", [False, True])
def test_freed_memory_is_given_back_where_the_c_library_keeps_it(monkeypatch: pytest.MonkeyPatch, always: bool) -> None:
    asked: list[tuple[str, int, int] | tuple[str, int]] = []

    class Library:
        def __init__(self, name: str) -> None:
            if not name:
                raise OSError

        def mallopt(self, option: int, value: int) -> None:
            asked.append(("mallopt", option, value))

        def malloc_trim(self, pad: int) -> None:
            asked.append(("malloc_trim", pad))

    monkeypatch.setattr(ctypes, "CDLL", Library)
    trim_memory(always)
    assert asked == [("mallopt", -3, 4 << 20)] * always + [("malloc_trim", 0)]
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library(""))
    trim_memory(always)  # another system's: nothing happens


def test_float64_is_where_it_can_be() -> None:
    x = torch.full((2,), 0.1)
    assert in_float64(x).dtype == torch.float64
    with StandIn() as device:
        exact = in_float64(x.to("mps"))
        assert not device.holds(exact)
        assert torch.equal(exact, x.double())


def narrow_vgg(layers: int) -> Vgg:
    torch.manual_seed(0)
    return Vgg(layers, "average", widths=(8,) * 5).eval().requires_grad_(False)


def by_loss(loss: str) -> Run:
    def run(photo: Tensor, regions: Regions, looks: dict[str, Look], settings: Settings) -> list[Progress]:
        torch.manual_seed(0)
        encoder = PlainEncoder((8, 8, 16, 16)).requires_grad_(False)
        settings = Settings(**{**vars(settings), "loss": loss, "start": "fast" if loss == "gram" else "photo"})
        return list(optimise(photo, regions, looks, settings, encoder=encoder))

    return run


def in_tiles(photo: Tensor, regions: Regions, looks: dict[str, Look], settings: Settings) -> list[Progress]:
    with pytest.MonkeyPatch.context() as patch:
        size = regions.size
        patch.setattr(engine, "plan_for", lambda *_: Plan((Scale(size, 3, 16, 2, 0.0),), 2))
        return by_loss("wasserstein")(photo, regions, looks, settings)


def classically(photo: Tensor, regions: Regions, looks: dict[str, Look], settings: Settings) -> list[Progress]:
    parameters = Classic(iterations=1, evaluations=2, size=32)
    return list(classic(photo, regions, looks, settings, parameters=parameters, network=narrow_vgg(16)))


def as_gatys(photo: Tensor, regions: Regions, looks: dict[str, Look], settings: Settings) -> list[Progress]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gatys_module, "reference_pictures", lambda: draw("night", 64))
        return list(gatys(photo, regions, looks, settings, network=narrow_vgg(19)))


def once(paint: Callable[..., object]) -> Run:
    return lambda *asked: list(paint(*asked))  # type: ignore[call-overload]


RUNS: dict[str, Run] = {
    **{f"optimise by {loss}": by_loss(loss) for loss in STYLE_LOSSES},
    "optimise in tiles": in_tiles,
    "fast": once(fast),
    "per-style": once(per_style),
    "classic": classically,
    "gatys": as_gatys,
}


@pytest.mark.slow
@pytest.mark.usefixtures("float32")  # which forgets, too, what another stand-in was given
@pytest.mark.parametrize("name", RUNS)
def test_all_of_a_run_is_on_its_device_and_in_what_that_knows(
    name: str, halves: Regions, there: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With faces and depth, on a device that refuses float64, what is missing there, and tensors of two places."""
    there(mps=True)
    monkeypatch.setattr(onepass, "NATIVE", 32)
    monkeypatch.setattr(FastPainter, "native", 32)
    rng = torch.Generator().manual_seed(0)
    photo = F.interpolate(torch.rand(1, 3, 9, 12, generator=rng), (48, 64), mode="bicubic").clamp(0, 1)
    face, depth = torch.zeros(1, 1, 48, 64), torch.zeros(1, 1, 48, 64)
    face[..., 10:30, 10:26], depth[..., 20:, :] = 1, 1
    regions = Regions(halves.names, halves.alpha, halves.score, face=face, depth=depth)
    part = torch.ones(1, 1, 64, 64)
    looks = {
        "subject": Look((Style("waves", draw("waves", 64)), Style("glass", draw("glass", 64), 2.0)), likeness=0.8),
        "background": Look(
            (Style("night", draw("night", 64), 1.0, None if name == "per-style" else part),), stroke=0.5
        ),
    }
    steps = 12 if name == "optimise by gram" else 3  # long enough to look whether anything still changes
    *_, known = RUNS[name](photo, regions, looks, Settings(size=64, steps=steps, device="cpu"))
    with StandIn() as device:
        *_, found = RUNS[name](photo, regions, looks, Settings(size=64, steps=steps, device="mps"))
        layers = found.layers
        assert not device.holds(layers)
    assert "convolution" in device.operations
    apart = (layers - known.layers).abs()  # by the order of sums: a GPU may be 3 of 255 off in the mean
    assert float(apart.mean()) < 1e-3 and float(apart.max()) < 0.05


def test_one_thread_is_given_back() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="no"), few_threads():
        assert torch.get_num_threads() == 1
        raise ValueError("no")
    assert torch.get_num_threads() == before


@pytest.fixture
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
def test_one_thread_within_one_thread_stays_one() -> None:
    with few_threads():
        with few_threads():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("first", [0, 1], ids=["who began first ends first", "who began first ends last"])
def test_whoever_ends_last_all_threads_are_given_back(first: int) -> None:
    """Two overlap; afterwards each has what it had, and so has who comes later."""
    ends, found = [threading.Event(), threading.Event()], {}

    def use(name: int, begun: threading.Event) -> None:
        with few_threads():
            found[f"within {name}"] = torch.get_num_threads()
            begun.set()
            assert ends[name].wait(60)
        found[f"after {name}"] = torch.get_num_threads()

    users = []
    for name in (0, 1):
        begun = threading.Event()
        users.append(threading.Thread(target=use, args=(name, begun)))
        users[-1].start()
        assert begun.wait(60)
    for name in (first, 1 - first):
        ends[name].set()
        users[name].join(60)
    with ThreadPoolExecutor(1) as pool:
        found["later"] = pool.submit(torch.get_num_threads).result()
    assert found == {"within 0": 1, "within 1": 1, "after 0": 3, "after 1": 3, "later": 3}


def test_threads_are_given_back_by_the_last_of_overlapping_blocks() -> None:
    """Not by the first to end, nor as the second found them: each of two paintings at a time asks for one."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        first, second = few_threads(), few_threads()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert torch.get_num_threads() == 1, "the other still wants one"
        second.__exit__(None, None, None)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_threads_are_given_back_where_two_threads_overlap() -> None:
    before, found = torch.get_num_threads(), dict[str, int]()
    inside, left = threading.Event(), threading.Event()

    def first() -> None:
        with few_threads():
            inside.set()
            assert other.wait(20)
        found["first"] = torch.get_num_threads()
        left.set()

    def second() -> None:
        assert inside.wait(20)
        with few_threads():
            other.set()
            assert left.wait(20)
        found["second"] = torch.get_num_threads()

    other = threading.Event()
    torch.set_num_threads(3)
    try:
        with ThreadPoolExecutor(2) as pool:
            for done in (pool.submit(first), pool.submit(second)):
                done.result()
        with ThreadPoolExecutor(1) as pool:
            found["new"] = pool.submit(torch.get_num_threads).result()
        assert (found, torch.get_num_threads()) == ({"first": 3, "second": 3, "new": 3}, 3)
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("three_threads")
def test_blocks_within_blocks_end_as_they_began() -> None:
    with few_threads(2):
        with few_threads():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3
