"""One connection to an MQTT 5 broker, by paho-mqtt: it lives once. Who loses it makes another.

Single-threaded: everything happens in `turn`, so that nothing of ours is ever interrupted.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from neosort_hardware.section import ConfigError
from neosort_inference.fleet.settings import BrokerConfig
from neosort_inference.fleet.standing import FleetState

TCP_WITHIN_S = 5.0
CONNECTED_WITHIN_S = 10.0
CONFIRMED_WITHIN_S = 60.0
MOST_UNCONFIRMED = 64
QOS = 1
_KEPT_SILENT, _DISPLACED = 0x8D, 0x8E  # reason codes of MQTT 5


class ConnectionLostError(Exception):
    """It is over. ``state``: how, in the words of `FleetStanding`; the text says why."""

    def __init__(self, state: FleetState, why: str) -> None:
        super().__init__(why)
        self.state: FleetState = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """A message that stays on the broker for whoever comes later. ``expires_s``: for how long, None: for ever."""

    topic: str
    payload: bytes
    expires_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message that came. At ``qos`` 1 it comes again, with the next connection, until `confirm` has confirmed it."""

    topic: str
    payload: bytes
    mid: int
    qos: int


class Connection:
    """To ``broker`` as ``client_id``. ``will``: what the broker is to publish when we vanish. ``keep_session_s``: how
    long it remembers what came for us while we are away; ``on_message``: is told of everything subscribed to.

    ``room``: how many messages the broker takes unconfirmed; whoever publishes keeps to it. `turn` and `open` raise
    `ConnectionLostError` when there is no connection any more. Raises `ConfigError` for a password or a certificate
    that cannot be read.
    """

    def __init__(
        self,
        broker: BrokerConfig,
        client_id: str,
        *,
        will: Retained | None = None,
        keep_session_s: int = 0,
        on_message: Callable[[Heard], None] | None = None,
    ) -> None:
        self._broker, self._keep_session_s, self._on_message = broker, keep_session_s, on_message
        self.connected = False
        self.room = MOST_UNCONFIRMED
        self._lost: ConnectionLostError | None = None
        self._confirmed: list[int] = []
        self._unconfirmed: dict[int, float] = {}
        self._opened_s = 0.0
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=on_message is not None,
        )
        client.connect_timeout = TCP_WITHIN_S
        client.max_inflight_messages = MOST_UNCONFIRMED  # the broker's own limit, see `room`, may be lower
        if broker.username:
            client.username_pw_set(broker.username, broker.password())
        if broker.tls:
            client.tls_set_context(_tls_context(broker))
        if will is not None:
            client.will_set(will.topic, will.payload, QOS, retain=True)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_message = self._on_publish, self._on_heard

    def open(self) -> None:
        """Reach the broker and say hello; returns within some five seconds. `turn` until ``connected``."""
        self._opened_s = time.monotonic()
        hello = _properties(PacketTypes.CONNECT)
        hello.SessionExpiryInterval = self._keep_session_s
        try:
            self._client.connect(
                self._broker.host, self._broker.port, self._broker.keepalive_s,
                clean_start=self._keep_session_s == 0, properties=hello,
            )  # fmt: skip
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or error.reason or error
            raise ConnectionLostError("refused", f"no TLS with {self._name}: {why}") from error
        except OSError as error:
            raise ConnectionLostError("unreachable", f"{self._name}: {error.strerror or error}") from error

    @property
    def socket(self) -> int | None:
        """Its file descriptor, to wait on; None when there is no connection any more."""
        found = self._client.socket()
        return None if found is None else found.fileno()

    @property
    def wants_to_write(self) -> bool:
        """Whether there is more to send than the network took."""
        return self._client.want_write()

    def turn(self, timeout_s: float = 0.0) -> None:
        """Send and receive what there is, waiting for it no longer than that."""
        try:
            code = self._client.loop(timeout_s)
        except Exception as error:  # whatever paho makes of what is no MQTT
            raise ConnectionLostError("garbled", f"{self._name} does not speak MQTT 5 ({error})") from error
        if self._lost is not None:
            raise self._lost
        if code != mqtt.MQTT_ERR_SUCCESS or self._client.socket() is None:
            raise self._ended(code)
        now_s = time.monotonic()
        if not self.connected and now_s - self._opened_s > min(CONNECTED_WITHIN_S, self._broker.keepalive_s):
            raise ConnectionLostError("silent", f"{self._name} takes the connection and says nothing")
        if self._unconfirmed and now_s - next(iter(self._unconfirmed.values())) > CONFIRMED_WITHIN_S:
            raise ConnectionLostError("silent", f"{self._name} confirms nothing that it is told")

    def subscribe(self, topic: str) -> None:
        """Be told of everything there."""
        self._client.subscribe(topic, QOS)

    def publish(self, message: Retained) -> int:
        """Hand over a message that stays on the broker; its number, see `take_confirmed`."""
        properties = None
        if message.expires_s is not None:
            properties = _properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = message.expires_s
        return self._publish(message.topic, message.payload, retain=True, properties=properties)

    def tell(self, topic: str, payload: bytes) -> int:
        """Hand over a message for those who listen; its number, see `take_confirmed`."""
        return self._publish(topic, payload, retain=False, properties=None)

    def take_confirmed(self) -> list[int]:
        """Numbers of messages that the broker has confirmed since the last call."""
        told, self._confirmed = self._confirmed, []
        return told

    def confirm(self, heard: Heard) -> None:
        """What came has been dealt with, and need not come again."""
        self._client.ack(heard.mid, heard.qos)  # at QoS 0 nobody waits for a word

    def close(self) -> None:
        """Say goodbye, so that no last will is published. Never fails."""
        try:
            self._client.disconnect()
            while self._client.want_write() and self._client.loop(0.1) == mqtt.MQTT_ERR_SUCCESS:
                pass
        except Exception:  # whoever leaves does not argue
            return

    def drop(self) -> None:
        """Leave without a word: the broker publishes the last will."""
        found = self._client.socket()
        if found is not None:
            found.close()

    @property
    def _name(self) -> str:
        return f"{self._broker.host}:{self._broker.port}"

    def _publish(self, topic: str, payload: bytes, *, retain: bool, properties: Properties | None) -> int:
        handed = self._client.publish(topic, payload, QOS, retain, properties)
        self._unconfirmed[handed.mid] = time.monotonic()
        return handed.mid

    def _ended(self, code: int) -> ConnectionLostError:
        if not self.connected:
            return ConnectionLostError("garbled", f"{self._name} hangs up without an answer: is it an MQTT 5 broker?")
        return ConnectionLostError("lost", f"{self._name}: {mqtt.error_string(MQTTErrorCode(code))}")

    def _on_connect(
        self, _client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, code: ReasonCode, told: Properties | None
    ) -> None:
        if code.is_failure:
            self._lost = ConnectionLostError("refused", f"{self._name} refuses user {self._broker.username!r}: {code}")
            return
        self.connected = True
        self.room = min(MOST_UNCONFIRMED, getattr(told, "ReceiveMaximum", MOST_UNCONFIRMED))

    def _on_disconnect(
        self, _client: mqtt.Client, _data: object, flags: mqtt.DisconnectFlags, code: ReasonCode, _told: object
    ) -> None:
        if self._lost is not None:
            return
        if code.value == _KEPT_SILENT:  # paho's own word when nothing comes any more
            self._lost = ConnectionLostError("silent", f"{self._name} holds the connection and says nothing")
        elif code.value == _DISPLACED:
            self._lost = ConnectionLostError("displaced", f"another client has come to {self._name} under this name")
        elif flags.is_disconnect_packet_from_server:
            self._lost = ConnectionLostError("lost", f"{self._name}: {code}")

    def _on_publish(self, _client: mqtt.Client, _data: object, mid: int, code: ReasonCode, _told: object) -> None:
        self._unconfirmed.pop(mid, None)
        if code.is_failure:
            self._lost = ConnectionLostError("refused", f"{self._name} does not take what it is told: {code}")
        else:
            self._confirmed.append(mid)

    def _on_heard(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if self._on_message is not None:
            self._on_message(
                Heard(topic=message.topic, payload=bytes(message.payload), mid=message.mid, qos=message.qos)
            )


def reach(broker: BrokerConfig, client_id: str) -> None:
    """Whether a broker lets one in: says hello, and goodbye. Raises `ConnectionLostError`, `ConfigError`."""
    connection = Connection(broker, client_id)
    connection.open()
    while not connection.connected:
        connection.turn(0.1)
    connection.close()


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


def _tls_context(broker: BrokerConfig) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if broker.ca_file is None else str(broker.ca_file))
    except OSError as error:
        raise ConfigError(f"ca_file {broker.ca_file}: {error.strerror or error}") from error
    if broker.certificate_file is not None and broker.key_file is not None:
        try:
            context.load_cert_chain(broker.certificate_file, broker.key_file)
        except OSError as error:
            raise ConfigError(
                f"certificate_file {broker.certificate_file}, key_file {broker.key_file}: {error.strerror or error}"
            ) from error
    return context
