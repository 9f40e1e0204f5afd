"""Benchmarks beside the peers, on this machine in the same run: ``make bench``. Never part of the tests."""
