"""The line over OPC UA: what everybody reads, who may command, what a client cannot do."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio
from asyncua import Client, ua
from asyncua.ua.uaerrors import BadSessionIdInvalid, BadUserAccessDenied
from tests.inference.plant_site import (
    PASSWORD,
    SNAPSHOT,
    Loop,
    alarmed,
    call,
    certified,
    client_of,
    peopled,
    serving,
    settings,
    settled,
    shown,
    url_of,
)

from neosort_inference.access.actor import Actor, Identity
from neosort_inference.access.audit import AuditTrail
from neosort_inference.access.entry import FAILURES
from neosort_inference.access.role import Role
from neosort_inference.asking.orders import Acknowledge, Activate, StartSorting, StopSorting
from neosort_inference.plant.tags import TAGS
from neosort_inference.services.recipes import Recipes
from neosort_inference.state import State

pytestmark = pytest.mark.asyncio(loop_scope="module")
DENIED = pytest.raises(BadUserAccessDenied)


def uint(number):
    return ua.Variant(number, ua.VariantType.UInt32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The server's certificate, and those of two panels, one of which it knows."""
    made = tmp_path_factory.mktemp("plant")
    certified(made / "stranger", "urn:test:panel")
    return made


@pytest.fixture(scope="module")
def config(folder):
    return settings(folder)


@pytest.fixture(scope="module")
def accounts(folder):
    return peopled(folder)


@pytest.fixture(scope="module")
def trail(folder):
    return AuditTrail(State(folder=folder).trail)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(config, accounts, trail, folder):
    """An encrypted server, and the loop that it asks."""
    loop = Loop()
    async with serving(config, loop, accounts, trail, folder) as server:
        yield server, loop


@pytest_asyncio.fixture(loop_scope="module")
async def server(served):
    served[1].orders.clear()
    served[1].refuses = None
    await served[0].show(SNAPSHOT)
    return served[0]


@pytest.fixture
def loop(served):
    return served[1]


async def test_everybody_reads_every_value_and_nobody_without_a_name_changes_anything(config, server, loop):
    async with client_of(config) as client:
        for tag in TAGS:
            value, status = await shown(client, tag.path)
            assert status == ("BadNoData" if tag.value(SNAPSHOT) is None else "Good"), tag.path
            if status == "Good":
                assert value == pytest.approx(tag.value(SNAPSHOT)), tag.path
        await server.show(alarmed())
        assert await shown(client, "State") == ("stopped", "Good")
        assert await shown(client, "Alarms.interlock.opened.Standing") == (True, "Good")
        assert await shown(client, "Alarms.interlock.opened.Detail") == ("guard 2", "Good")
        assert await shown(client, "Alarms.WorstSeverity") == (800, "Good")
        for method, *arguments in (("Start",), ("Stop",), ("Acknowledge", uint(0)), ("SelectRecipe", "fine")):
            with DENIED:
                await call(client, method, *arguments)
        with DENIED:
            await client.get_node("ns=2;s=Line.State").write_value("mine")
        with DENIED:
            await client.nodes.objects.add_object(2, "mine")
        with DENIED:
            await client.delete_nodes([client.get_node("ns=2;s=Line.State")])
    assert loop.orders == []


@pytest.mark.usefixtures("server")
async def test_everybody_commands_what_the_role_allows_and_the_trail_notes_it(config, folder, loop, trail):
    before = len(trail.entries(0, 1000))
    async with client_of(config, "olga", certificate=folder / "stranger") as client:
        assert await call(client, "Start") == "interlock open"
        await call(client, "Stop")
        assert await call(client, "Acknowledge", uint(3)) == 2
        await call(client, "Acknowledge", uint(0))
        with DENIED:
            await call(client, "SelectRecipe", "fine")
    async with client_of(config, "eve", certificate=folder / "stranger") as client:
        await call(client, "SelectRecipe", "fine")
    async with client_of(config, "vic", certificate=folder / "stranger") as client:
        assert (await shown(client, "State"))[1] == "Good"
        with DENIED:
            await call(client, "Stop")
        refused = "stop sorting: this takes the role operator; 'vic' is viewer"
        assert await shown(client, "LastRefusal") == (refused, "Good")
    fine = Activate(what="recipe", file=str(folder / "fine.toml"), version="fine")
    assert loop.orders == [
        (StartSorting(), "olga"),
        (StopSorting(), "olga"),
        (Acknowledge(number=3), "olga"),
        (Acknowledge(number=None), "olga"),
        (fine, "eve"),
    ]
    noted = [(one.by, one.role, one.via, one.action, one.target) for one in trail.entries(before, 1000)]
    assert noted == [
        ("olga", "operator", "opc ua", "line.start", "line"),
        ("olga", "operator", "opc ua", "line.stop", "line"),
        ("olga", "operator", "opc ua", "alarm.acknowledge", "alarm 3"),
        ("olga", "operator", "opc ua", "alarm.acknowledge", "all alarms"),
        ("eve", "engineer", "opc ua", "recipe.activate", "recipe"),
    ]


