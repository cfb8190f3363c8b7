"""The engine of flat regions: stained glass, cut paper, posters.

pieces    a picture cut by colour, texture, parts and the features of faces
outlines  borders as smooth lines that neighbours share
kinds     what pieces are made into
svg       the same as a drawing for any size
paint     the engine
"""

from styfie.engines.regions.kinds import KINDS
from styfie.engines.regions.paint import regions

__all__ = ["KINDS", "regions"]
