"""What cameras that are set up by the names of their features share, whatever library opens them."""

from __future__ import annotations

from neosort_hardware.camera_grabber import OpenSource
from neosort_hardware.camera_real import RealCamera
from neosort_hardware.genicam_features import stamp_to_middle_ns
from neosort_hardware.settings_camera import GenicamCameraConfig
from neosort_hardware.site import Site


class GenicamCamera(RealCamera):
    """A GenICam camera, triggered and stamped as its settings say."""

    def __init__(self, library: str, open_source: OpenSource, settings: GenicamCameraConfig, site: Site) -> None:
        """``library``: what it is opened by, in its name. Raises `DeviceError` when it cannot be opened."""
        super().__init__(
            f"{library} camera {settings.camera}".rstrip(),
            open_source,
            settings,
            site,
            trigger=settings.trigger,
            stamp_to_middle_ns=stamp_to_middle_ns(settings),
        )
