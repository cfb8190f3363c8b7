"""Every error that Styfie raises on purpose.

StyfieError              one clear sentence: what came, what was wanted, what to do
├── InputError           a picture, mask, name or option that cannot be used
│   ├── NoPersonError    a photo in which nobody is found
│   └── AbsentRegionError  a region that is asked for and not in the photo
├── MissingError         a file, weights or an optional package that is not there
└── OutputError          the result could not be written
"""


class StyfieError(Exception):
    """What was asked cannot be done: the base of all errors that are meant for a person to read."""


class InputError(StyfieError, ValueError):
    """What was given cannot be used."""


class NoPersonError(InputError):
    """Nobody was found in a photo."""


class AbsentRegionError(InputError):
    """A region that is asked for by name is not in the photo."""


class MissingError(StyfieError):
    """Something that was asked for by name is not there."""


class OutputError(StyfieError, OSError):
    """A result could not be written."""
