"""Clips in and out: frames as players show them, parts of a film that outlive their process, and its sound."""
