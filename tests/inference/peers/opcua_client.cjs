// A plant's control system on node-opcua, a stack of other making than the server's. One JSON object a line on standard
// output for each of: what an anonymous client reads and is refused, what an operator's calls give, events, a value that
// changes. argv: url, name, password.
const {
  OPCUAClient, SecurityPolicy, MessageSecurityMode, UserTokenType, AttributeIds, DataType, TimestampsToReturn,
  constructEventFilter,
} = require("node-opcua-client");

const [url, name, password] = process.argv.slice(2);
const tell = (what, value) => console.log(JSON.stringify({ [what]: value }));
const node = (path) => `ns=2;s=Line${path && "." + path}`;
const strategy = { maxRetry: 2, initialDelay: 200, maxDelay: 1000 };

async function withSession(options, identity, use) {
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: strategy, ...options });
  await client.connect(url);
  try {
    const session = await client.createSession(identity);
    try { await use(session); } finally { await session.close(); }
  } finally { await client.disconnect(); }
}

const read = async (session, path) => {
  const found = await session.read({ nodeId: node(path), attributeId: AttributeIds.Value });
  return { value: found.value.value, status: found.statusCode.name, type: DataType[found.value.dataType] };
};

const call = async (session, method, ...inputArguments) => {
  try {
    const done = await session.call({ objectId: node(""), methodId: node(method), inputArguments });
    return { status: done.statusCode.name, outputs: (done.outputArguments || []).map((one) => one.value) };
  } catch (error) { return { status: String(error.message) }; }
};

async function watched(session) {
  const subscription = await session.createSubscription2({
    requestedPublishingInterval: 100, requestedLifetimeCount: 100, requestedMaxKeepAliveCount: 10, publishingEnabled: true,
  });
  const items = await subscription.monitor(
    { nodeId: node("Counters.Items"), attributeId: AttributeIds.Value }, { samplingInterval: 100, queueSize: 10 },
    TimestampsToReturn.Both);
  items.on("changed", (found) => tell("items", Number(found.value.value[1] ?? found.value.value)));
  const filter = constructEventFilter(["Message", "Severity", "2:Fault", "2:Step"]);
  const events = await subscription.monitor(
    { nodeId: node(""), attributeId: AttributeIds.EventNotifier }, { samplingInterval: 0, queueSize: 20, filter },
    TimestampsToReturn.Both);
  events.on("changed", (fields) => tell("event", fields.map((field) => field.value?.text ?? field.value)));
  tell("watching", true);
}

async function main() {
  await withSession({}, { type: UserTokenType.Anonymous }, async (session) => {
    tell("state", await read(session, "State"));
    tell("speed", await read(session, "Belt.Speed"));
    tell("recovery", await read(session, "Quality.Recovery"));
    tell("anonymous stop", await call(session, "Stop"));
    const mine = { value: { dataType: DataType.String, value: "mine" } };
    await session.write({ nodeId: node("State"), attributeId: AttributeIds.Value, value: mine })
      .then((status) => tell("anonymous write", status.name), (error) => tell("anonymous write", error.message));
  });
  const secure = {
    securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy.Basic256Sha256,
    endpointMustExist: true,
  };
  const identity = { type: UserTokenType.UserName, userName: name, password };
  await withSession(secure, { ...identity, password: "some other one" }, async () => tell("wrong password", "let in"))
    .catch((error) => tell("wrong password", String(error.message)));
  await withSession(secure, identity, async (session) => {
    await watched(session);
    tell("stop", await call(session, "Stop"));
    tell("start", await call(session, "Start"));
    tell("acknowledge", await call(session, "Acknowledge", { dataType: DataType.UInt32, value: 0 }));
    tell("recipe", await call(session, "SelectRecipe", { dataType: DataType.String, value: "fine" }));
    tell("no recipe", await call(session, "SelectRecipe", { dataType: DataType.String, value: "none" }));
    tell("refusal", await read(session, "LastRefusal"));
    tell("over to you", true);
    await new Promise((resume) => process.stdin.once("data", resume));
  });
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
