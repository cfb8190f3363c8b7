"""Who may come: this computer alone, or the other devices of its network too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from styfie.web.errors import ConflictError
from styfie.web.messages import message
from styfie.web.options import Options

EVERY_HOST = "0.0.0.0"


class Access:
    """As the options say, until somebody on this computer lets others in: from then on, as long as the server runs.

    `listen` has the server listen at the computer's other addresses; None where that is another program's to do.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.listen: Callable[[], Awaitable[None]] | None = None
        self._opened = False

    @property
    def is_open(self) -> bool:
        """Whether others than this computer can come at all."""
        return self._opened or self.options.is_open

    @property
    def host(self) -> str:
        """The address that is listened at, or the one that means all of them."""
        return EVERY_HOST if self._opened else self.options.host

    @property
    def can_open(self) -> bool:
        """Whether others can be let in who cannot come now: nobody can without a token."""
        return not self.is_open and self.listen is not None and self.options.token is not None

    async def open(self) -> None:
        """Let the other devices of the network in; nothing happens if they may come already.

        Raises:
            ConflictError: that cannot be done here.
        """
        if self.is_open:
            return
        if not self.can_open or self.listen is None:
            raise ConflictError(message("phone.closed"))
        await self.listen()
        self._opened = True
