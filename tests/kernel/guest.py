"""A small Linux machine in QEMU with Debian's own kernel, for drivers whose devices the host's kernel does not have.

`python tests/kernel/guest.py [pytest arguments]` boots it, runs the tests marked ``kernel`` in it, with this machine's
files read-only beneath them, and ends with their exit status; `--round-trips` as the only argument has it measure the
drivers' round trips instead. What takes long is made once and kept in the user's cache: Debian's kernel image, and from
Debian's kernel source two modules that its image lacks (simulated GPIO chips; a trigger for IIO that a program pulls)
and one to which a control is added (the simulated camera's exposure). No line of the kernel's is kept in this
repository.
"""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

REPOSITORY = Path(__file__).resolve().parents[2]
# What is needed, and the Debian package that brings it.
NEEDS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "cpio": "cpio",
    "modprobe": "kmod",
    "gcc": "gcc",
    "make": "make",
    "xz": "xz-utils",
    "apt-get": "apt",
}
MODULES = (
    "virtio_pci", "9pnet_virtio", "9p", "configfs", "i2c-dev", "i2c-stub", "hmc5843_i2c", "vivid",
)  # fmt: skip
SOURCES = (
    "drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "drivers/gpio/gpiolib-cdev.h", "kernel/irq/irq_sim.c",
    "drivers/iio/trigger/iio-trig-sysfs.c", "drivers/media/test-drivers/vivid",
)  # fmt: skip
BUILT = ("neosort-gpio-sim", "iio-trig-sysfs", "vivid")
# The simulated camera gets an exposure, in steps of 100 µs up to 20 ms, that shows in its pictures' brightness.
EXPOSURE = {
    "\tcase V4L2_CID_CONTRAST:\n\t\ttpg_s_contrast(": (
        "\tcase V4L2_CID_EXPOSURE_ABSOLUTE:\n\t\ttpg_s_brightness(&dev->tpg, ctrl->val);\n\t\tbreak;\n"
    ),
    "\t\tdev->contrast = v4l2_ctrl_new_std(": (
        "\t\tv4l2_ctrl_new_std_menu(hdl_user_vid, NULL, V4L2_CID_EXPOSURE_AUTO,\n"
        "\t\t\tV4L2_EXPOSURE_APERTURE_PRIORITY, 0, V4L2_EXPOSURE_APERTURE_PRIORITY);\n"
        "\t\tv4l2_ctrl_new_std(hdl_user_vid, &vivid_user_vid_ctrl_ops,\n"
        "\t\t\tV4L2_CID_EXPOSURE_ABSOLUTE, 1, 200, 1, 100);\n"
    ),
}
TESTS = ("tests/kernel", "tests/hardware/test_conformance.py", "tests/hardware/test_conformance_of_sensors.py")
IMPORTED_LATE = ("neosort_hardware", "gpiod")  # by drivers, when a test opens one
MEMORY_MB = 2048
WITHIN_S = 900
KEPT_BYTES = 4096
NOTHING_RAN = 5  # pytest's own for it
_EXIT = re.compile(r"guest: exit (\d+)")
INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
for module in {modules}; do /bin/busybox insmod /modules/$module {arguments}; done
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro host /host
/bin/busybox mount -t devtmpfs dev /host/dev
/bin/busybox mount -t proc proc /host/proc
/bin/busybox mount -t sysfs sys /host/sys
/bin/busybox mount -t configfs config /host/sys/kernel/config
/bin/busybox mount -t tmpfs tmp /host/mnt
/bin/busybox mkdir /host/dev/shm; /bin/busybox mount -t tmpfs shm /host/dev/shm
/bin/busybox ip link set lo up
/bin/busybox chroot /host /bin/sh -c {command}
echo "guest: exit $?"
/bin/busybox poweroff -f
"""


class MissingError(Exception):
    """What keeps this machine from it, and what to install."""


def main() -> int:
    try:
        missing = {package for tool, package in NEEDS.items() if shutil.which(tool) is None}
        if missing:
            raise MissingError(f"apt-get install --no-install-recommends {' '.join(sorted(missing))}")
        files = kernel_files()
        compile_what_it_imports()
        return boot(files, sys.argv[1:])
    except MissingError as error:
        print(f"the tests with a kernel of their own cannot run here: {error}", file=sys.stderr)
        return NOTHING_RAN


def kernel_files() -> Path:
    """A folder with the kernel's image and modules, and what was built beside them."""
    version = newest_image()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "neosort-tests" / f"kernel-{version}"
    made = cache / "made"
    if not made.exists() or made.read_text() != " ".join(BUILT):
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(parents=True)
        print(f"making a guest of Debian's kernel {version} (once; some minutes) …", flush=True)
        unpack(f"linux-image-{version}", cache)
        run(["depmod", "-b", cache, version])
        build_modules(version, cache)
        made.write_text(" ".join(BUILT))
    return cache


def newest_image() -> str:
    """The version that Debian's kernel package stands for now."""
    shown = run(["apt-cache", "depends", "linux-image-amd64"])
    found = re.search(r"Depends: linux-image-(\S+)", shown)
    if found is None:
        raise MissingError("apt-cache knows no linux-image-amd64: apt-get update, on Debian on x86-64")
    return found.group(1)


def unpack(package: str, into: Path) -> None:
    """A Debian package's files, without installing it."""
    with tempfile.TemporaryDirectory() as folder:
        run(["apt-get", "download", "-q", package], cwd=folder)
        (archive,) = Path(folder).glob("*.deb")
        run(["dpkg", "-x", archive, into])


