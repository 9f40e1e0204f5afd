"""A zygote that forks nobody: takes sockets of fronts, lets go of all when its owner does. ``-S -P fake_zygote.py FD``.

A front that sends ``drop`` loses its socket.
"""

import os
import select
import signal
import socket
import sys


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
    owner = socket.socket(fileno=int(sys.argv[1]))
    fronts = {owner.fileno(): owner}
    while fronts:
        for fd in select.select(list(fronts), [], [])[0]:
            raw, fds, _flags, _address = socket.recv_fds(fronts[fd], 4096, 1)
            for received in fds:
                fronts[received] = socket.socket(fileno=received)
            if not raw or raw == b"drop":
                fronts.pop(fd).close()


main()
os._exit(0)
