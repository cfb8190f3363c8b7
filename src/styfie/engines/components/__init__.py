"""Painting by image components: draft, paint and edge, after Zhang et al. (2013).

colours   the photo in the colours of the styles
layers    a picture taken apart
sheets    style pictures as places that patches are taken from
patches   candidates, costs, and patches joined
belief    which of them, by belief propagation
poisson   the picture put together
paint     the engine
"""