@pytest.mark.usefixtures("server")
async def test_recipes_kept_on_this_machine_are_offered_and_activated_as_on_the_page(config, folder, loop, trail):
    kept = Recipes(State(folder=folder).recipes, loop)
    eve = Actor(identity=Identity(name="eve", role=Role.ENGINEER, via="test"), address="", trail=trail)
    async with client_of(config, "eve", certificate=folder / "stranger") as client:
        assert await call(client, "ListRecipes") == ["fine"]
        for least in (0.5, 0.6, 0.7):
            kept.create(eve, "copper", {"min_p_ndfeb": least})
        assert await call(client, "ListRecipes") == ["fine", "copper", "copper-1", "copper-2", "copper-3"]
        before = len(trail.entries(0, 1000))
        await call(client, "SelectRecipe", "copper")
        await call(client, "SelectRecipe", "copper-1")
        assert kept.in_use().version == "copper-1", "gone by after a new start, too"
        for absent in ("copper-9", "copper-x", "tin"):
            with pytest.raises(ua.uaerrors.BadNotFound):
                await call(client, "SelectRecipe", absent)
        sentence = "select recipe: there are fine, copper, copper-1, copper-2, copper-3"
        assert await shown(client, "LastRefusal") == (sentence, "Good")
    async with client_of(config, "vic", certificate=folder / "stranger") as client:
        assert "copper" in await call(client, "ListRecipes")
        with DENIED:
            await call(client, "SelectRecipe", "copper")
    assert [(order.version, by) for order, by in loop.orders] == [("copper-3", "eve"), ("copper-1", "eve")]
    noted = [(one.by, one.via, one.action, one.new) for one in trail.entries(before, 1000)]
    assert noted == [("eve", "opc ua", "recipe.activate", "copper-3"), ("eve", "opc ua", "recipe.activate", "copper-1")]


@pytest.mark.usefixtures("server")
async def test_an_account_that_is_revoked_orders_nothing_any_more(config, folder, loop, accounts):
    accounts.add("gone", Role.OPERATOR, PASSWORD, "test")
    async with client_of(config, "gone", certificate=folder / "stranger") as client:
        await call(client, "Stop")
        accounts.revoke("gone")
        with DENIED:
            await call(client, "Start")
    assert loop.orders == [(StopSorting(), "gone")]


@pytest.mark.usefixtures("server")
async def test_a_client_is_known_by_a_certificate_that_its_key_proves(config, folder, loop):
    async with client_of(config, certificate=folder / "panel") as client:
        await call(client, "Stop")
    async with client_of(config, certificate=folder / "stranger") as client:
        with DENIED:
            await call(client, "Stop")
    async with client_of(config, shows=folder / "panel") as client:  # anybody may have that file, and show it
        with DENIED:
            await call(client, "Stop")
    assert loop.orders == [(StopSorting(), "otto")]


@pytest.mark.usefixtures("server")
async def test_nobody_commands_over_a_plain_channel(config, loop):
    async with client_of(config, "olga") as client:
        with DENIED:
            await call(client, "Stop")
    assert loop.orders == []


@pytest.mark.usefixtures("server")
async def test_after_too_many_wrong_passwords_the_right_one_has_to_wait(config, accounts):
    accounts.add("ada", Role.OPERATOR, PASSWORD, "test")
    async with client_of(config, "ada"):
        pass
    for name in (*["ada"] * FAILURES, "nobody"):
        with DENIED:
            async with client_of(config, name, "some other password"):
                pass
    with DENIED:
        async with client_of(config, "ada"):
            pass


