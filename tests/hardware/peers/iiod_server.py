"""An array of magnetometers behind the IIO daemon's protocol (ASCII, TCP), for libiio's own clients to talk to.

``port sensors rate_hz [ahead_ns]``; orders on standard input, each answered with ``done``: ``mute`` gives no samples,
``deaf`` answers nothing, ``garbage`` answers with what makes no sense, ``unit N`` sets the raw value of sensor 0.
"""

import socketserver
import struct
import sys
import threading
import time

NAME = "neo-array"
SCALE = 0.001  # gauss a unit: 0.1 µT


def xml(sensors):
    rows, index = [], 0
    for sensor in range(sensors):
        for axis in "xyz":
            rows.append(
                f'<channel id="magn{sensor}_{axis}" type="input">'
                f'<scan-element index="{index}" format="be:S16/16&gt;&gt;0"/>'
                f'<attribute name="raw" filename="in_magn{sensor}_{axis}_raw"/>'
                f'<attribute name="scale" filename="in_magn_scale"/></channel>'
            )
            index += 1
    stamp = (
        f'<channel id="timestamp" type="input"><scan-element index="{index}" format="le:S64/64&gt;&gt;0"/></channel>'
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE context [<!ELEMENT context (device | context-attribute)*>'
        "<!ELEMENT context-attribute EMPTY>"
        "<!ELEMENT device (channel | attribute | debug-attribute | buffer-attribute)*>"
        "<!ELEMENT channel (scan-element?, attribute*)><!ELEMENT attribute EMPTY><!ELEMENT scan-element EMPTY>"
        "<!ELEMENT debug-attribute EMPTY><!ELEMENT buffer-attribute EMPTY>"
        "<!ATTLIST context name CDATA #REQUIRED description CDATA #IMPLIED>"
        "<!ATTLIST context-attribute name CDATA #REQUIRED value CDATA #REQUIRED>"
        "<!ATTLIST device id CDATA #REQUIRED name CDATA #IMPLIED label CDATA #IMPLIED>"
        "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>"
        "<!ATTLIST scan-element index CDATA #REQUIRED format CDATA #REQUIRED scale CDATA #IMPLIED>"
        "<!ATTLIST attribute name CDATA #REQUIRED filename CDATA #IMPLIED>"
        "<!ATTLIST debug-attribute name CDATA #REQUIRED><!ATTLIST buffer-attribute name CDATA #REQUIRED>]>"
        f'<context name="network" description="neosort test"><device id="iio:device0" name="{NAME}">{"".join(rows)}'
        f'{stamp}<attribute name="sampling_frequency"/></device></context>'
    )


class State:
    def __init__(self, sensors, rate_hz, offset_ns):
        self.sensors, self.offset_ns = sensors, offset_ns
        self.attrs = {"sampling_frequency": f"{rate_hz}.000000", "scale": f"{SCALE:.6f}"}
        self.mute = self.deaf = self.garbage = False
        self.unit = 300

    @property
    def rate_hz(self):
        return float(self.attrs["sampling_frequency"])

    def raw(self, sensor, axis):
        return (self.unit + sensor) * (axis + 1)

    def attr(self, words):
        name = words[-1]
        if name == "raw":
            sensor, axis = words[-2].removeprefix("magn").split("_")
            return str(self.raw(int(sensor), "xyz".index(axis)))
        return self.attrs.get(name)

    def sample(self, at_ns, mask):
        """Of the channels that a client has enabled: bit n is the channel of index n."""
        row = [self.raw(index // 3, index % 3) for index in range(3 * self.sensors) if mask >> index & 1]
        packed = struct.pack(f">{len(row)}h", *row)
        if not mask >> 3 * self.sensors & 1:
            return packed
        return packed + bytes(-len(packed) % 8) + struct.pack("<q", at_ns + self.offset_ns)


class Client(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        while line := self.rfile.readline():
            words = line.decode("ascii", "replace").split()
            if not words or words[0] == "EXIT":
                return
            while self.server.state.deaf:
                time.sleep(0.05)
            if self.server.state.garbage:
                self.wfile.write(b"\x00\xff no such thing\n")
                continue
            getattr(self, f"do_{words[0].lower()}", self.unknown)(words)

    def say(self, number):
        self.wfile.write(f"{number}\n".encode())

    def text(self, text):
        self.wfile.write(f"{len(text)}\n{text}\n".encode())

    def unknown(self, _words):
        self.say(-22)

    def do_version(self, _words):
        self.wfile.write(b"0.24.neosort\n")

    def do_print(self, _words):
        self.text(xml(self.server.state.sensors))

    def do_timeout(self, _words):
        self.say(0)

    def do_read(self, words):
        value = self.server.state.attr(words)
        self.say(-2) if value is None else self.text(value)

    def do_write(self, words):
        value = self.rfile.read(int(words[-1])).decode().strip("\0 \n")
        if words[-2] not in self.server.state.attrs:
            self.say(-2)
            return
        self.server.state.attrs[words[-2]] = value
        self.say(int(words[-1]))

    def do_open(self, words):
        self.mask, self.next_ns = words[3], time.monotonic_ns()
        self.say(0)

    def do_close(self, _words):
        self.say(0)

    def do_set(self, _words):
        self.say(0)

    def do_gettrig(self, _words):
        self.say(-19)

    def do_readbuf(self, words):
        state, wanted = self.server.state, int(words[2])
        data = b""
        while len(data) < wanted:
            while state.mute or state.deaf:
                time.sleep(0.02)
            self.next_ns = max(self.next_ns + round(1e9 / state.rate_hz), time.monotonic_ns() - 1_000_000_000)
            if (left_s := (self.next_ns - time.monotonic_ns()) * 1e-9) > 0:
                time.sleep(left_s)
            data += state.sample(self.next_ns, int(self.mask, 16))
        self.say(len(data))
        self.wfile.write(f"{self.mask}\n".encode() + data)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    block_on_close = False


def main():
    port, sensors, rate_hz, *offset = (int(word) for word in sys.argv[1:])
    with Server(("127.0.0.1", port), Client) as server:
        server.state = State(sensors, rate_hz, *(offset or [0]))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        print("ready", flush=True)
        for line in sys.stdin:
            word, *value = line.split()
            setattr(server.state, word, int(value[0]) if value else True)
            print("done", flush=True)


if __name__ == "__main__":
    main()
