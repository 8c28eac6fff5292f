"""A camera over a belt of the test's own, without a line around it."""

import time

from tests.hardware.waiting import eventually

from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import RealClock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import connector
from neosort_hardware.site import Site
from neosort_hardware.types import EncoderSample


class FakeEncoder:
    """A belt at 1 m/s, or one that stands."""

    name = "fake encoder"

    def __init__(self):
        self.stands_mm = None

    def mm_at(self, at_ns):
        return at_ns * 1e-6 % 1e6 if self.stands_mm is None else self.stands_mm

    def read(self):
        now_ns = time.monotonic_ns()
        belt_mm = self.mm_at(now_ns)
        return EncoderSample(belt_mm=belt_mm, counts=round(2 * belt_mm), sampled_ns=now_ns)

    def stop(self):
        """Where it is now."""
        self.stands_mm = self.mm_at(time.monotonic_ns())


def site_over(encoder):
    """As much of a line as a camera asks for."""
    config = LineConfig()
    return Site(config=config, geometry=LineGeometry.of(config), clock=RealClock(), encoder=encoder)


class CameraOver:
    """An opened camera over the fake belt."""

    def __init__(self, driver, **settings):
        self.encoder = FakeEncoder()
        self.settings = LineConfig.model_validate({"camera": {"driver": driver} | settings}).camera
        self.camera = connector("camera", driver)(self.settings, site_over(self.encoder))

    def frame(self):
        """The next frame; errors on the way are borne."""
        return eventually(lambda: read_or_none(self.camera))

    def error(self):
        """The error that a read gives sooner or later."""
        return eventually(lambda: error_or_none(self.camera))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.camera.close()


def read_or_none(camera):
    """A frame, or None while there is none or the camera is in trouble."""
    try:
        return camera.read(0.05)
    except DeviceError:
        return None


def error_or_none(camera):
    """What a read says is wrong, if it does."""
    try:
        camera.read(0.05)
    except DeviceError as error:
        return error
    return None
