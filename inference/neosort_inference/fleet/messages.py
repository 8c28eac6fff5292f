"""What lines tell: four kinds of message, JSON. `neosort fleet schema` prints their schemas.

Whoever reads them takes no offence at fields that he does not know: later versions may add some, never take any away.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neosort_hardware.section import describe_invalid
from neosort_inference.fleet.topics import Kind

VERSION = 1


class MessageError(Exception):
    """What stands at a topic is no message of ours. The text says why."""


class _Message(BaseModel):
    """What all have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
    version: Literal[1] = Field(1, description="of these messages")
    plant: str
    line: str
    utc: datetime = Field(description="when it was written")


class StateMessage(_Message):
    """Birth and last will of a line, retained: whoever comes later knows at once who is there.

    The broker publishes the last will when it hears nothing more; its ``utc`` is when the connection began.
    """

    kind: Literal["state"] = "state"
    state: Literal["online", "offline"]
    why: str = Field("", description="offline: stopped, lost (the last will), or what became of the line's loop")
    session: str = Field(description="of this connection: an offline message ends the online one of the same session")
    software: str = Field("", description="name and version of what runs there")


class AlarmNow(BaseModel):
    """An alarm that stands or waits for a person."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    fault: str
    words: str
    severity: str
    in_force: bool
    acknowledged: bool


class TelemetryMessage(_Message):
    """How a line stands, every few seconds and when it stops or starts; retained for a minute, the newest only.

    Counts are those of the run. Recovery (by magnet mass) and purity only where the truth is known: a simulated line.
    """

    kind: Literal["telemetry"] = "telemetry"
    run: str = Field(description="of the line; counts begin anew with each")
    state: Literal["sorting", "stopped", "finished"]
    mode: str = Field(description="what it sorts by, or stop")
    stopped_by: str = ""
    elapsed_s: float
    belt_speed_m_per_s: float
    items: int = Field(description="decided on")
    items_per_s: float = Field(description="of the last ten seconds")
    items_bearing: int = Field(description="likelier than not to bear NdFeB")
    shots: int
    late: int
    refused: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    recovery: float | None = None
    purity: float | None = None
    alarms: tuple[AlarmNow, ...] = Field((), description="the gravest first")
    about: dict[str, str] = Field(default_factory=dict, description="bundle and recipe by name")


class _Stored(_Message):
    """What is kept until the broker has it, and told in order."""

    id: str = Field(description="the same however often it comes: count a message of a known id never again")
    outbox: str = Field(description="whose numbers `seq` are; a new one where the line's was lost")
    seq: int = Field(ge=1, description="counts the messages of an outbox; they come in this order, none left out")


class AlarmMessage(_Stored):
    """A step of an alarm: it was raised, its cause is gone, or somebody has acknowledged it."""

    kind: Literal["alarm"] = "alarm"
    run: str
    number: int = Field(description="of the alarm in its run; its steps share it")
    fault: str = Field(description="its name in the fault catalogue")
    words: str
    detail: str
    severity: Literal["low", "medium", "high"]
    effect: str = Field(description="what the line does without while it is in force")
    step: Literal["raised", "cleared", "acknowledged"]
    by: str = Field("", description="who acknowledged it")
    times: int = Field(1, description="how often it has come since it was first raised")
    in_force: bool


class SignedHead(BaseModel):
    """The lot's last hash, signed by the line's machine: Ed25519 over the canonical JSON (RFC 8785) of ``body``."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    body: dict[str, object]
    public_key: str = Field(description="hexadecimal")
    signature: str = Field(description="hexadecimal")


class PassportSeal(BaseModel):
    """By what a lot's passport is known: whoever is handed one finds out whether it is the one that the line issued."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    sha256: str = Field(description="of the canonical JSON (RFC 8785) of its body, hexadecimal")
    public_key: str = Field(description="hexadecimal")
    signature: str = Field(description="Ed25519 over the same, as it stands in the passport's file; hexadecimal")
    issued: datetime


class LotMessage(_Stored):
    """A lot that has been closed: nothing more goes into it. Masses of magnets are as estimated, uncorrected."""

    kind: Literal["lot"] = "lot"
    lot: str = Field(description="its name in the line's ledger")
    ordinal: int = Field(ge=1, description="counts the lots of the line")
    supplier: str
    origin: str
    category: str
    mass_in_kg: float | None = Field(description="by the weighbridge")
    automatic: bool = Field(description="opened by the run, for nobody had opened one")
    opened: datetime
    opened_by: str
    closed: datetime
    closed_by: str
    records: int = Field(description="in its chain")
    head_hash: str = Field(description="SHA-256 of its last record, over all before")
    previous_lot: str | None
    decisions: int = Field(description="items decided on")
    fired: int = Field(description="of them shot at")
    magnet_g_fired: float = Field(description="magnets in what was shot at")
    magnet_g_left: float = Field(description="magnets in what was left, by the chance that it bears any")
    head: SignedHead | None = Field(None, description="left out where the lot was closed on another machine")
    passport: PassportSeal | None = Field(
        None, description="left out where none was issued in time; one issued anew later is not told"
    )


Message = StateMessage | TelemetryMessage | AlarmMessage | LotMessage
TYPES: dict[Kind, type[Message]] = {
    "state": StateMessage,
    "telemetry": TelemetryMessage,
    "alarm": AlarmMessage,
    "lot": LotMessage,
}


def read_message(kind: Kind, payload: bytes) -> Message:
    """What came at a topic of that kind. Raises `MessageError`."""
    try:
        return TYPES[kind].model_validate_json(payload)
    except ValidationError as error:
        raise MessageError(f"no message of kind {kind}: {describe_invalid(error)}") from error
