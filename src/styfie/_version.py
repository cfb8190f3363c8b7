"""The version, where everything below may read it."""

__version__ = "1.0.0rc1"
