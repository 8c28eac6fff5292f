"""Lines with a camera to look down on a simulated belt: the rigs of the conformance suite for cameras."""

import gc
import socket
import struct

import cv2
import numpy as np
from tests.hardware.camera_peers import GVCP_PORT, AravisPeer, MjpegPeer
from tests.hardware.rigs import EMPTY_BELT, Rig
from tests.hardware.waiting import WITHIN_S

from neosort_hardware.config import LineConfig

READREG = 0x0080
FAKE_EXPOSURE_US = 0x120  # of Aravis' fake camera


class CameraRig(Rig):
    """A camera in a process of its own over a simulated belt; a subclass says which."""

    slack_mm = 150.0  # of a machine that is busy with other things at 1 m/s
    every_mm = 100.0

    def __init__(self, **camera):
        camera = {"trigger_every_mm": self.every_mm, "answer_ms": 20_000, "silent_ms": 2000} | camera
        super().__init__(LineConfig.model_validate({"camera": camera, "twin": EMPTY_BELT}))

    def mute(self, slot):
        """It has nothing to say: the belt stands."""
        self.stand()


class MjpegRig(CameraRig):
    """MJPEG over HTTP from ffmpeg."""

    def __init__(self):
        self.peer = MjpegPeer()
        super().__init__(driver="opencv", source=self.peer.url)

    def end_peer(self):
        self.peer.kill()

    def cut(self, slot):
        self.peer.kill()

    def restore(self, slot):
        self.peer = MjpegPeer(self.peer.port)


class AravisRig(CameraRig):
    """Aravis' fake GigE Vision camera, running freely."""

    def __init__(self):
        self.peer = AravisPeer()
        super().__init__(driver="aravis", camera=self.peer.address, trigger="free", rate_hz=30, pixel_format="BayerRG8")

    def end_peer(self):
        self.peer.kill()

    def cut(self, slot):
        self.peer.kill()

    def restore(self, slot):
        self.peer = AravisPeer()

    def exposure_us(self):
        """For how long the camera exposes: what its register says to somebody else who asks by the bytes of GVCP."""
        return float(gvcp_register(self.peer.address, FAKE_EXPOSURE_US))


def gvcp_register(address, register):
    """A register of a GigE Vision camera, read as anybody may who does not control it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as host:
        host.settimeout(WITHIN_S)
        host.sendto(struct.pack(">BBHHHI", 0x42, 1, READREG, 4, 1, register), (address, GVCP_PORT))
        status, answer, _length, _number, value = struct.unpack(">HHHHI", host.recv(64))
    assert (status, answer) == (0, READREG + 1)
    return value


class PylonRig(CameraRig):
    """An emulated camera of pylon's, within this process: there is nothing that could be cut off."""

    def __init__(self):
        super().__init__(driver="pylon", camera="0815-0000", trigger="free")

    def exposure_us(self):
        """For how long the camera exposes. Only whoever has opened it may ask, so this asks through his handle."""
        (camera,) = (one for one in gc.get_objects() if type(one).__name__ == "InstantCamera" and one.IsOpen())
        return float(camera.ExposureTime.Value)


class HarvesterRig(CameraRig):
    """A camera of the producer in the genicam wheel, within this process as well."""

    def __init__(self, producer):
        super().__init__(
            driver="harvester", producer=str(producer), camera="1", trigger="free", exposure_fixed=True, rate_hz=30
        )


class FolderRig(CameraRig):
    """Pictures in a folder, one after another and from the beginning again."""

    def __init__(self, folder):
        for number in range(3):
            cv2.imwrite(str(folder / f"{number}.png"), np.full((512, 640, 3), 60 * number, np.uint8))
        super().__init__(driver="opencv", source=str(folder), repeat=True)
