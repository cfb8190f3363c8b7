"""Networks that were taught their styles."""