def build_modules(version: str, cache: Path) -> None:
    """Modules of the kernel's own source that Debian's image lacks."""
    headers = Path(f"/lib/modules/{version}/build")
    if not headers.exists():
        raise MissingError(f"apt-get install --no-install-recommends linux-headers-{version}")
    series = ".".join(version.split(".")[:2])
    with tempfile.TemporaryDirectory() as folder:
        unpack(f"linux-source-{series}", Path(folder))
        root = f"linux-source-{series}"
        wanted = [f"{root}/{source}" for source in SOURCES]
        run(["tar", "-xJf", f"{folder}/usr/src/{root}.tar.xz", "-C", folder, *wanted])
        out = Path(folder) / "out"
        out.mkdir()
        for source in map(Path(folder).joinpath, wanted):
            if source.is_dir():
                shutil.copytree(source, out / source.name)
            else:
                shutil.copy(source, out)
        simulated = out / "irq_sim.c"  # irq_to_desc is not for modules; this does the same
        simulated.write_text(
            simulated.read_text().replace("handle_simple_irq(irq_to_desc(irqnum))", "generic_handle_irq(irqnum)")
        )
        add_exposure(out / "vivid" / "vivid-ctrls.c")
        rules = "obj-m := neosort-gpio-sim.o iio-trig-sysfs.o vivid/\nneosort-gpio-sim-y := gpio-sim.o irq_sim.o\n"
        (out / "Kbuild").write_text(rules)
        run(["make", "-C", headers, f"M={out}", "modules"])
        for name in BUILT:
            (module,) = out.rglob(f"{name}.ko")
            shutil.copy(module, cache)


def add_exposure(controls: Path) -> None:
    """Where the simulated camera has its other controls."""
    text = controls.read_text()
    for before, added in EXPOSURE.items():
        assert text.count(before) == 1, "the kernel's source is another one"
        text = text.replace(before, added + before)
    controls.write_text(text)


def compile_what_it_imports() -> None:
    """Here and once: the guest can keep nothing, and every process in it would compile all anew on an emulated
    processor."""
    keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    collecting = ["pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", "-m", "kernel", *TESTS]
    late = [find_spec(name) for name in IMPORTED_LATE]
    folders = [where for spec in late if spec for where in spec.submodule_search_locations or ()]
    for program in (collecting, ["compileall", "-q", *folders]):
        command = [sys.executable, "-m", *program]
        subprocess.run(command, cwd=REPOSITORY, env=keeping, stdout=subprocess.DEVNULL, check=False)


def boot(cache: Path, arguments: list[str]) -> int:
    """Run the tests in the guest; their exit status."""
    (image,) = (cache / "boot").glob("vmlinuz-*")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "initrd"
        archive.write_bytes(gzip.compress(initrd(cache, image.name.partition("-")[2], arguments), compresslevel=1))
        command = [
            "qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "2",
            "-m", str(MEMORY_MB), "-nographic", "-no-reboot", "-nic", "none", "-kernel", str(image),
            "-initrd", str(archive), "-append", "console=ttyS0 quiet no_timer_check panic=-1 rdinit=/init",
            "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
        ]  # fmt: skip
        guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        said = pass_on(guest.stdout)
        guest.wait(WITHIN_S)
    found = _EXIT.search(said.decode(errors="replace"))
    return int(found.group(1)) if found else 1


def pass_on(console: BinaryIO) -> bytes:
    """Print what the guest says as it says it, for pytest ends its line only after many tests; the end of it."""
    said = b""
    while part := console.read1():
        sys.stdout.buffer.write(part.replace(b"\r\n", b"\n"))
        sys.stdout.buffer.flush()
        said = (said + part)[-KEPT_BYTES:]
    return said


def initrd(cache: Path, version: str, arguments: list[str]) -> bytes:
    """Busybox, the modules in the order in which they need one another, and what is to be run."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("bin", "modules", "proc", "host"):
            (root / name).mkdir()
        shutil.copy(shutil.which("busybox"), root / "bin" / "busybox")
        names = []
        for file in [*needed(cache, version), *(cache / f"{name}.ko" for name in BUILT)]:
            shutil.copy(file, root / "modules")
            names.append(file.name)
        (root / "init").write_text(
            INIT.replace("{modules}", " ".join(names))
            .replace("{arguments}", "$([ $module = i2c-stub.ko ] && echo chip_addr=0x1e)")
            .replace("{command}", shlex.quote(tests_command(arguments)))
        )
        (root / "init").chmod(0o755)
        files = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
        packed = subprocess.run(
            ["cpio", "-o", "-H", "newc", "--quiet"], input=files.encode(), cwd=root, capture_output=True, check=True
        )
        return packed.stdout


def needed(cache: Path, version: str) -> list[Path]:
    """Files of the modules and of all that they need, in order."""
    found: dict[Path, None] = {}
    for module in MODULES:
        for line in run(["modprobe", "-d", cache, "-S", version, "--show-depends", module]).splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "insmod" and Path(rest.split()[0]).stem not in BUILT:
                found[Path(rest.split()[0])] = None
    return list(found)


def tests_command(arguments: list[str]) -> str:
    """Pytest over the tests that are marked for the guest, or round trips, on the interpreter that runs this."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": "/mnt",
        "TMPDIR": "/mnt",
        "HYPOTHESIS_STORAGE_DIRECTORY": "/mnt/hypothesis",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "OMP_NUM_THREADS": "1",
        "NEOSORT_GUEST": "1",
    }
    told = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    program = ["pytest", "-m", "kernel", "-p", "no:cacheprovider", "-q", *TESTS, *arguments]
    if arguments == ["--round-trips"]:
        program = ["tests.kernel.round_trips"]
    return f"cd {shlex.quote(str(REPOSITORY))} && {told} {shlex.join([sys.executable, '-m', *program])}"


def run(command: list[object], cwd: str | None = None) -> str:
    """What a tool says; its own words where it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"'{command[0]}' failed: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
