"""A program on a screen: keys in, text out (tmux)."""

import subprocess
import time
from pathlib import Path

UNTIL_S = 90.0


class Screen:
    """A terminal of 100 by 30 with one program in it."""

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux.sock"), "-f", "/dev/null"]
        variables = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        self._do("new-session", "-d", "-x", "100", "-y", "30", *variables, *command)

    def _do(self, *words: str) -> str:
        return subprocess.run(
            [*self._tmux, *words], capture_output=True, text=True, timeout=20, check=True, env={"PATH": "/usr/bin:/bin"}
        ).stdout

    @property
    def text(self) -> str:
        return self._do("capture-pane", "-p")

    def type(self, *keys: str) -> None:
        """Names of keys (Enter, C-x) or text."""
        self._do("send-keys", *keys)

    def wait_for(self, *words: str, is_gone: bool = False) -> str:
        """Until the screen shows all of the words, or none of them any more."""
        end = time.monotonic() + UNTIL_S
        while True:
            text = self.text
            if all((word in text) is not is_gone for word in words):
                return text
            assert time.monotonic() < end, f"{words} {'stay' if is_gone else 'do not come'}:\n{text}"
            time.sleep(0.1)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, timeout=20, check=False)
