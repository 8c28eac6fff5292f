"""Cameras as processes of their own, which a test starts, freezes, kills and starts again."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.hardware.modbus_peers import free_port

PEERS = Path(__file__).parent / "peers"
DEBIAN_PYTHON = "/usr/bin/python3"
SOON_S = 40.0
# SMPTE bars from left to right: which of red, green and blue are bright.
BARS = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1))


class CameraProcess:
    """A peer in a process of its own."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)

    def freeze(self):
        """It hangs: its connections stay, and nothing more comes."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """It goes on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """As if it were unplugged. Once is enough."""
        self.process.kill()
        self.process.wait(SOON_S)
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class MjpegPeer(CameraProcess):
    """ffmpeg as a camera with MJPEG over HTTP: SMPTE colour bars. It serves one client and ends with it."""

    def __init__(self, port=None, *, size=(640, 512), rate=25):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/belt"
        bars = f"smptebars=size={size[0]}x{size[1]}:rate={rate}"
        super().__init__(
            [
                "ffmpeg", "-loglevel", "error", "-re", "-f", "lavfi", "-i", bars, "-c:v", "mjpeg", "-q:v", "2",
                "-f", "mpjpeg", "-listen", "1", self.url,
            ],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until_it_listens(self.port)


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


def until_it_listens(port):
    """Waits without connecting: the one connection that a peer takes is not ours."""
    ends = f":{port:04X}"
    limit = time.monotonic() + SOON_S
    while time.monotonic() < limit:
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        if any(row[1].endswith(ends) and row[3] == "0A" for row in rows):
            return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens at port {port}")
