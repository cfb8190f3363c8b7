"""What the publisher knows, as metadata of the package that is built."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Publisher(MetadataHookInterface):
    """Addresses of `publisher.toml` that are not empty."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put them into the project's metadata."""
        known = tomllib.loads((Path(self.root) / "release" / "publisher.toml").read_text(encoding="utf-8"))
        metadata["urls"] = {title: address for title, address in known["urls"].items() if address}
