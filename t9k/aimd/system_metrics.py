"""Samples the machine of a training process, and adds metrics of type `system` to its journal.

Run as a companion: `python -m t9k.aimd.system_metrics TRIAL`. It is a separate process, so that it can neither slow nor
block training, and it ends with the trial. It needs psutil (extra `system`), and nvidia-ml-py for GPUs. Units are in
the names: percent, MiB, MiB/s, watt, degrees Celsius. The step is the number of seconds since it began.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from aimd_core.format import process
from aimd_core.format.journal import JournalWriter, encode_record
from aimd_core.format.layout import METRICS_FILE
from t9k.aimd.companions import Companion

INTERVAL_S = 15.0
WATCH_INTERVAL_S = 1.0
_MIB = 1 << 20


class Sampler:
    """Takes samples of this machine and of one process on it."""

    def __init__(self, pid: int | None) -> None:
        """Prepare.

        Args:
            pid: The training process, or None if unknown.
        """
        import psutil

        self._psutil = psutil
        self._process = psutil.Process(pid) if pid is not None and psutil.pid_exists(pid) else None
        self._gpus = Gpus()
        self._last_s = time.monotonic()
        self._totals = self._counted_bytes()
        psutil.cpu_percent()  # the first call only starts counting

    def _counted_bytes(self) -> dict[str, int]:
        disk, network = self._psutil.disk_io_counters(), self._psutil.net_io_counters()
        return {
            "disk_read_mib_s": disk.read_bytes if disk else 0,
            "disk_write_mib_s": disk.write_bytes if disk else 0,
            "network_received_mib_s": network.bytes_recv if network else 0,
            "network_sent_mib_s": network.bytes_sent if network else 0,
        }

    def sample(self) -> dict[str, float]:
        """Return one sample, by name."""
        now_s, totals = time.monotonic(), self._counted_bytes()
        elapsed_s = max(now_s - self._last_s, 1e-3)
        rates = {name: (total - self._totals[name]) / _MIB / elapsed_s for name, total in totals.items()}
        self._last_s, self._totals = now_s, totals
        memory = self._psutil.virtual_memory()
        values = {
            "cpu_percent": float(self._psutil.cpu_percent()),
            "memory_percent": float(memory.percent),
            "memory_used_mib": (memory.total - memory.available) / _MIB,
        }
        return {**values, **self._of_process(), **rates, **self._gpus.sample()}

    def _of_process(self) -> dict[str, float]:
        if self._process is None:
            return {}
        try:
            with self._process.oneshot():
                return {
                    "process_cpu_percent": float(self._process.cpu_percent()),
                    "process_memory_mib": self._process.memory_info().rss / _MIB,
                }
        except self._psutil.Error:
            return {}


class Gpus:
    """The NVIDIA GPUs of this machine; none without a driver or nvidia-ml-py."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            import pynvml

            pynvml.nvmlInit()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
            self._nvml = pynvml
        except Exception:
            self._handles = []

    def sample(self) -> dict[str, float]:
        """Return utilisation, memory, power and temperature of each GPU, without what it cannot tell."""
        values: dict[str, float] = {}
        for number, handle in enumerate(self._handles):
            questions = {
                "utilization_percent": lambda h=handle: self._nvml.nvmlDeviceGetUtilizationRates(h).gpu,
                "memory_used_mib": lambda h=handle: self._nvml.nvmlDeviceGetMemoryInfo(h).used / _MIB,
                "power_w": lambda h=handle: self._nvml.nvmlDeviceGetPowerUsage(h) / 1000,
                "temperature_c": lambda h=handle: self._nvml.nvmlDeviceGetTemperature(h, 0),
            }
            for name, ask in questions.items():
                try:
                    values[f"gpu{number}_{name}"] = float(ask())  # type: ignore[no-untyped-call]
                except self._nvml.NVMLError:
                    continue
        return values


def record(path: Path, interval_s: float = INTERVAL_S, watch_interval_s: float = WATCH_INTERVAL_S) -> int:
    """Add samples to a trial until it ends, and return how many there were.

    Args:
        path: The trial's directory.
        interval_s: Time between two samples.
        watch_interval_s: Time between two checks whether the trial goes on.
    """
    watch = Companion(path)
    recorded = process.read(path) or {}
    pid = recorded.get("pid")
    sampler = Sampler(pid if isinstance(pid, int) else None)
    journal = JournalWriter(str(path / METRICS_FILE))
    began_s = next_s = time.monotonic()
    samples = 0
    while True:
        time.sleep(watch_interval_s)
        if not watch.goes_on():
            return samples
        if time.monotonic() < next_s + min(interval_s, watch_interval_s):
            continue
        next_s = time.monotonic() + interval_s - watch_interval_s
        when = datetime.now(timezone.utc).isoformat(timespec="microseconds")
        step = int(time.monotonic() - began_s)
        journal.append(encode_record("system", sampler.sample(), step, None, when))
        samples += 1


def main() -> None:
    """Sample for the trial that the command line names."""
    os.nice(5)  # the training comes first
    record(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
