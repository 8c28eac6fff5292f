"""Who may do what over OPC UA: who is let in reads, accounts call methods, nobody writes nodes or adds any."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from asyncua import ua
from asyncua.crypto.permission_rules import SimpleRoleRuleset, User, UserRole
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from neosort_inference.access.accounts import Accounts
from neosort_inference.access.entry import FAILURES, WITHIN_S
from neosort_inference.access.throttle import Throttle
from neosort_inference.plant.settings import PlantConfig

LOGGER = logging.getLogger("neosort.plant")

_IDS = ua.ObjectIds
_SESSION = (
    _IDS.CreateSessionRequest_Encoding_DefaultBinary,
    _IDS.ActivateSessionRequest_Encoding_DefaultBinary,
    _IDS.CloseSessionRequest_Encoding_DefaultBinary,
    _IDS.CloseSecureChannelRequest_Encoding_DefaultBinary,
    _IDS.GetEndpointsRequest_Encoding_DefaultBinary,
    _IDS.FindServersRequest_Encoding_DefaultBinary,
)
_READING = (
    _IDS.ReadRequest_Encoding_DefaultBinary,
    _IDS.BrowseRequest_Encoding_DefaultBinary,
    _IDS.TranslateBrowsePathsToNodeIdsRequest_Encoding_DefaultBinary,
    _IDS.RegisterNodesRequest_Encoding_DefaultBinary,
    _IDS.UnregisterNodesRequest_Encoding_DefaultBinary,
    _IDS.CreateSubscriptionRequest_Encoding_DefaultBinary,
    _IDS.ModifySubscriptionRequest_Encoding_DefaultBinary,
    _IDS.DeleteSubscriptionsRequest_Encoding_DefaultBinary,
    _IDS.SetPublishingModeRequest_Encoding_DefaultBinary,
    _IDS.CreateMonitoredItemsRequest_Encoding_DefaultBinary,
    _IDS.ModifyMonitoredItemsRequest_Encoding_DefaultBinary,
    _IDS.DeleteMonitoredItemsRequest_Encoding_DefaultBinary,
    _IDS.SetMonitoringModeRequest_Encoding_DefaultBinary,
    _IDS.PublishRequest_Encoding_DefaultBinary,
    _IDS.RepublishRequest_Encoding_DefaultBinary,
)
READS = frozenset(ua.NodeId(ua.Int32(one)) for one in (*_SESSION, *_READING))
CALL = ua.NodeId(ua.Int32(_IDS.CallRequest_Encoding_DefaultBinary))


@dataclass
class Caller(User):
    """The account that a session belongs to, empty for none. Never an administrator of the server's nodes."""

    role: UserRole = UserRole.User


# Of the request in hand: the library hands methods their arguments and does not say whose they are.
CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


class Rights(SimpleRoleRuleset):
    """Asked before every request of a session. ``commands``: whether accounts may call methods on such a channel; what
    each of them may then is the methods' own question.

    Not on a plain one: whoever listens in could take the session over, and a certificate that a client shows there is
    not proven by its key.
    """

    def __init__(self, *, commands: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._commands = commands

    def check_validity(self, user: object, action_type_id: ua.NodeId, body: object) -> bool:
        """Whether ``user`` may ask for that."""
        caller = user if isinstance(user, Caller) else None
        CALLER.set(caller)
        if action_type_id == CALL:
            return self._commands and caller is not None and bool(caller.name)
        return action_type_id in READS


class Doorkeeper:
    """Says who a session belongs to, by name and password or by its channel's certificate; None: is not let in.

    A name under which too many log-ins have failed waits, as on the page.
    """

    def __init__(self, config: PlantConfig, accounts: Accounts) -> None:
        self._anonymous = config.anonymous
        self._accounts = accounts
        self._by_certificate = {der_of(file): name for name, file in config.clients.items()}
        self._throttle = Throttle(FAILURES, WITHIN_S)

    def get_user(
        self,
        _iserver: object,
        username: str | None = None,
        password: str | None = None,
        certificate: bytes | None = None,
    ) -> Caller | None:
        """asyncua's question."""
        if username is not None:
            return self._named(username, password or "")
        known = None if certificate is None else self._by_certificate.get(certificate)
        if known is not None:
            return Caller(name=known)
        return Caller(name="") if self._anonymous else None

    def _named(self, name: str, password: str) -> Caller | None:
        if self._throttle.attempt(name):
            return None
        account = self._accounts.log_in(name, password)
        if account is None:
            LOGGER.warning("OPC UA: name and password do not belong together: '%s'", name[:64])
            return None
        self._throttle.forget(name)
        return Caller(name=account.name)


def der_of(file: Path) -> bytes:
    """A certificate's bytes, from a file in either format. Raises `ValueError`, `OSError`."""
    raw = file.read_bytes()
    load = x509.load_pem_x509_certificate if raw.startswith(b"-----") else x509.load_der_x509_certificate
    return load(raw).public_bytes(Encoding.DER)
