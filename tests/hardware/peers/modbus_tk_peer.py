"""modbus_tk's server with 200 of each on the port given, one slave; a line `NAME FIRST VALUE…` on stdin sets values.

A process of its own: modbus_tk warns of what Python deprecates, which is its business and not the tests'.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

from modbus_tk import defines
from modbus_tk.modbus_tcp import TcpServer

BLOCKS = {
    "coils": defines.COILS,
    "discrete": defines.DISCRETE_INPUTS,
    "holding": defines.HOLDING_REGISTERS,
    "input": defines.ANALOG_INPUTS,
}

server = TcpServer(port=int(sys.argv[1]), address="127.0.0.1", timeout_in_sec=0.05)
slave = server.add_slave(1)
for name, kind in BLOCKS.items():
    slave.add_block(name, kind, 0, 200)
server.start()
while True:  # its thread has begun, but may not listen yet
    with suppress(OSError), socket.create_connection(("127.0.0.1", int(sys.argv[1]))):
        break
print("ready", flush=True)
for line in sys.stdin:
    block, first, *values = line.split()
    slave.set_values(block, int(first), [int(value) for value in values])
    print("set", flush=True)
server.stop()
