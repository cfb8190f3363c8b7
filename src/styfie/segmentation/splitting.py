"""Parts and people split off the subject by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from styfie.errors import InputError
from styfie.regions import BACKGROUND, SUBJECT, Regions
from styfie.segmentation.people import Person
from styfie.segmentation.prediction import PART_NAMES, Prediction

PERSON = re.compile(r"person-([1-9]\d?)")
PERSON_PART = re.compile(rf"(person-[1-9]\d?)-({'|'.join(PART_NAMES)})")


def split_off(regions: Regions, prediction: Prediction, finer: Iterable[str]) -> Regions:
    """Parts of one person first, then parts, from everybody else; a person is then what is left of one.

    Their order does not matter.

    Raises:
        InputError: a name that is none of a part or a person, or of one that is not in the photo.
    """
    theirs, parts, people = {}, {}, {}
    for name in finer:
        check_name(name)
        if name in PART_NAMES:
            parts[name] = prediction.part(name)
        elif found := PERSON_PART.fullmatch(name):
            theirs[name] = prediction.part_at(found[2], prediction.person_index(found[1]))
        else:
            people[name] = prediction.person(name)
    return split_groups(regions, theirs, parts, people)


def check_name(name: str) -> None:
    """See that a name is one of a part or a person.

    Raises:
        InputError: it is none.
    """
    if name not in PART_NAMES and not PERSON.fullmatch(name) and not PERSON_PART.fullmatch(name):
        known = ", ".join((SUBJECT, BACKGROUND, *PART_NAMES, "person-1, person-2, …, person-1-hair, …"))
        raise InputError(f"There is no region {name!r}: known are {known}; or give a mask with --mask {name}=FILE.")


def split_groups(regions: Regions, *groups: Mapping[str, Person]) -> Regions:
    """Each group's share of what the groups before it have left."""
    for group in groups:
        shares = [found.share for found in group.values()]
        excess = torch.stack(shares).sum(0).clamp_min(1) if shares else torch.ones(1)
        left = torch.ones_like(regions[SUBJECT])
        for name, found in group.items():
            share = found.share / excess
            regions = _take(
                regions, name, (share / left.clamp_min(1e-4)).clamp(0, 1), min(found.score, regions.score[0])
            )
            left = left - share
    return regions


def _take(regions: Regions, name: str, share: Tensor, score: float) -> Regions:
    """Split a region off the subject; what is of one person also off that person and off that part of everybody."""
    regions = regions.split(SUBJECT, name, share, score)
    found = PERSON_PART.fullmatch(name)
    for wider in (wider for wider in (found.groups() if found else ()) if wider in regions.names):
        regions = regions.split(wider, "_taken", share).merge(name, "_taken")
    return regions
