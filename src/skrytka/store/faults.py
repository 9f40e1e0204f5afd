"""Ids of docs/faults.md that the store process raises."""

DISK_FULL = "F-disk-full"
STORE_ERROR = "F-store-error"  # SQLite or the file system: the batch is answered "later"
STORE_BUG = "F-store-bug"  # a handler raised what it must not: that command is answered "later"
STORE_REQUEST = "F-store-request"  # a front sent what is no command: it is cut off
CHECKPOINT = "F-checkpoint"  # the WAL could not be put into the file: it grows
