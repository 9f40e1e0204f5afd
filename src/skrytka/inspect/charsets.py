"""All codecs of Python, loaded before a child is closed off from the disk."""

import codecs
import encodings
import encodings.aliases
import importlib
import pkgutil
import sys

_ELSEWHERE = frozenset({"encodings.mbcs", "encodings.oem"})  # need Windows; importing them fails


def load_all() -> int:
    """Import every module of ``encodings`` and look each codec up once; returns how many there are.

    From here on an unknown charset costs no look at the disk, and a known one no import.
    """
    names = [module.name for module in pkgutil.iter_modules(encodings.__path__, "encodings.")]
    for name in names:
        if name not in _ELSEWHERE:
            importlib.import_module(name)
    for name in {*encodings.aliases.aliases.values(), *(name.partition(".")[2] for name in names)}:
        try:
            codecs.lookup(name)
        except LookupError:
            continue
    return sum(name in sys.modules for name in names)
