"""What is asked of the server itself. Every default stands here; the command line reads them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from styfie.errors import InputError
from styfie.fields import Option, check_options, service

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
"""Paths that the page may be below."""


def default_folder() -> Path:
    """Where jobs are kept if nothing is said."""
    return platformdirs.user_data_path("styfie") / "web"


@dataclass(frozen=True)
class Options:
    """Where jobs are kept and how long, what is taken, who may come, and how much of anything there may be.

    `token` is what everybody must show; None asks for none, for who tries the application or guards it otherwise.

    Raises:
        InputError: a number out of range, a path or an address that is none.
    """

    folder: Path = field(metadata=service())
    host: str = field(
        default="127.0.0.1",
        metadata=service(Option("The address to listen at; another than loopback lets others in.", metavar="ADDRESS")),
    )
    port: int = field(default=8790, metadata=service(Option("0 = any that is free.", 0, 65_535)))
    token: str | None = field(default=None, metadata=service())
    lan: bool = field(
        default=False,
        metadata=service(Option("Let phones and computers in your network in, by the addresses that are shown.")),
    )
    allow_host: tuple[str, ...] = field(
        default=(),
        metadata=service(Option("Another name that this server is opened by, without port.", metavar="NAME")),
    )
    base_path: str = field(
        default="",
        metadata=service(Option("Where everything is below, such as /styfie, behind a proxy.", metavar="PATH")),
    )
    trusted_proxy: tuple[str, ...] = field(
        default=(),
        metadata=service(
            Option(
                "Address or network of a proxy whose X-Forwarded-For, -Proto, -Host and -Prefix are believed.",
                metavar="ADDRESS",
            )
        ),
    )
    access_log: bool = field(
        default=False, metadata=service(Option("Print a line for each request, without tokens, ids or names of files."))
    )
    hours: float = field(
        default=72.0,
        metadata=service(
            Option("How long a job is kept that nobody uses; only while this runs does it grow older.", 0.1, 1e6)
        ),
    )
    gigabytes: float = field(
        default=4.0,
        metadata=service(Option("What all jobs together may take; the longest unused go first.", 0.1, 1e6)),
    )
    most_bytes: int = field(default=40_000_000, metadata=service(Option("Of one upload.", 1000, 10**10)))
    most_pixels: int = field(default=64_000_000, metadata=service(Option("Of one picture that is sent.", 1000, 10**9)))
    longest: int = field(default=4096, metadata=service(Option("Longest side of a painting, in pixels.", 32, 16_384)))
    most_steps: int = field(default=2000, metadata=service(Option("Of one painting.", 1, 2000)))
    most_memory: float = field(
        default=64.0, metadata=service(Option("Of one painting; larger ones go in tiles.", 0.5, 64, unit="GB"))
    )
    most_minutes: float = field(
        default=1440.0,
        metadata=service(Option("Of one painting or clip, which is then stopped and kept as it is.", 0.01, 1e5)),
    )
    waiting: int = field(
        default=24, metadata=service(Option("Photos that may wait, and paintings; more are refused.", 1, 10_000))
    )
    threads: int = field(
        default=0, metadata=service(Option("Of each process that works; 0 = as many as there are cores.", 0, 1024))
    )
    connections: int = field(default=512, metadata=service(Option("Open at a time, of all together.", 8, 100_000)))
    connections_each: int = field(default=64, metadata=service(Option("Open at a time, from one address.", 4, 100_000)))
    patience: float = field(
        default=10.0,
        metadata=service(
            Option("Seconds that a request may take to come, and one more for each kilobyte of it.", 0.1, 3600)
        ),
    )

    def __post_init__(self) -> None:
        check_options(self)
        path = f"/{self.base_path.strip('/')}" if self.base_path.strip("/") else ""
        if not PATH.fullmatch(path):
            raise InputError(f"base_path is {self.base_path!r}: a path such as /styfie is wanted.")
        object.__setattr__(self, "base_path", path)
        for one in self.trusted_proxy:
            _check_network(one)
        if self.lan and self.host in LOOPBACK:
            object.__setattr__(self, "host", "0.0.0.0")

    @property
    def is_open(self) -> bool:
        """Whether others than this computer can come at all."""
        return self.host not in LOOPBACK


def _check_network(text: str) -> None:
    """Refuse what is neither an address nor a network."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise InputError(
            f"trusted_proxy is {text!r}: an address or a network such as 127.0.0.1 or 10.0.0.0/8 is wanted."
        ) from None
