"""inspect/charsets.py."""

import subprocess
import sys


def test_after_loading_no_codec_needs_the_disk() -> None:
    """In another process, for imports are forbidden there afterwards."""
    program = """
import encodings.aliases, sys
from skrytka.inspect.charsets import load_all
from skrytka.inspect.sandbox import forbid_imports
count = load_all()
before = set(sys.modules)
forbid_imports()
for name in set(encodings.aliases.aliases) | {"iso-8859-2", "x-unknown", "gb18030"}:
    try:
        b"abc".decode(name)
    except (LookupError, UnicodeError, ValueError, Exception):
        pass
print(count > 100, sorted(set(sys.modules) - before))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "True []"
