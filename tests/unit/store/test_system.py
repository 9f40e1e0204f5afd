import os
import threading
import time

import pytest

from skrytka.store.system import SystemClock, SystemRandom


def test_wall_time_is_in_milliseconds_since_1970() -> None:
    before = time.time()
    now_ms = SystemClock().now_ms()
    assert before * 1000 - 1 <= now_ms <= time.time() * 1000 + 1


def test_monotonic_time_does_not_go_backwards() -> None:
    clock = SystemClock()
    assert clock.monotonic_s() <= clock.monotonic_s()


@pytest.mark.parametrize("length", [0, 1, 12, 32, 4095, 4096, 4097, 100_000])
def test_a_token_has_the_length_asked_for(length: int) -> None:
    assert len(SystemRandom().token(length)) == length


def test_tokens_never_repeat_over_many_buffers() -> None:
    random = SystemRandom()
    tokens = [random.token(12) for _ in range(2000)]
    assert len(set(tokens)) == 2000


def test_threads_never_get_the_same_bytes() -> None:
    random = SystemRandom()
    tokens: list[bytes] = []

    def take() -> None:
        tokens.extend([random.token(16) for _ in range(2000)])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 8000


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 on: pytest itself has threads
def test_a_forked_child_does_not_give_what_its_parent_gives() -> None:
    random = SystemRandom()
    random.token(12)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write_end, random.token(64))
        os._exit(0)
    ours = random.token(64)
    os.waitpid(child, 0)
    theirs = os.read(read_end, 64)
    os.close(read_end)
    os.close(write_end)
    assert len(theirs) == 64
    assert theirs != ours


def test_forgotten_bytes_are_not_given() -> None:
    random = SystemRandom()
    random.token(1)
    random.forget()
    assert len(random.token(32)) == 32
