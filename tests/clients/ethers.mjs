// ethers against a node. Env: RPC, WS, MODULES, ARTIFACTS.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

const { ethers } = createRequire(process.env.MODULES + "/")("ethers");
const probe = JSON.parse(fs.readFileSync(process.env.ARTIFACTS + "/Probe.json", "utf8"));
const step = (text) => console.log(`ok ethers: ${text}`);
// Blocks may come faster than ethers' default response cache of 250 ms.
const provider = new ethers.JsonRpcProvider(process.env.RPC, undefined, { cacheTimeout: -1, pollingInterval: 50 });
const phrase = "test test test test test test test test test test test junk";
const wallet = ethers.HDNodeWallet.fromPhrase(phrase, undefined, "m/44'/60'/0'/0/2").connect(provider);

const network = await provider.getNetwork();
assert.equal(network.chainId, BigInt(process.env.CHAIN_ID ?? 31337));
step("network");

const contract = await new ethers.ContractFactory(probe.abi, probe.bytecode, wallet).deploy(7);
await contract.waitForDeployment();
assert.equal(await contract.value(), 7n);
step("deploy and read");

const socket = new ethers.WebSocketProvider(process.env.WS);
const heads = [];
const logs = [];
await socket.on("block", (number) => heads.push(number));
await new ethers.Contract(contract.target, probe.abi, socket).on("Stored", (by, value) => logs.push(value));
await new Promise((r) => setTimeout(r, 500));

const receipt = await (await contract.store(42)).wait();
assert.equal(receipt.status, 1);
assert.equal(await contract.value(), 42n);
const events = await contract.queryFilter("Stored", 0);
assert.equal(events.length, 1);
for (let i = 0; i < 100 && (heads.length === 0 || logs.length === 0); i++) await new Promise((r) => setTimeout(r, 50));
assert.ok(heads.length > 0, "no head over the subscription");
assert.deepEqual(logs, [42n]);
await socket.destroy();
step("write, logs, subscriptions");

await assert.rejects(contract.store.staticCall(13), /unlucky number/);
await assert.rejects(contract.store.staticCall(2_000_000), (e) => e.revert.name === "TooLarge" && e.revert.args[1] === 1_000_000n);
step("revert reason and custom error");

const [block, balance, count] = await Promise.all([
  provider.getBlock("latest", true), provider.getBalance(wallet.address), provider.getTransactionCount(wallet.address),
]);
assert.ok(block.number >= receipt.blockNumber && balance > 0n && count === 2);
step("batch");

const first = await wallet.sendTransaction({ to: wallet.address, value: 1n });
const second = await wallet.sendTransaction({ to: wallet.address, value: 1n });
assert.equal(second.nonce, first.nonce + 1);
assert.equal((await second.wait()).status, 1);
step("two transactions back to back");

const trace = await provider.send("debug_traceTransaction", [receipt.hash, { tracer: "callTracer", tracerConfig: { withLog: true } }]);
assert.equal(trace.logs.length, 1);
step("trace with logs");
process.exit(0);
