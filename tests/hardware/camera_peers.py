"""Cameras as processes of their own, which a test starts, freezes, kills and starts again."""

import atexit
import base64
import importlib.util
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest
from tests.hardware.modbus_peers import free_port
from tests.hardware.waiting import WITHIN_S

from neosort_hardware.config import LineConfig

PEERS = Path(__file__).parent / "peers"
DEBIAN_PYTHON = "/usr/bin/python3"
GVCP_PORT = 3956  # of GigE Vision's control channel; no camera has another
# SMPTE bars from left to right: which of red, green and blue are bright.
BARS = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1))


class CameraProcess:
    """A peer in a process of its own, with those that it starts itself."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, start_new_session=True, **{"stdin": subprocess.DEVNULL} | options)

    def freeze(self):
        """It hangs: its connections stay, and nothing more comes."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        """It goes on."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self):
        """As if it were unplugged. Once is enough."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(WITHIN_S)
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class MjpegPeer(CameraProcess):
    """ffmpeg as a camera with MJPEG over HTTP: SMPTE colour bars. It ends with its client, and is started again."""

    def __init__(self, port=None, *, size=(640, 512), rate=25):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/belt"
        bars = f"smptebars=size={size[0]}x{size[1]}:rate={rate}"
        once = f"ffmpeg -loglevel error -re -f lavfi -i {bars} -c:v mjpeg -q:v 2 -f mpjpeg -listen 1 {self.url}"
        super().__init__(["sh", "-c", f"while :; do {once}; done"], stderr=subprocess.DEVNULL)
        try:
            until_it_listens(self.port)
        except BaseException:
            self.kill()
            raise


class RtspPeer(CameraProcess):
    """GStreamer's RTSP server."""

    def __init__(self, port=None, *, size=(640, 512), rate=25):
        self.port = port or free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/belt"
        arguments = [self.port, *size, rate]
        super().__init__(
            [DEBIAN_PYTHON, PEERS / "rtsp_server.py", *map(str, arguments)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"


@cache
def gige_address():
    """A loopback address of this process's own where it may have one: a GigE Vision camera has its one fixed port."""
    high, low = divmod(os.getpid(), 250)
    address = f"127.{100 + high // 250 % 100}.{high % 250}.{low + 1}"
    own = [["ip", "address", what, f"{address}/32", "dev", "lo"] for what in ("add", "delete")]
    if shutil.which("ip") is None or subprocess.run(own[0], capture_output=True, check=False).returncode:
        return "127.0.0.1"
    atexit.register(subprocess.run, own[1], capture_output=True, check=False)
    return address


class AravisPeer(CameraProcess):
    """Aravis' own fake GigE Vision camera. ``lost``: packets in a thousand that never come."""

    serial = f"NEO{os.getpid()}"

    def __init__(self, *, lost=0):
        self.address = gige_address()
        command = ["arv-fake-gv-camera-0.8", "-i", self.address, "-s", self.serial, "-r", str(lost)]
        super().__init__(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_it_listens(GVCP_PORT, "udp", self.address)


TWIN_MM_PER_PX = 2.0


def twin_gige_line(speed_m_per_s, *, camera, twin, **slots):
    """A line whose camera is a `TwinGigePeer`, with pictures and a speed that a busy machine can still follow.

    ``camera``, ``twin``: what else is told of them.
    """
    gige = {
        "driver": "aravis", "camera": gige_address(), "trigger": "software", "answer_ms": 60_000, "silent_ms": 10_000,
        "width_px": 320, "height_px": 256,
    }  # fmt: skip
    mm = TWIN_MM_PER_PX
    return LineConfig.model_validate(
        {
            "belt": {"speed_m_per_s": speed_m_per_s},
            "camera": gige | camera,
            "calibration": {"pixel_to_belt": ((mm, 0.0, -20.0), (0.0, -mm, 256 * mm), (0.0, 0.0, 1.0))},
            "twin": {"speed_ripple": 0.0} | twin,
            **slots,
        }
    )


class TwinGigePeer(CameraProcess):
    """A GigE Vision camera that shows the belt of a world, which its process makes once more when it is told to."""

    def __init__(self, config, seed):
        self.address = gige_address()
        command = [sys.executable, PEERS / "twin_gige_camera.py", config.model_dump_json(), str(seed), self.address]
        super().__init__(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def show(self, world):
        """Listen, and show what that world has, from its own beginning on."""
        self.process.stdin.write(f"{world.motion.start_ns}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ready\n"

    def lay(self, pieces):
        """Reference pieces, one behind the other, on a belt that gets nothing else."""
        self.process.stdin.write(base64.b64encode(pickle.dumps(pieces)).decode() + "\n")
        self.process.stdin.flush()

    def kill(self):
        super().kill()
        self.process.stdin.close()


def bars_of(image):
    """Which of red, green and blue are bright in the middle of each of seven bars (height, width, 3)."""
    height, width = image.shape[:2]
    middles = [round((bar + 0.5) * width / len(BARS)) for bar in range(len(BARS))]
    return tuple(tuple(int(level > 128) for level in image[height // 4, middle]) for middle in middles)


def need_ffmpeg():
    """Skips where ffmpeg is absent."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg here: install the Debian package ffmpeg")


def need_rtsp_server():
    """Skips where GStreamer's RTSP server or what it is served with is absent."""
    if not Path(DEBIAN_PYTHON).exists():
        pytest.skip(f"no {DEBIAN_PYTHON} here: install the Debian package python3")
    trial = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer; "
        "Gst.init(None); assert all(map(Gst.ElementFactory.find, ['videotestsrc', 'jpegenc', 'rtpjpegpay']))"
    )
    if subprocess.run([DEBIAN_PYTHON, "-c", trial], capture_output=True, check=False).returncode:
        pytest.skip(
            "no RTSP server here: install the Debian packages python3-gi, gir1.2-gst-rtsp-server-1.0, "
            "gstreamer1.0-plugins-base and gstreamer1.0-plugins-good"
        )


def need_aravis(*, tools=True):
    """Skips where Aravis, its Python binding or its fake camera is absent."""
    try:
        gi = importlib.import_module("gi")
    except ImportError:
        pytest.skip(
            "no PyGObject here: install the Debian packages libgirepository1.0-dev, libcairo2-dev, pkg-config and gcc, "
            "then pip install 'neosort[aravis]'"
        )
    try:
        gi.require_version("Aravis", "0.8")
    except ValueError:
        pytest.skip("no Aravis here: install the Debian package gir1.2-aravis-0.8")
    if tools and shutil.which("arv-fake-gv-camera-0.8") is None:
        pytest.skip("no fake GigE Vision camera here: install the Debian package aravis-tools")


def need_pylon():
    """Skips where pylon is absent."""
    if importlib.util.find_spec("pypylon") is None:
        pytest.skip("no pylon here: pip install 'neosort[pylon]'")


def need_harvesters():
    """Skips where Harvesters or the genicam wheel is absent; the producer that the wheel brings along."""
    absent = [name for name in ("harvesters", "genicam") if importlib.util.find_spec(name) is None]
    if absent:
        pytest.skip(f"no {' and no '.join(absent)} here: pip install 'neosort[genicam]'")
    return Path(importlib.util.find_spec("genicam").origin).with_name("viky.cti")


def until_it_listens(port, protocol="tcp", address="127.0.0.1"):
    """Waits without connecting: the one connection that a peer takes is not ours."""
    there = f"{int.from_bytes(socket.inet_aton(address), 'little'):08X}:{port:04X}"
    state = {"tcp": "0A", "udp": "07"}[protocol]
    limit = time.monotonic() + WITHIN_S
    while time.monotonic() < limit:
        rows = [line.split() for line in Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]]
        if any(row[1] == there and row[3] == state for row in rows):
            return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens at port {port}")
