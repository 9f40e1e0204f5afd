"""Sealed blobs, opened for reading wherever the store keeps them: in a row or in a file."""

import os

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import BlobId
from skrytka.model.secret import Secret
from skrytka.store.api import Store
from skrytka.store.files import StorePaths
from skrytka.store.rows import BlobRow
from skrytka.store.seal.blob import BlobReader
from skrytka.store.sql import messages as sql


class OpenBlob:
    """A blob that is being read; close it, it may hold a descriptor."""

    __slots__ = ("_fd", "reader")

    def __init__(self, source: bytes | int, blob_id: BlobId, key: Secret) -> None:
        self._fd = source if isinstance(source, int) else -1
        try:
            self.reader = BlobReader(source, blob_id, key)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """May be called twice."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()


class Blobs:
    """All blobs of one store."""

    def __init__(self, store: Store, paths: StorePaths) -> None:
        self._store = store
        self._paths = paths

    async def open(self, blob_id: BlobId, key: Secret) -> OpenBlob:
        """PermanentError(CORRUPT) when it is not there or not what was written."""
        return self.opened(await self._store.read(sql.blob(blob_id)), blob_id, key)

    def opened(self, row: BlobRow | None, blob_id: BlobId, key: Secret) -> OpenBlob:
        """As :meth:`open`, for a row that was read already."""
        if row is None:
            raise PermanentError(Reason.CORRUPT, f"blob {blob_id.hex()} is not in the store")
        if row.stored is not None:
            return OpenBlob(row.stored, blob_id, key)
        try:
            fd = os.open(self._paths.blob(blob_id), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise PermanentError(Reason.CORRUPT, f"blob {blob_id.hex()} has no file") from None
        except OSError as exc:
            raise TransientError(Reason.STORE_DOWN, f"blob file: {exc.strerror}") from exc
        return OpenBlob(fd, blob_id, key)
