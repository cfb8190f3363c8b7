"""The built-in segmenter: photo in; subject and background, parts, and people out."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from styfie.devices import reduced_precision
from styfie.errors import AbsentRegionError, InputError, NoPersonError
from styfie.images import resize
from styfie.regions import Regions
from styfie.segmentation.calibration import Calibration
from styfie.segmentation.closer import boxes_to_see, pixels_of, put_closer
from styfie.segmentation.exported import read_exported
from styfie.segmentation.files import read_network, read_parts
from styfie.segmentation.matting import MATTE_SIZE, guided_upsample, refine
from styfie.segmentation.networks import PARTS, PersonNet, PyramidNet, fuse
from styfie.segmentation.people import Box, match_people, without_specks
from styfie.segmentation.prediction import PART_NAMES, READ, Prediction
from styfie.segmentation.protocols import Memory
from styfie.segmentation.splitting import PERSON_PART, check_name, split_groups, split_off
from styfie.weights import check_packaged

INPUT_SIZE = 256  # the network sees the photo stretched to a square of this side, as in training
SCALES = (0.875, 1.125)  # of that side, each seen straight and mirrored: large people are seen better by the first
ONE = (1.0,)  # what there is time for in a film
FAST_MATTE_SIZE = 384  # longest side at which a brief look's matte is solved for
UPRIGHT = 0.95  # of the person of which the network is sure: with less the photo may be upside down
SURE_TURNED, SURER_TURNED = 0.9, 0.08  # the same of the turned photo, and how much more that is, at least


@cache
def load_shipped(own_parts: bool = False) -> tuple[PyramidNet, int, Calibration]:
    """The network that ships, frozen, the side that it sees, and how it is read.

    Parts are told by a head of its own file, which learned from all pictures; by `own_parts` they are the network's,
    which learned from no picture whose stated terms forbid commercial use.

    Raises:
        MissingError: a file is missing from the package.
        InputError: one is damaged.
    """
    network, side, calibration = read_network(check_packaged("segmenter"))
    assert isinstance(network, PyramidNet)
    if not own_parts:
        network.parts, clear = read_parts(check_packaged("parts"))
        calibration = replace(calibration, clear=clear)
    fuse(network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network, side, calibration


@torch.no_grad()
def predict(
    photo: Tensor,
    network: nn.Module,
    side: int = INPUT_SIZE,
    scales: Sequence[float] = SCALES,
    mirrored: bool = True,
    calibration: Calibration = READ,
    closer: bool = False,
) -> Prediction:
    """Run a network on a photo (1, 3, H, W), and on its mirror image, at each of some scales, and take the mean.

    It sees squares of `side` pixels times the scale. Parts are of the last of them alone, the largest: hair and what is
    worn are small; and a network that is no `PersonNet` knows none. `closer` looks once more at people who are small in
    the photo, at a part of it: the prediction is then of a larger side.
    """
    last = len(scales) - 1
    sides = [round(scale * side / 32) * 32 for scale in scales]
    seen = [_predict_once(photo, network, each, mirrored, parts=n == last) for n, each in enumerate(sides)]
    matte = torch.cat([resize(one, (side, side)) for one, _ in seen]).mean(0, keepdim=True)
    part = resize(seen[-1][1], (side // 2, side // 2))
    if closer and (boxes := boxes_to_see(without_specks(_clear(matte, calibration)))):
        size = (photo.shape[-2], photo.shape[-1])
        cuts = [photo[(..., *pixels_of(box, size))] for box in boxes]
        looks = [_predict_once(cut, network, side, mirrored) for cut in cuts]
        matte = put_closer(matte, boxes, [one for one, _ in looks], size)
        part = put_closer(part, boxes, [one for _, one in looks], size)
    clear = _clear(matte, calibration)
    return Prediction(photo, without_specks(clear), part.clamp(0, 1), calibration)


def _clear(matte: Tensor, calibration: Calibration) -> Tensor:
    return (calibration.contrast * (matte - 0.5) + 0.5).clamp(0, 1)


def _predict_once(
    photo: Tensor, network: nn.Module, side: int, mirrored: bool, parts: bool = True
) -> tuple[Tensor, Tensor]:
    """Probabilities of "person" (1, 1, side, side) and of the parts (1, 5, side/2, side/2), 0 if not asked for."""
    square = resize(photo, (side, side))
    pair = torch.cat([square, square.flip(3)] if mirrored else [square]).contiguous(memory_format=torch.channels_last)
    with reduced_precision(pair.device):
        both = network.both(pair) if parts and isinstance(network, PersonNet) else None
        logits, likely = both or (network(pair), None)
    matte = _unmirrored(logits.float().sigmoid())
    if likely is None:
        return matte, torch.zeros(1, PARTS, side // 2, side // 2)
    return matte, _unmirrored(likely.float().softmax(1))


def _unmirrored(pair: Tensor) -> Tensor:
    """The mean of a picture's answer and its mirror image's, (1, C, H, W), if there is one."""
    return pair if len(pair) == 1 else 0.5 * (pair[:1] + pair[1:].flip(3))


class PortraitSegmenter:
    """Finds the person; splits off parts and people when asked for by name."""

    def __init__(
        self,
        network: nn.Module,
        side: int = INPUT_SIZE,
        calibration: Calibration = READ,
        scales: Sequence[float] = SCALES,
        matte_size: int = MATTE_SIZE,
    ) -> None:
        self.network, self.side, self.calibration = network, side, calibration
        self.scales, self.matte_size = scales, matte_size
        self._latest: tuple[weakref.ref[Tensor], Prediction] | None = None

    def fast(self) -> PortraitSegmenter:
        """The same in less time, for engines that take no more: one scale, and the matte solved for smaller.

        On validation portraits 0.003 less of IoU and 0.004 of the boundary's F (`benchmarks/segmenter.py`).
        """
        return PortraitSegmenter(self.network, self.side, self.calibration, ONE, FAST_MATTE_SIZE)

    def parts(self, photo: Tensor) -> dict[str, Box | None]:
        """What may be split off the person of a photo: parts; each of several people, with the head; their parts."""
        seen = self._seen_of(photo).people
        people = {f"person-{n + 1}": one.head for n, one in enumerate(seen) if len(seen) > 1}
        theirs = dict.fromkeys(f"{person}-{part}" for person in people for part in PART_NAMES)
        return dict.fromkeys(PART_NAMES) | people | theirs

    def __call__(self, photo: Tensor, finer: Iterable[str] = ()) -> Regions:
        """Subject and background of a photo (1, 3, H, W), the `finer` regions split off the subject, and the faces.

        Raises:
            NoPersonError: no person in it that the network could find.
            InputError: a finer region that is not there.
        """
        prediction = self._predict(photo)
        return split_off(self._whole(prediction), prediction, finer)

    def _whole(self, prediction: Prediction) -> Regions:
        """Subject, background and faces of what the network sees."""
        if not prediction.found:
            raise NoPersonError(
                "No person was found in the photo: say where the subject is with --subject-at X,Y, a pixel of it, or "
                "give a mask with --mask FILE (white = subject)."
            )
        hair = prediction.hair if len(self.scales) > 1 else None
        matte = refine(prediction.matte, prediction.photo, self.matte_size, hair)
        return replace(Regions.of_subject(matte, prediction.score), face=prediction.face)

    def _predict(self, photo: Tensor) -> Prediction:
        """What is seen, which is remembered until the next photo comes."""
        found = self._predict_either_way_up(photo).decided()
        self._latest = weakref.ref(photo), replace(found, photo=photo[..., :0, :0])
        return found

    def _seen_of(self, photo: Tensor) -> Prediction:
        """What was seen of a photo a moment ago; of another one glance."""
        if self._latest is not None and self._latest[0]() is photo:
            return replace(self._latest[1], photo=photo)
        return self._glance(photo)

    def _predict_either_way_up(self, photo: Tensor) -> Prediction:
        """What is seen; a photo that looks wrong is looked at upside down, too, where there is time."""
        if len(self.scales) == 1:
            return self._look(photo)
        prediction = self._look(photo, closer=True)
        if prediction.sure >= UPRIGHT:
            return prediction
        turned, least = photo.flip(2, 3), max(SURE_TURNED, prediction.sure + SURER_TURNED)
        if self._glance(turned).sure < least:
            return prediction
        seen = self._look(turned, closer=True)
        if seen.sure < least:  # a glance alone may be surer than it should be
            return prediction
        return replace(seen, photo=photo, matte=seen.matte.flip(2, 3), parts=seen.parts.flip(2, 3))

    def _look(self, photo: Tensor, closer: bool = False) -> Prediction:
        return predict(photo, self.network, self.side, self.scales, calibration=self.calibration, closer=closer)

    def _glance(self, photo: Tensor) -> Prediction:
        """One look, as there is time for in a film."""
        return predict(photo, self.network, self.side, ONE, mirrored=False, calibration=self.calibration)

    def check(self, finer: Iterable[str]) -> None:
        """See that there could be such regions in a frame.

        Raises:
            InputError: none of a part or a person; or a part, and the network knows none.
        """
        for name in finer:
            check_name(name)
            part = name in PART_NAMES or PERSON_PART.fullmatch(name)
            if part and not isinstance(self.network, PersonNet):
                raise InputError(
                    f"This segmenter knows no parts, and so no {name}: choose another region or segmenter."
                )

    def of_frame(self, frame: Tensor, finer: Iterable[str], before: Memory | None) -> tuple[Regions, Memory]:
        """The regions of a frame of a film; a part or a person that is absent is empty.

        People keep their numbers, those from left to right when they come, as long as they overlap with where they
        were; who is away for a while comes back as the first who is missing.

        Raises:
            NoPersonError: no person in it that the network could find; nobody's number changes by it.
        """
        names = list(finer)
        if not names:
            return self.segment_frame(frame), {}
        prediction = self._look(frame)  # neither closer nor turned: that would change from frame to frame
        whole = self._whole(prediction)
        parts = {}
        for name in names:
            if name in PART_NAMES:
                with suppress(AbsentRegionError):
                    parts[name] = prediction.part(name)
        known = (before or {}).get("people", frame.new_zeros(0, 1, *frame.shape[-2:]))
        bodies = prediction.bodies
        numbers = match_people(bodies, known)
        people, theirs = {}, {}
        for at, number in enumerate(numbers):
            person = f"person-{number + 1}"
            if person in names:
                people[person] = prediction.refined(at)
            for part in (part for part in PART_NAMES if f"{person}-{part}" in names):
                with suppress(AbsentRegionError):
                    theirs[f"{person}-{part}"] = prediction.part_at(part, at)
        memory = torch.cat(
            [known, known.new_zeros(max(0, max(numbers, default=-1) + 1 - len(known)), *known.shape[1:])]
        )
        if numbers:
            memory[numbers] = bodies
        return split_groups(whole, theirs, parts, people), {"people": memory}

    def segment_frame(self, photo: Tensor) -> Regions:
        """Subject and background at once, as for a frame of a film: one look, and no closed-form matting.

        Raises:
            NoPersonError: no person in it that the network could find.
        """
        prediction = self._glance(photo)
        if not prediction.found:
            raise NoPersonError("No person was found in the frame.")
        return replace(
            Regions.of_subject(guided_upsample(prediction.matte, photo), prediction.score), face=prediction.face
        )

    def split(self, regions: Regions, photo: Tensor, finer: Iterable[str]) -> Regions:
        """Split `finer` regions off a subject that is known already, and find the faces, whatever the subject is."""
        prediction = self._predict(photo)
        return split_off(replace(regions, face=prediction.face), prediction, finer)


@cache
def load_portrait() -> PortraitSegmenter:
    """The segmenter of the network that ships, read once.

    Raises:
        MissingError, InputError: as `load_shipped`.
    """
    return PortraitSegmenter(*load_shipped())


def load_free() -> PortraitSegmenter:
    """The same whose parts, too, were learned from no picture whose stated terms forbid commercial use.

    Raises:
        MissingError, InputError: as `load_shipped`.
    """
    return PortraitSegmenter(*load_shipped(own_parts=True))


def load_trained(file: Path) -> PortraitSegmenter:
    """The segmenter of a network of one's own, as `files.read_network`."""
    network, side, calibration = read_network(file)
    fuse(network)
    return PortraitSegmenter(network, side, calibration)


def load_exported(file: Path) -> PortraitSegmenter:
    """The segmenter of an exported network, as `exported.read_exported`."""
    return PortraitSegmenter(*read_exported(file))
