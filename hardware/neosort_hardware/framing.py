"""Packets on a stream of bytes: COBS between zero bytes, a CRC-16/CCITT-FALSE (low byte first) at the end of each."""

from __future__ import annotations

from binascii import crc_hqx

from cobs import cobs

DELIMITER = b"\0"
CRC_SEED = 0xFFFF
CRC_BYTES = 2


def framed(packet: bytes) -> bytes:
    """A packet as it goes over the line."""
    crc = crc_hqx(packet, CRC_SEED).to_bytes(CRC_BYTES, "little")
    return bytes(cobs.encode(packet + crc)) + DELIMITER


class FrameReader:
    """Finds whole packets in what has been received, piece by piece, and counts what was none.

    ``longest``: bytes of the longest frame; more without a delimiter is garbage and is not kept.
    """

    def __init__(self, longest: int) -> None:
        self.bad_frames = 0
        self._longest = longest
        self._begun = bytearray()
        self._overrun = False

    def feed(self, received: bytes) -> list[bytes]:
        """Packets that have become whole, in order, without their checksums."""
        *ended, begun = received.split(DELIMITER)
        packets = []
        for piece in ended:
            self._begin(piece)
            packet = self._end()
            if packet is not None:
                packets.append(packet)
        self._begin(begun)
        return packets

    def _begin(self, piece: bytes) -> None:
        self._begun += piece
        if len(self._begun) > self._longest:
            self._overrun = True
            self._begun.clear()

    def _end(self) -> bytes | None:
        frame, overrun = bytes(self._begun), self._overrun
        self._begun.clear()
        self._overrun = False
        if not frame and not overrun:
            return None  # two delimiters in a row end what was begun, and are no frame
        packet = _checked(frame) if not overrun else None
        self.bad_frames += packet is None
        return packet


def _checked(frame: bytes) -> bytes | None:
    try:
        whole = bytes(cobs.decode(frame))
    except cobs.DecodeError:
        return None
    packet, crc = whole[:-CRC_BYTES], whole[-CRC_BYTES:]
    return packet if packet and crc_hqx(packet, CRC_SEED).to_bytes(CRC_BYTES, "little") == crc else None
