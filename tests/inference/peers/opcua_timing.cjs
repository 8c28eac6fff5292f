// How long a plant's control system on node-opcua waits for a value that it reads and for a method that it calls, signed
// and encrypted. One JSON object on standard output: milliseconds of each. argv: url, name, password, seconds of each.
const {
  OPCUAClient, SecurityPolicy, MessageSecurityMode, UserTokenType, AttributeIds, DataType,
} = require("node-opcua-client");

const [url, userName, password, seconds] = process.argv.slice(2);

async function timed(ask) {
  const ms = [];
  const end = performance.now() + 1000 * Number(seconds);
  while (performance.now() < end) {
    const began = performance.now();
    const status = await ask();
    ms.push(performance.now() - began);
    if (status.name !== "Good") throw new Error(`answered ${status.name}`);
  }
  return ms;
}

async function main() {
  const client = OPCUAClient.create({
    securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy.Basic256Sha256,
  });
  await client.connect(url);
  const session = await client.createSession({ type: UserTokenType.UserName, userName, password });
  const state = { nodeId: "ns=2;s=Line.State", attributeId: AttributeIds.Value };
  const acknowledge = {
    objectId: "ns=2;s=Line", methodId: "ns=2;s=Line.Acknowledge",
    inputArguments: [{ dataType: DataType.UInt32, value: 0 }],
  };
  const read = await timed(async () => (await session.read(state)).statusCode);
  const call = await timed(async () => (await session.call(acknowledge)).statusCode);
  await session.close();
  await client.disconnect();
  console.log(JSON.stringify({ read, call }));
}

main().catch((error) => { console.error(String(error)); process.exit(1); });
