"""How long something takes, where what else the process and the machine do must not count."""

import gc
import time
from collections.abc import Callable


def cpu_s(work: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of CPU, the best of some rounds, without the garbage of whoever ran before."""
    taken = []
    gc.disable()
    try:
        for _ in range(rounds):
            start = time.process_time()
            work()
            taken.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(taken)
