"""Losses of neural painting as pure functions of tensors."""

from styfie.losses.functional import content_loss, gram, relative_gram_loss, total_variation

__all__ = ["content_loss", "gram", "relative_gram_loss", "total_variation"]
