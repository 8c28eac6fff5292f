"""An RTSP server of GStreamer's: SMPTE colour bars. For Debian's own python3, which has its bindings.

rtsp_server.py PORT WIDTH HEIGHT RATE        prints "ready" when it listens
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

port, width, height, rate = sys.argv[1:]
Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_shared(True)
factory.set_launch(
    "( videotestsrc is-live=true pattern=smpte ! "
    f"video/x-raw,format=I420,width={width},height={height},framerate={rate}/1 ! "
    "jpegenc quality=95 ! rtpjpegpay name=pay0 pt=26 )"
)
server.get_mount_points().add_factory("/belt", factory)
server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