@pytest.mark.usefixtures("server")
async def test_what_the_loop_refuses_is_a_bad_status_and_its_sentence_can_be_read(config, folder, loop):
    loop.refuses = "a calibration goes on"
    async with client_of(config, "olga", certificate=folder / "stranger") as client:
        with pytest.raises(ua.uaerrors.BadInvalidState):
            await call(client, "Start")
        assert await shown(client, "LastRefusal") == ("start sorting: a calibration goes on", "Good")
        for wrong in ("three", ua.Variant(-1, ua.VariantType.Int32), ua.Variant(True, ua.VariantType.Boolean)):
            with pytest.raises(ua.uaerrors.BadInvalidArgument):
                await call(client, "Acknowledge", wrong)
        with DENIED:  # whether there is one or not is nobody's business who may not choose it
            await call(client, "SelectRecipe", "/etc/passwd")
    assert loop.orders == [(StartSorting(), "olga")]


@pytest.mark.usefixtures("server")
async def test_nobody_slips_into_another_ones_session(config, folder, loop):
    async with client_of(config, "olga", certificate=folder / "stranger") as operator:
        thief = Client(url_of(config), timeout=60)
        await thief.connect_socket()
        await thief.send_hello()
        await thief.open_secure_channel()
        thief.uaclient.protocol.authentication_token = operator.uaclient.protocol.authentication_token
        with pytest.raises(BadSessionIdInvalid):
            await thief.uaclient.activate_session(ua.ActivateSessionParameters())
        stop = ua.CallMethodRequest(ObjectId=ua.NodeId("Line", 2), MethodId=ua.NodeId("Line.Stop", 2))
        with DENIED:
            await thief.uaclient.call([stop])
        thief.disconnect_socket()
    assert loop.orders == []


async def test_a_line_that_is_not_heard_of_is_doubted_and_believed_again(config, server):
    async with client_of(config) as client:
        await server.doubt()
        assert await shown(client, "State") == ("sorting", "UncertainLastUsableValue")
        assert (await shown(client, "Quality.Purity"))[1] == "BadNoData"
        await server.show(replace(SNAPSHOT, counts=replace(SNAPSHOT.counts, healthy={"camera": True})))
        assert await shown(client, "State") == ("sorting", "Good")
        assert await shown(client, "Devices.camera.Healthy") == (True, "Good")


async def test_alarms_come_as_events_step_by_step(config, server):
    events = []

    class Heard:
        def event_notification(self, event):
            events.append((event.Fault, event.Step, event.Severity, event.Message.Text))

    async with client_of(config) as client:
        subscription = await client.create_subscription(100, Heard())
        kinds = await client.get_node(ua.NodeId(ua.ObjectIds.BaseEventType)).get_children()
        named = {(await kind.read_browse_name()).Name: kind for kind in kinds}
        await subscription.subscribe_events(client.get_node("ns=2;s=Line"), named["LineAlarmType"])
        await server.show(alarmed())
        await server.show(alarmed())
        await server.show(replace(SNAPSHOT, items_seen=8))
        await settled(lambda: len(events) == 2)
        await subscription.delete()
    assert events == [
        ("interlock.opened", "raised", 800, "interlock open: guard 2 (raised)"),
        ("interlock.opened", "over", 800, "interlock open: guard 2 (over)"),
    ]


@pytest.mark.usefixtures("server")
async def test_no_subscription_is_published_more_often_than_the_server_has_time_for(config):
    asked = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=0.0, RequestedLifetimeCount=100, RequestedMaxKeepAliveCount=10
    )
    async with client_of(config) as client:
        made = await client.uaclient.create_subscription(asked, lambda _: None)
        assert made.RevisedPublishingInterval == config.fastest_ms


@pytest.mark.usefixtures("server")
async def test_bytes_that_make_no_sense_harm_nobody_else(config):
    rubbish = (b"GET / HTTP/1.1\r\n\r\n", b"HELF\x08\x00\x00\x00", b"HELF\xff\xff\xff\xff" + bytes(64), bytes(500))
    async with client_of(config) as client:
        for one in rubbish:
            _, writer = await asyncio.open_connection("127.0.0.1", config.port)
            writer.write(one)
            await writer.drain()
            writer.close()
        assert await shown(client, "State") == ("sorting", "Good")


async def test_where_only_so_many_are_let_in_and_only_those_known_nobody_else_reads(folder, accounts, trail):
    config = settings(folder / "closed", anonymous=False, most_clients=1)
    turned_away = pytest.raises((ua.UaError, OSError, asyncio.TimeoutError))
    async with serving(config, Loop(), accounts, trail, folder):
        with turned_away:
            async with client_of(config, timeout=5):
                pass
        async with client_of(config, "vic", certificate=folder / "stranger") as client:
            assert await shown(client, "State") == ("sorting", "Good")
            with turned_away:
                async with client_of(config, "vic", certificate=folder / "stranger"):
                    pass
