"""What a server keeps its things in: the database and the place for objects, side by side.

Writing order: the object first, its row last. So a row never names an object that is not there; an object without a
row is what a crash may leave, and a sweep removes by age.
"""

from __future__ import annotations

from typing import NamedTuple

from aimd_server.blobs import Blobs
from aimd_server.stores.database import Database


class Storage(NamedTuple):
    """Both of them; what services get that need objects too."""

    database: Database
    blobs: Blobs
