"""The reference controller, compiled once a session with the host's compiler; the rigs of the conformance suite."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.hardware.camera_peers import need_aravis, need_ffmpeg, need_harvesters, need_pylon
from tests.hardware.camera_rigs import AravisRig, FolderRig, HarvesterRig, MjpegRig, PylonRig
from tests.hardware.iio_process import need_libiio
from tests.hardware.rigs import ArrayRig, CoilsRig, ControllerRig, FlapsRig, IioRig, ModbusRig, TwinRig
from tests.kernel.rigs import GpioFlapsRig, GpioRig, LocalIioRig, VividRig

os.environ["PYLON_CAMEMU"] = "2"  # pylon's emulated cameras; read when it first looks around
SOURCES = Path(__file__).resolve().parents[2] / "hardware" / "controller"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-pedantic", "-O1", "-g"]
SANITIZED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="session")
def controller_program(tmp_path_factory):
    """The reference controller as a program, with the sanitizers where the compiler has them."""
    return compiled_controller(tmp_path_factory.mktemp("controller"))


def compiled_controller(folder):
    """The reference controller, compiled into ``folder``; skips where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here: install the Debian packages gcc and libc6-dev")
    trial = [compiler, "-x", "c", "-fsyntax-only", "-"]
    if subprocess.run(trial, input="#include <stdio.h>\n", text=True, capture_output=True, check=False).returncode:
        pytest.skip("a C compiler without the C library's headers: install the Debian package libc6-dev")
    program = folder / "controller"
    sources = sorted(SOURCES.glob("*.c"))
    for extra in (SANITIZED, []):
        built = subprocess.run(
            [compiler, *STRICT, *extra, *sources, "-o", program], capture_output=True, text=True, check=False
        )
        if built.returncode == 0:
            return program
    return pytest.fail(f"the reference controller does not compile:\n{built.stderr}")


def _served(rig):
    yield rig
    rig.close()


@pytest.fixture
def twin_rig():
    """The simulated line."""
    yield from _served(TwinRig())


@pytest.fixture
def controller_rig(controller_program, tmp_path):
    """Encoder, diverter and interlock on the counting controller."""
    yield from _served(ControllerRig(controller_program, tmp_path / "board"))


@pytest.fixture
def array_rig(tmp_path):
    """The array on its board."""
    yield from _served(ArrayRig(tmp_path / "array"))


@pytest.fixture
def iio_rig():
    """The array behind Linux' IIO."""
    need_libiio()
    yield from _served(IioRig())


@pytest.fixture
def modbus_rig():
    """Encoder, array, interlock and a counting controller on libmodbus."""
    yield from _served(ModbusRig())


@pytest.fixture
def coils_rig():
    """The same with valves on coils that the shot process times."""
    yield from _served(CoilsRig())


@pytest.fixture
def mjpeg_rig():
    """A camera with MJPEG over HTTP."""
    need_ffmpeg()
    yield from _served(MjpegRig())


@pytest.fixture
def gige_port(tmp_path_factory):
    """GigE Vision's control port, which two cameras at one address cannot have, nor those of two test processes."""
    with (tmp_path_factory.getbasetemp().parent / "gige.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def aravis_rig(gige_port):
    """A GigE Vision camera."""
    need_aravis()
    yield from _served(AravisRig())


@pytest.fixture
def pylon_rig():
    """A camera of pylon's emulation."""
    need_pylon()
    yield from _served(PylonRig())


@pytest.fixture
def harvester_rig():
    """A camera behind a GenTL producer."""
    yield from _served(HarvesterRig(need_harvesters()))


@pytest.fixture
def flaps_rig():
    """The simulated line's flaps."""
    yield from _served(FlapsRig())


@pytest.fixture
def folder_rig(tmp_path):
    """Pictures in a folder."""
    yield from _served(FolderRig(tmp_path))


@pytest.fixture
def gpio_rig():
    """Jets, interlock and the plant's contacts on the kernel's simulated GPIO chips."""
    yield from _served(GpioRig())


@pytest.fixture
def gpio_flaps_rig():
    """Flaps on them."""
    yield from _served(GpioFlapsRig())


@pytest.fixture
def vivid_rig():
    """A camera of the kernel's simulation."""
    yield from _served(VividRig())


@pytest.fixture
def local_iio_rig():
    """A magnetometer chip on a simulated bus, behind the kernel's own driver."""
    need_libiio()
    yield from _served(LocalIioRig())
