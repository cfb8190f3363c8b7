"""The version, where everything below may read it."""

__version__ = "0.1.0"
