"""Per-style networks."""
