"""A front's own reading connection: queries run inline, each in one short read transaction."""

from pathlib import Path
from typing import TypeVar

import apsw

from skrytka.model.errors import SkrytkaError
from skrytka.store.drivers.sqlite import ApswDb, connect_reader, drive, file_error
from skrytka.store.files import StorePaths
from skrytka.store.migrate import check_current
from skrytka.store.statement import Query

R = TypeVar("R")


class SqliteReader:
    """Opened READONLY; refuses a schema that is not this version's."""

    def __init__(self, root: Path) -> None:
        self.paths = StorePaths(root)
        self._db: ApswDb | None = None
        try:
            self._db = connect_reader(self.paths.database)
            self.read(check_current())
        except apsw.Error as exc:
            self.close()
            raise file_error(exc) from exc
        except SkrytkaError:
            self.close()
            raise

    def read(self, query: Query[R]) -> R:
        """Drive the query in one snapshot. Never wait inside: nothing else of this process runs meanwhile."""
        db = self._db
        if db is None:
            raise RuntimeError("the reader is closed")
        try:
            db.execute("BEGIN", {})
            try:
                return drive(db, query)
            finally:
                db.execute("COMMIT", {})
        except apsw.Error as exc:
            raise file_error(exc) from exc

    def close(self) -> None:
        """Free the file."""
        if self._db is not None:
            self._db.close()
            self._db = None
