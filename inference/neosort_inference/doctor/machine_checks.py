"""The machine under a line: clocks, rights, memory, disk, processor, port. Pure judgements over what was read."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from neosort_hardware.real_time import PRIORITY
from neosort_inference.doctor.finding import Finding, fault, warning, well

MADE_IN_YEAR = 2025  # no clock that is right shows an earlier year
GOOD_CLOCK_SOURCES = ("tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page")
LITTLE_DISK_GB, NO_DISK_GB = 5.0, 0.5
LITTLE_MEMORY_MB, NO_MEMORY_MB = 800.0, 300.0
GB, MB = 1e9, 1e6
_STA_UNSYNC = 0x0040
_TIMEX_BYTES, _STATUS_AT = 256, 40  # struct timex of 64-bit Linux: status stands behind five longs
_CLAIM = "from neosort_hardware.real_time import claim_real_time as claim; r = claim(); print(r.scheduled, r.locked, r)"


def wall_clock(year: int, synchronised: bool | None) -> Finding:
    """The clock that stamps ledger, recordings and logs; the belt does not go by it."""
    if year < MADE_IN_YEAR:
        return fault("wall clock", f"shows the year {year}", "set it: timedatectl set-time '2026-01-31 12:00:00'")
    if synchronised is None:
        return well("wall clock", f"{_utc()}, whether it is kept right is not told here")
    if not synchronised:
        return warning("wall clock", f"{_utc()}, kept right by nobody", "switch it on: timedatectl set-ntp true")
    return well("wall clock", f"{_utc()}, synchronised")


def belt_clock(source: str, step_ns: int) -> Finding:
    """The monotonic clock that shots and latencies are measured by. ``step_ns``: its smallest step as seen."""
    said = f"{source or 'unknown'} clock, steps of {step_ns:,} ns"
    if step_ns > 100_000 or (source and source not in GOOD_CLOCK_SOURCES):
        return warning("belt clock", said, "slow or coarse: remove 'clocksource=' or 'notsc' from the kernel's options")
    return well("belt clock", said)


def real_time_rights(scheduled: bool, locked: bool, said: str, *, needed: bool) -> Finding:
    """SCHED_FIFO and locked memory. ``needed``: this host times the line's valves itself."""
    if scheduled and locked:
        return well("real-time rights", said)
    if not needed:
        return well("real-time rights", f"none, and not needed: this line's controller times the valves ({said})")
    do = f"in the unit: LimitRTPRIO={PRIORITY} and LimitMEMLOCK=infinity; in a container: --cap-add SYS_NICE,IPC_LOCK"
    return fault("real-time rights", f"{said}; under load valves would be late by milliseconds", do)


def memory(available_bytes: float, total_bytes: float) -> Finding:
    """What a run may take."""
    said = f"{available_bytes / MB:,.0f} of {total_bytes / MB:,.0f} MB to be had"
    if available_bytes < NO_MEMORY_MB * MB:
        return fault("memory", said, "end other programs, or raise the service's MemoryMax")
    if available_bytes < LITTLE_MEMORY_MB * MB:
        return warning("memory", said, f"a run takes about {LITTLE_MEMORY_MB / 2:.0f} MB: see what else runs (top)")
    return well("memory", said)


def disk(folder: Path, free_bytes: float, *, writable: bool) -> Finding:
    """Where recordings and reports go."""
    said = f"{free_bytes / GB:,.1f} GB free under {folder}"
    if not writable:
        return fault("disk", f"{folder} cannot be written to", f"give it to this user: chown $USER {folder}")
    if free_bytes < NO_DISK_GB * GB:
        return fault("disk", said, "move recordings and reports elsewhere; the line drops what finds no room")
    if free_bytes < LITTLE_DISK_GB * GB:
        return warning("disk", said, "move old recordings elsewhere before the next one")
    return well("disk", said)


def processor(cores: int, governor: str) -> Finding:
    """Enough of it, and not asleep."""
    said = f"{cores} core{'s' if cores != 1 else ''}" + (f", governor '{governor}'" if governor else "")
    if governor == "powersave":
        return warning("processor", said, "windows take longer on a slow clock: cpupower frequency-set -g performance")
    if cores < 2:
        return warning("processor", said, "one core holds loop and page at 1 m/s; give it two for 2.8 m/s")
    return well("processor", said)


def port(host: str, number: int, *, free: bool, ours: bool) -> Finding:
    """Where page, interface and metrics are served. ``ours``: neosort answers there already."""
    if free:
        return well("page", f"{host}:{number} is free")
    if ours:
        return well("page", f"{host}:{number} is served by a line that runs")
    return fault("page", f"{host}:{number} is taken by another program", "choose another with --port, or end that one")


def examine_machine(folder: Path, host: str, number: int, *, rights_needed: bool) -> list[Finding]:
    """Read everything of the machine, and judge it. Takes about a second, for it starts a process."""
    folder = folder.resolve()
    stat = shutil.disk_usage(folder) if folder.is_dir() else None
    available, total = _memory_bytes()
    free = _is_free(host, number)
    return [
        wall_clock(time.gmtime().tm_year, _synchronised()),
        belt_clock(_text("/sys/devices/system/clocksource/clocksource0/current_clocksource"), _smallest_step_ns()),
        real_time_rights(*_claimed(), needed=rights_needed),
        processor(_cores(), _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        memory(available, total),
        disk(folder, stat.free if stat else 0.0, writable=stat is not None and os.access(folder, os.W_OK)),
        port(host, number, free=free, ours=not free and _is_ours(host, number)),
    ]


def _utc() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _synchronised() -> bool | None:
    """Whether the kernel's clock is kept right; None where it does not say."""
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    told = ctypes.create_string_buffer(_TIMEX_BYTES)
    if ctypes.CDLL(None).adjtimex(told) < 0:  # modes = 0: asks, and sets nothing
        return None
    return not int.from_bytes(told.raw[_STATUS_AT : _STATUS_AT + 4], sys.byteorder) & _STA_UNSYNC


def _smallest_step_ns() -> int:
    steps = []
    for _ in range(1000):
        first = time.monotonic_ns()
        while (second := time.monotonic_ns()) == first:
            pass
        steps.append(second - first)
    return min(steps)


def _claimed() -> tuple[bool, bool, str]:
    """What a process like the one that times valves is given; tried in one of its own, for rights stay."""
    tried = subprocess.run([sys.executable, "-c", _CLAIM], capture_output=True, text=True, check=False, timeout=60)
    scheduled, locked, said = (tried.stdout.strip() or "False False could not be tried").split(" ", 2)
    return scheduled == "True", locked == "True", said


def _memory_bytes() -> tuple[float, float]:
    """Available and in total, within the limit that a service or a container may have."""
    lines = dict(line.split(":", 1) for line in _text("/proc/meminfo").splitlines() if ":" in line)
    available, total = (1024.0 * float(lines.get(name, "0").split()[0]) for name in ("MemAvailable", "MemTotal"))
    limit, used = _text("/sys/fs/cgroup/memory.max"), _text("/sys/fs/cgroup/memory.current")
    if limit.isdecimal() and used.isdecimal():
        return min(available, float(limit) - float(used)), min(total, float(limit))
    return available, total


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_free(host: str, number: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
        except OSError:
            return False
    return True


def _is_ours(host: str, number: int) -> bool:
    there = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{there}:{number}/api/v1/openapi.json", timeout=2) as answer:
            return b'"title":"neosort"' in answer.read(4096)
    except (OSError, ValueError):
        return False
