// viem over the indexed reads of agents, jobs and supply, and the subscriptions to changes. Env: RPC, WS, MODULES.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const from = createRequire(process.env.MODULES + "/");
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const viem = await load("viem");
const { mnemonicToAccount } = await load("viem/accounts");
const phrase = "test test test test test test test test test test test junk";
const book = JSON.parse(fs.readFileSync(new URL("../../interfaces/addresses.json", import.meta.url), "utf8")).dev;

const chain = viem.defineChain({
  id: 31337, name: "Assay", nativeCurrency: { name: "Assay", symbol: "ASY", decimals: 18 }, rpcUrls: { default: { http: [process.env.RPC] } },
});
const account = mnemonicToAccount(phrase, { addressIndex: 70 });
const open = viem.createPublicClient({ chain, transport: viem.http(process.env.RPC), pollingInterval: 50 });
const wallet = viem.createWalletClient({ chain, transport: viem.http(process.env.RPC), account });
const socket = viem.createPublicClient({ chain, transport: viem.webSocket(process.env.WS) });
const ask = (method, ...params) => open.request({ method, params });
const step = (text) => console.log(`ok viem: agents: ${text}`);
const write = async (address, signature, args) => {
  const hash = await wallet.writeContract({ address, abi: viem.parseAbi([signature]), functionName: signature.split(/[ (]/)[1], args });
  assert.equal((await open.waitForTransactionReceipt({ hash })).status, "success");
};

/** The changes that a subscription tells, one by one. */
async function watch(...params) {
  const told = [], waiting = [];
  const onData = ({ result }) => (waiting.shift() ?? ((one) => told.push(one)))(result);
  await socket.transport.subscribe({ params, onData, onError: (error) => { throw error; } });
  return () => told.length ? Promise.resolve(told.shift()) : new Promise((done) => waiting.push(done));
}

const before = Number((await ask("assay_getAgents", { limit: 1 })).total);
const resumeAt = viem.toHex(await open.getBlockNumber());
const agents = await watch("agents"), jobs = await watch("jobs");
await write(book.identityRegistry, "function register(string agentURI) returns (uint256)", ["data:,indexed"]);
const registered = await agents();
assert.deepEqual([registered.change, Number(registered.agentId), registered.details.uri], ["registered", before, "data:,indexed"]);
const expires = BigInt(Math.floor(Date.now() / 1000) + 3600);
const nobody = viem.zeroAddress;
await write(book.escrow, "function createJob(address,address,uint256,string,address) returns (uint256)",
  [nobody, account.address, expires, "be found", nobody]);
const created = await jobs();
assert.deepEqual([created.change, created.details.client], ["created", account.address.toLowerCase()]);
const again = await watch("agents", { fromBlock: resumeAt, agentId: viem.toHex(before) });
assert.deepEqual(await again(), registered);
step("changes are told, and told again from a block");

const own = await ask("assay_getAgents", { owner: account.address });
assert.deepEqual(own.agents.map((agent) => [Number(agent.agentId), agent.uri]), [[before, "data:,indexed"]]);
const seen = [];
for (let cursor = null; ;) {
  const page = await ask("assay_getAgents", { limit: 2, ...(cursor && { cursor }) });
  seen.push(...page.agents.map((agent) => Number(agent.agentId)));
  if (!(cursor = page.nextCursor)) break;
}
assert.deepEqual(seen, [...Array(before + 1).keys()], "every agent once, in order");
const found = await ask("assay_getJobs", { client: account.address, status: ["open"], order: "desc" });
assert.deepEqual(found.jobs.map((job) => [job.jobId, job.description, job.provider]), [[created.jobId, "be found", null]]);
const { native, token } = await ask("assay_getSupply");
const sum = ["circulating", "reserve", "burned"].reduce((all, part) => all + BigInt(native[part]), 0n);
assert.equal(sum, BigInt(native.genesis));
assert.equal(token.address, book.defaultToken.toLowerCase());
step("agents by owner and page, jobs by client, supply");

for (const [params, reason] of [[{ cursor: "0xffff" }, "bad_cursor"], [{ limit: 1000 }, "bad_limit"], [{ colour: 1 }, "invalid_filter"]]) {
  const error = await ask("assay_getAgents", params).then(() => assert.fail(reason), (error) => error);
  assert.equal(error.walk((e) => e.data?.reason)?.data.reason, reason);
}
step("refusals name their reason");
process.exit(0);
