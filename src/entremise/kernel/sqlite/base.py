"""Django's SQLite, whose files are readable by their owner only, whatever the umask (0600)."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """SQLite gives its write-ahead log the mode of the file, which is therefore made first."""
        file = str(conn_params["database"])
        if not file.startswith(("file:", ":")):
            with contextlib.suppress(OSError):  # it exists already, or cannot be made: SQLite will say so better
                os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return super().get_new_connection(conn_params)
