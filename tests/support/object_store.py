"""A real S3 server for tests: Ceph's monitor, manager, one store in memory, and its gateway, all on loopback.

It is started at most once a run, also with several workers: the first that needs it starts it, the last that ends stops
it. What it needs is in Debian's packages radosgw, ceph-mon, ceph-mgr, ceph-osd and ceph-common.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from email.utils import formatdate
from pathlib import Path

import httpx

from tests.support.patience import PATIENCE_S

PROGRAMS = ("ceph", "ceph-authtool", "ceph-mgr", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
ACCESS_KEY, SECRET_KEY = "AIMDTESTACCESS", "aimd-test-secret"
_CONFIG = """
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{monitor_port}]
public_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = {home}/keyring
pid_file =
run_dir = {home}
admin_socket =
log_file = {home}/$name.log
crash_dir = {home}/crash
mon_data = {home}/mon
mgr_data = {home}/mgr
osd_data = {home}/osd
rgw_data = {home}/rgw
mon_data_avail_crit = 1
mon_allow_pool_size_one = true
mgr_initial_modules =
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = 2G
rgw_frontends = beast endpoint=127.0.0.1:{gateway_port}
rgw_thread_pool_size = 64
rgw_enable_gc_threads = false
rgw_enable_lc_threads = false
rgw_enable_quota_threads = false
"""


def is_installed() -> bool:
    """Tell whether all programs of it are there."""
    return all(shutil.which(name) for name in PROGRAMS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ObjectStore:
    """A running gateway.

    Attributes:
        endpoint: Its address.
        environment: What a process needs to use it.
    """

    _numbers = itertools.count()

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.environment = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    def new_bucket(self) -> str:
        """Make a bucket of a new name and return its address as --blobs takes it."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        date = formatdate(usegmt=True)
        wanted = f"PUT\n\n\n{date}\n/{name}".encode()
        signed = base64.b64encode(hmac.new(SECRET_KEY.encode(), wanted, hashlib.sha1).digest()).decode()
        headers = {"Date": date, "Authorization": f"AWS {ACCESS_KEY}:{signed}"}
        httpx.put(
            f"{self.endpoint}/{name}", headers=headers, timeout=PATIENCE_S, trust_env=False, verify=False
        ).raise_for_status()
        return self.address_of(name)

    def address_of(self, bucket: str) -> str:
        """Return the address of a bucket, there or not."""
        return f"s3://{bucket}/aimd?endpoint={self.endpoint}"


class Cluster:
    """The processes behind a gateway, in a directory of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.config = home / "ceph.conf"
        self.gateway_port = _free_port()
        self.pids: list[int] = []

    def start(self) -> ObjectStore:
        """Start all of it and wait until the gateway answers."""
        self.home.mkdir(parents=True)
        for name in ("mon", "mgr", "osd", "rgw"):
            (self.home / name).mkdir()
        ports = {"monitor_port": _free_port(), "gateway_port": self.gateway_port}
        facts = {"fsid": str(uuid.uuid4()), "home": self.home, **ports}
        self.config.write_text(_CONFIG.format(**facts))
        try:
            self._make_monitor(facts["fsid"], ports["monitor_port"])
            self._start("ceph-mon", "-i", "a")
            self._start("ceph-mgr", "-i", "x")
            identity = str(uuid.uuid4())
            self._call("ceph", "osd", "new", identity, "0")
            self._call("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
            self._start("ceph-osd", "-i", "0")
            keys = ("--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY)
            self._call("radosgw-admin", "user", "create", "--uid", "aimd", "--display-name", "aimd", *keys)
            self._start("radosgw", "-n", "client.rgw")
            self._await_gateway()
        except BaseException:
            self.stop()
            raise
        return ObjectStore(f"http://127.0.0.1:{self.gateway_port}")

    def stop(self) -> None:
        """End all processes, and remove what they wrote."""
        for pid in reversed(self.pids):
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        shutil.rmtree(self.home, ignore_errors=True)

    def _make_monitor(self, fsid: object, port: int) -> None:
        ring, everything = self.home / "keyring", ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
        self._call("ceph-authtool", "-C", str(ring), "--gen-key", "-n", "mon.", "--cap", "mon", "allow *", plain=True)
        for name in ("client.admin", "mgr.x", "osd.0", "client.rgw"):
            more = ("--cap", "mgr", "allow *")
            self._call("ceph-authtool", str(ring), "--gen-key", "-n", name, *everything, *more, plain=True)
        place = ("--fsid", str(fsid), "--addv", "a", f"[v2:127.0.0.1:{port}]")
        self._call("monmaptool", "--create", *place, str(self.home / "monmap"), plain=True)
        self._call("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(self.home / "monmap"), "--keyring", str(ring))

    def _call(self, program: str, *words: str, plain: bool = False) -> None:
        command = [program, *words, *(() if plain else ("-c", str(self.config)))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")

    def _start(self, program: str, *words: str) -> None:
        """Start a daemon that outlives the worker that starts it."""
        with (self.home / f"{program}.out").open("w") as out:
            process = subprocess.Popen(
                [program, "-f", *words, "-c", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.pids.append(process.pid)
        _children.append(process)

    def _await_gateway(self) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = httpx.get(f"http://127.0.0.1:{self.gateway_port}", timeout=5, trust_env=False, verify=False)
                if answer.status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline_s:
                raise RuntimeError("the gateway did not answer")
            time.sleep(0.1)


_children: list[subprocess.Popen[bytes]] = []  # held, so that nobody warns of a process that is still there
