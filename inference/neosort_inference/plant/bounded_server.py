"""asyncua's server with all that a client could drive up bounded, and what is no business of it left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncua import Server, ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import ServiceError
from asyncua.crypto.security_policies import SECURITY_POLICY_TYPE_MAP, SecurityPolicyFactory
from asyncua.server.internal_server import InternalServer
from asyncua.server.subscription_service import SubscriptionService

from neosort_inference.access.accounts import Accounts
from neosort_inference.plant.rights import Doorkeeper, Rights
from neosort_inference.plant.settings import PlantConfig

ACTIVATED_WITHIN_S = 10.0
SUBSCRIPTIONS_A_CLIENT = 4
LONGEST_QUEUE = 200
LONGEST_MESSAGE = 1 << 20
CHUNK = 1 << 16
PLAIN = ua.SecurityPolicyType.NoSecurity
ENCRYPTED = (
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
)


class _UnhurriedSubscriptions(SubscriptionService):
    """Publishes no more often than the server has time for, whatever a client asks."""

    def __init__(self, iserver: InternalServer, fastest_ms: float) -> None:
        super().__init__(iserver.aspace, iserver=iserver)
        self._fastest_ms = fastest_ms

    async def create_subscription(
        self,
        params: ua.CreateSubscriptionParameters,
        callback: Callable[..., Any],
        session_id: ua.NodeId,
        request_callback: Callable[..., Any] | None = None,
    ) -> ua.CreateSubscriptionResult:
        params.RequestedPublishingInterval = max(self._fastest_ms, params.RequestedPublishingInterval)
        return await super().create_subscription(params, callback, session_id, request_callback)


class _BoundedInternalServer(InternalServer):
    def __init__(self, config: PlantConfig, accounts: Accounts) -> None:
        super().__init__(user_manager=Doorkeeper(config, accounts))  # type: ignore[arg-type]
        self.allow_remote_admin = False
        self.max_connections = config.most_clients
        self.max_pending_activation_seconds = ACTIVATED_WITHIN_S
        self.max_subscriptions = SUBSCRIPTIONS_A_CLIENT * config.most_clients
        self.max_monitored_item_queue_size = self.max_unacked_messages_per_subscription = LONGEST_QUEUE
        encrypted = config.certificate is not None
        names: tuple[type, ...] = (ua.UserNameIdentityToken,) if encrypted else ()
        self.supported_tokens = (ua.AnonymousIdentityToken, *names)  # type: ignore[assignment]
        self.isession.subscription_service = self.subscription_service = _UnhurriedSubscriptions(
            self, config.fastest_ms
        )

    def lookup_external_session(self, _auth_token: ua.NodeId) -> None:
        """Nobody comes back to a session over a new channel: the library would let the new one act for the old one's
        user even where it then fails to say who it is."""

    def register_server(self, _server: object, _conf: object = None) -> None:
        """This is no directory of servers, which anybody may fill."""
        raise ServiceError(ua.StatusCodes.BadServiceUnsupported)


async def bounded_server(config: PlantConfig, accounts: Accounts, name: str) -> Server:
    """The server with its endpoints, not yet started. Raises `OSError`, `ValueError` for a certificate or a key that
    cannot be used."""
    server = Server(iserver=_BoundedInternalServer(config, accounts))
    await server.init()
    server.set_endpoint(f"opc.tcp://{_in_url(config.host)}:{config.port}/")
    server.set_server_name(name)
    server.limits = TransportLimits(
        max_recv_buffer=CHUNK,
        max_send_buffer=CHUNK,
        max_chunk_count=LONGEST_MESSAGE // CHUNK,
        max_message_size=LONGEST_MESSAGE,
    )
    await server.set_application_uri(config.uri)
    policies = [PLAIN] if config.anonymous else []
    if config.certificate is not None and config.private_key is not None:
        await server.load_certificate(config.certificate)
        await server.load_private_key(config.private_key)
        policies += ENCRYPTED
    server.set_security_policy(policies, permission_ruleset=Rights(commands=False))
    return server


def let_accounts_in(server: Server) -> None:
    """Of a server that has been started: from now on methods may be called, on encrypted channels alone."""
    iserver = server.iserver
    assert server.bserver is not None, "the server has been started"
    offered = {endpoint.SecurityPolicyUri for endpoint in iserver.endpoints}
    factories = []
    for kind in (PLAIN, *ENCRYPTED):
        policy: Any = SECURITY_POLICY_TYPE_MAP[kind][0]
        mode = SECURITY_POLICY_TYPE_MAP[kind][1]
        if policy.URI in offered:
            rights = Rights(commands=mode == ua.MessageSecurityMode.SignAndEncrypt)
            keys = (iserver.certificate, iserver.private_key)
            factories.append(
                SecurityPolicyFactory(policy, mode, *keys, permission_ruleset=rights)  # type: ignore[no-untyped-call]
            )
    server.bserver.set_policies(factories)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
