"""What a network sees in a photo: how sure it is, the parts and the people in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from styfie.errors import AbsentRegionError
from styfie.images import resize
from styfie.segmentation.calibration import Calibration
from styfie.segmentation.doubt import without_wide_doubt
from styfie.segmentation.faces import face_map
from styfie.segmentation.matting import refine
from styfie.segmentation.people import Person, split_people, without_specks

MIN_AREA = 0.01  # share of the picture below which a subject, or of the subject below which a part, counts as none
READ = Calibration()  # how a network is read of which nothing else is known
PART_NAMES = ("skin", "hair", "clothes", "accessories")  # the network's parts after the background


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network sees in a photo (1, 3, H, W), straight and mirrored, at all scales.

    `matte` (1, 1, S, S) is the probability of "person"; `parts` (1, 5, S/2, S/2) those of background, skin, hair,
    clothes, accessories, all 0 where the network knows none. S is the side of what it sees. `undecided` is the matte as
    the network gives it where `matte` has answers for its doubt: how good it is, that one tells.
    """

    photo: Tensor
    matte: Tensor
    parts: Tensor
    calibration: Calibration = READ
    undecided: Tensor | None = None

    def decided(self) -> Prediction:
        """The same with one answer for each wide place of doubt, without the specks left of them; no surer for it."""
        return replace(self, matte=without_specks(without_wide_doubt(self.matte)), undecided=self.matte)

    @property
    def _raw(self) -> Tensor:
        return self.matte if self.undecided is None else self.undecided

    @property
    def sure(self) -> float:
        """The share of the person of which the network is sure; 0 for next to nobody.

        Nearly 1 on portraits, mostly under 0.7 on what is taken for a person in landscapes and noise.
        """
        person = float((self._raw > 0.5).float().mean())
        return float((self._raw > self.calibration.sure).float().mean()) / person if person >= MIN_AREA else 0.0

    @property
    def score(self) -> float:
        """How good the matte probably is, in [0, 1]."""
        return self.calibration.score(self.sure)

    @property
    def found(self) -> bool:
        """Whether somebody is in the photo."""
        return self.score >= self.calibration.nobody and self.clarity >= self.calibration.clear

    @property
    def clarity(self) -> float:
        """Mean probability, over the person, of each pixel's likeliest part; 1 where the network knows none.

        Over 0.7 on portraits, mostly under 0.6 on what is taken for a person in rooms, cars and food.
        """
        body = resize(self._raw, (self.parts.shape[-2], self.parts.shape[-1])) > 0.5
        if not (self.parts.any() and body.any()):
            return 1.0
        return float(self.parts.amax(1, keepdim=True)[body].mean())

    @property
    def hair(self) -> Tensor:
        """Its probability (1, 1, S/2, S/2)."""
        at = 1 + PART_NAMES.index("hair")
        return self.parts[:, at : at + 1]

    @cached_property
    def people(self) -> list[Person]:
        """Everybody, from left to right."""
        return split_people(self.matte, self.parts, self.photo)

    @cached_property
    def face(self) -> Tensor | None:
        """Where faces are, (1, 1, H, W) at the photo's size, see `faces.face_map`; None where nobody is found."""
        if not self.found:
            return None
        return face_map(self.matte, self.parts, (self.photo.shape[-2], self.photo.shape[-1]))

    def part(self, name: str) -> Person:
        """One part's share of the person, at the photo's size.

        Raises:
            AbsentRegionError: it is not in the photo.
        """
        at = 1 + PART_NAMES.index(name)
        known = self.parts[:, 1:].sum(1, keepdim=True)
        share = self.parts[:, at : at + 1] / known.clamp_min(1e-4)
        person = resize(self.matte, (share.shape[-2], share.shape[-1]))
        held = person * (share > 0.5)
        if float(held.sum()) <= MIN_AREA * float(person.sum()):
            seen = f"The segmenter sees no {name} in the photo" if known.any() else "This segmenter knows no parts"
            raise AbsentRegionError(f"{seen}: choose another region, or give a mask with --mask {name}=FILE.")
        clear = (2 * (share - 0.5) + 0.5).clamp(0, 1)  # as with the matte: the outer parts are haze
        return Person(refine(clear, self.photo), float((held * share).sum() / held.sum()))

    def person(self, name: str) -> Person:
        """One of the people, `person-1` the leftmost, at the photo's size.

        Raises:
            AbsentRegionError: there are not so many.
        """
        return self.refined(self.person_index(name))

    def person_index(self, name: str) -> int:
        """Where one stands among `people`.

        Raises:
            AbsentRegionError: there are not so many.
        """
        count, number = len(self.people), int(name.removeprefix("person-"))
        if number > count:
            found = f"{count or 'no'} people were" if count != 1 else "one person was"
            raise AbsentRegionError(
                f"There is no {name}: {found} found, counted from left to right. Give a mask with --mask {name}=FILE."
            )
        return number - 1

    def part_at(self, name: str, at: int) -> Person:
        """One part of one of `people`, at the photo's size.

        Raises:
            AbsentRegionError: it is not in the photo, or not of that person.
        """
        whole, one = self.part(name), self.refined(at)
        share = whole.share * one.share
        matte = resize(self.matte, (share.shape[-2], share.shape[-1]))
        if float((share * matte).sum()) <= MIN_AREA * float((one.share * matte).sum()):
            raise AbsentRegionError(
                f"The segmenter sees no {name} of person-{at + 1}: choose another region, or give a mask with "
                f"--mask person-{at + 1}-{name}=FILE."
            )
        return Person(share, min(whole.score, one.score))

    def refined(self, at: int) -> Person:
        """One of `people` at the photo's size."""
        one = self.people[at]
        return Person(refine(one.share, self.photo), one.score)

    @property
    def bodies(self) -> Tensor:
        """Rough masks (P, 1, H, W) of `people` at the photo's size, not sharing pixels."""
        size = (self.photo.shape[-2], self.photo.shape[-1])
        if not self.people:
            return torch.zeros(0, 1, *size)
        shares = torch.cat(
            [resize(self.matte, (one.share.shape[-2], one.share.shape[-1])) * one.share for one in self.people]
        )
        return resize(shares, size).clamp(0, 1)
