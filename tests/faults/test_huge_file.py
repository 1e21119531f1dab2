"""A file far larger than memory is uploaded with little of it, and with the right digest.

It is sparse, and the server's disk only counts what it is given, so that neither needs the space. The digest is that of
the server, which has hashed all bytes as they arrived.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.api import User
from tests.support.server import RunningServer, clean_environment
from tests.support.trials import write_trial

MIB = 1 << 20
MOST_MIB = 200  # of either process
MARK = b"the end of it"
COUNTING_DISK = """
from aimd_server.blobs import disk
def put(self, key, data):
    sizes = self.root.parent / "taken"
    with sizes.open("a") as file:
        file.write(f"{len(data)}\\n")
disk.DiskBlobs.put = put
"""
UPLOAD = """
import json, sys
from pathlib import Path
from aimd_core.config import Credentials
from aimd_core.reading.documents import Trial
from aimd_core.upload import Destination
from aimd_core.upload.remote import CurrentRemote
with CurrentRemote(Credentials(sys.argv[1], sys.argv[2], {})) as remote:
    uploaded = remote.upload(Trial(Path(sys.argv[3])), Destination())
assert not uploaded.refusals, uploaded.refusals
# Not ru_maxrss: that of a new program begins with what the one that started it had.
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(json.dumps(int(peak.split()[1]) // 1024))
"""
LIST_IN_MEMORY = """
from aimd_core.upload import files
send_from = files.ContentSending._send_from
def hoarding(self, server, file, descriptor, offset):
    import os
    files.hoard = os.pread(descriptor, 400 << 20, 0)
    return send_from(self, server, file, descriptor, offset)
files.ContentSending._send_from = hoarding
"""


def _peak_mib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))


def _upload(place: Path, size: int, plant: str = "") -> tuple[int, int]:
    """Upload a sparse file, check what arrived, and return the most memory of client and server in MiB."""
    trial = write_trial(place / "t", status="Succeeded")
    huge = trial / "files" / "huge.bin"
    huge.parent.mkdir()
    with huge.open("wb") as file:
        file.truncate(size - len(MARK))
        file.seek(0, 2)
        file.write(MARK)
    with RunningServer(place / "data", before=COUNTING_DISK) as server, User(server) as user:
        words = [sys.executable, "-c", plant + UPLOAD, server.url, user.key, str(trial)]
        ran = subprocess.run(words, env=clean_environment(), capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert server.process is not None
        memory = json.loads(ran.stdout), _peak_mib(server.process.pid)
        (listed,) = user.v2("GET", "/trials").json()["trials"]
        (row,) = user.v2("GET", f"/trials/{listed['id']}/files").json()["files"]
        assert (row["size"], row["digest"]) == (size, _digest(size))
    assert sum(map(int, (place / "data" / "taken").read_text().split())) == size
    return memory


def _digest(size: int) -> str:
    digest, zeros = hashlib.sha256(), bytes(8 * MIB)
    left = size - len(MARK)
    while left:
        piece = min(left, len(zeros))
        digest.update(zeros[:piece])
        left -= piece
    digest.update(MARK)
    return digest.hexdigest()


def test_a_large_file_is_uploaded_with_little_memory(tmp_path: Path) -> None:
    client_mib, server_mib = _upload(tmp_path, 500 * MIB)
    assert (client_mib < MOST_MIB, server_mib < MOST_MIB) == (True, True), (client_mib, server_mib)


def test_the_harness_finds_a_client_that_keeps_what_it_reads(tmp_path: Path) -> None:
    client_mib, _ = _upload(tmp_path, 420 * MIB, LIST_IN_MEMORY)
    assert client_mib > MOST_MIB


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_file_of_a_hundred_gibibytes_is_uploaded_with_little_memory(tmp_path: Path) -> None:
    client_mib, server_mib = _upload(tmp_path, 100 << 30)
    assert (client_mib < MOST_MIB, server_mib < MOST_MIB) == (True, True), (client_mib, server_mib)
