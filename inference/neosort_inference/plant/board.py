"""The line as nodes of an OPC UA server: made once, then only what has changed is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from asyncua import Node, Server, ua

from neosort_inference.plant.tags import TAGS, UNITS, Tag, Value
from neosort_inference.telemetry import Snapshot

NAMESPACE = "urn:neosort"
ROOT = "Line"
REFUSAL = Tag(
    path="LastRefusal", kind="String", unit="", words="the last method that was refused, and why", value=lambda _: ""
)
_UNECE = "http://www.opcfoundation.org/UA/units/un/cefact"


@dataclass(frozen=True, slots=True)
class _Written:
    value: Value
    status: int


class Board:
    """Every tag of the line, under ``Objects/Line``, with stable node ids ``s=Line.<path>``.

    Before the first snapshot every value waits for its first; while the line is not heard of, the last ones stand
    as uncertain. What the line does not know is there without a value.
    """

    def __init__(self, server: Server, space: int) -> None:
        self._server = server
        self.space = space
        self._folders: dict[str, Node] = {}
        self._written: dict[str, _Written] = {}
        self._devices: tuple[Tag, ...] = ()

    @classmethod
    async def on(cls, server: Server) -> Board:
        """The line's nodes on a server that has not been started yet."""
        board = cls(server, await server.register_namespace(NAMESPACE))
        root = await server.nodes.objects.add_object(board.node_id(""), f"{board.space}:{ROOT}")
        board._folders[""] = root
        for tag in TAGS:
            await board._add(tag)
        await board._add(REFUSAL)
        await board.say_refused("")
        return board

    def node_id(self, path: str) -> ua.NodeId:
        """The id of a tag, a folder or a method."""
        return ua.NodeId(ua.String(f"{ROOT}.{path}" if path else ROOT), ua.Int16(self.space))

    async def folder(self, path: str) -> Node:
        """The folder of that path, made where it is not there yet; the line itself for none."""
        known = self._folders.get(path)
        if known is None:
            above, _, name = path.rpartition(".")
            parent = await self.folder(above)
            known = self._folders[path] = await parent.add_folder(self.node_id(path), f"{self.space}:{name}")
        return known

    async def show(self, snapshot: Snapshot) -> None:
        """Write what has changed."""
        await self._make_devices(snapshot)
        for tag in (*TAGS, *self._devices):
            value = tag.value(snapshot)
            await self._write(tag, value, ua.StatusCodes.Good if value is not None else ua.StatusCodes.BadNoData)

    async def say_refused(self, sentence: str) -> None:
        """What has just been asked for in vain."""
        await self._write(REFUSAL, sentence, ua.StatusCodes.Good)

    async def doubt(self) -> None:
        """The line has not been heard of for long: what is known of it is old."""
        for tag in (*TAGS, *self._devices):
            written = self._written[tag.path]
            if written.status == ua.StatusCodes.Good:
                await self._write(tag, written.value, ua.StatusCodes.UncertainLastUsableValue)

    async def _make_devices(self, snapshot: Snapshot) -> None:
        """A line's slots do not change while it runs; they come with its first snapshot."""
        if self._devices or not snapshot.counts.healthy:
            return
        self._devices = tuple(_healthy(slot) for slot in snapshot.counts.healthy)
        for tag in self._devices:
            await self._add(tag)

    async def _add(self, tag: Tag) -> None:
        path, _, name = tag.path.rpartition(".")
        parent = await self.folder(path)
        kind = ua.VariantType[tag.kind]
        node = await parent.add_variable(
            self.node_id(tag.path), f"{self.space}:{name}", ua.get_default_value(kind), varianttype=kind
        )
        await node.write_attribute(ua.AttributeIds.Description, ua.DataValue(ua.Variant(ua.LocalizedText(tag.words))))
        if tag.unit:
            await node.add_property(0, "0:EngineeringUnits", _unit(tag.unit))
        await self._write(tag, None, ua.StatusCodes.BadWaitingForInitialData)

    async def _write(self, tag: Tag, value: Value, status: int) -> None:
        now = _Written(value, status)
        if self._written.get(tag.path) == now:
            return
        self._written[tag.path] = now
        kind = ua.VariantType[tag.kind]
        typed = ua.get_default_value(kind) if value is None else value
        await self._server.write_attribute_value(
            self.node_id(tag.path),
            ua.DataValue(
                ua.Variant(typed, kind),
                StatusCode=ua.StatusCode(ua.UInt32(status)),
                SourceTimestamp=ua.DateTime.now(UTC),
            ),
        )


def _healthy(slot: str) -> Tag:
    return Tag(
        path=f"Devices.{slot}.Healthy",
        kind="Boolean",
        unit="",
        words="the device's own word",
        value=lambda snapshot: snapshot.counts.healthy.get(slot),
    )


def _unit(unit: str) -> ua.EUInformation:
    """Its UnitId is the code's letters as one number, the way OPC UA Part 8 has it."""
    code, words = UNITS[unit]
    return ua.EUInformation(
        NamespaceUri=_UNECE,
        UnitId=int.from_bytes(code.encode(), "big"),
        DisplayName=ua.LocalizedText(unit),
        Description=ua.LocalizedText(words),
    )
