// viem against a node: deploy, write, read, logs, subscribe, trace, batch, send-sync. Env: RPC, WS, MODULES, ARTIFACTS.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const from = createRequire(process.env.MODULES + "/");
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const viem = await load("viem");
const { privateKeyToAccount, mnemonicToAccount } = await load("viem/accounts");
const probe = JSON.parse(fs.readFileSync(process.env.ARTIFACTS + "/Probe.json", "utf8"));
const url = process.env.RPC;

const chain = viem.defineChain({
  id: Number(process.env.CHAIN_ID ?? 31337),
  name: "Assay",
  nativeCurrency: { name: "Assay", symbol: "ASY", decimals: 18 },
  rpcUrls: { default: { http: [url], webSocket: [process.env.WS] } },
  contracts: { multicall3: { address: "0xcA11bde05977b3631167028862bE2a173976CA11" } },
});
const account = mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex: 1 });
const open = viem.createPublicClient({ chain, transport: viem.http(url), pollingInterval: 50 });
const wallet = viem.createWalletClient({ chain, account, transport: viem.http(url) });
const step = (text) => console.log(`ok viem: ${text}`);

assert.equal(await open.getChainId(), chain.id);
assert.ok((await open.getBalance({ address: account.address })) > 0n);
step("chain id and balance");

const hash = await wallet.deployContract({ abi: probe.abi, bytecode: probe.bytecode, args: [7n] });
const deployed = await open.waitForTransactionReceipt({ hash });
assert.equal(deployed.status, "success");
const address = deployed.contractAddress;
const contract = viem.getContract({ address, abi: probe.abi, client: { public: open, wallet } });
assert.equal(await contract.read.value(), 7n);
step("deploy and read");

const socket = viem.createPublicClient({ chain, transport: viem.webSocket(process.env.WS) });
const heads = [];
const logs = [];
const unwatchHeads = socket.watchBlocks({ onBlock: (b) => heads.push(b.number), onError: (e) => { throw e; } });
const unwatchLogs = socket.watchContractEvent({ address, abi: probe.abi, eventName: "Stored", onLogs: (l) => logs.push(...l) });
await new Promise((r) => setTimeout(r, 500));

const { request } = await open.simulateContract({ account, address, abi: probe.abi, functionName: "store", args: [42n] });
const stored = await open.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
assert.equal(stored.status, "success");
assert.equal(stored.logs.length, 1);
assert.equal(await contract.read.value(), 42n);
assert.equal(await contract.read.times([account.address]), 1n);
step("simulate and write");

const found = await open.getContractEvents({ address, abi: probe.abi, fromBlock: 0n });
assert.equal(found.length, 1);
assert.equal(found[0].args.value, 42n);
for (let i = 0; i < 100 && (heads.length === 0 || logs.length === 0); i++) await new Promise((r) => setTimeout(r, 50));
assert.ok(heads.length > 0, "no head over the subscription");
assert.equal(logs[0].args.value, 42n);
unwatchHeads();
unwatchLogs();
step("getLogs and subscriptions");

await assert.rejects(contract.simulate.store([13n], { account }), /unlucky number/);
await assert.rejects(contract.simulate.store([2_000_000n], { account }), (error) => {
  const revert = error.walk((e) => e instanceof viem.ContractFunctionRevertedError);
  return revert.data.errorName === "TooLarge" && revert.data.args[0] === 2_000_000n;
});
step("revert reason and custom error");

const trace = await open.request({ method: "debug_traceTransaction", params: [stored.transactionHash, { tracer: "callTracer" }] });
assert.equal(trace.to.toLowerCase(), address.toLowerCase());
assert.equal(trace.type, "CALL");
const steps = await open.request({ method: "debug_traceTransaction", params: [stored.transactionHash, {}] });
assert.ok(steps.structLogs.some((s) => s.op === "SSTORE"));
step("callTracer and struct logger");

const batched = viem.createPublicClient({ chain, transport: viem.http(url, { batch: true }) });
const [number, balance, code] = await Promise.all([
  batched.getBlockNumber({ cacheTime: 0 }), batched.getBalance({ address }), batched.getCode({ address }),
]);
assert.ok(number >= stored.blockNumber && balance === 0n && code.length > 2);
const values = await open.multicall({
  contracts: [1, 2, 3].map(() => ({ address, abi: probe.abi, functionName: "value" })), allowFailure: false,
});
assert.deepEqual(values, [42n, 42n, 42n]);
step("batch and multicall3");

const prepared = await wallet.prepareTransactionRequest({ to: account.address, value: 1n });
const raw = await wallet.signTransaction(prepared);
const receipt = await open.sendRawTransactionSync({ serializedTransaction: raw });
assert.equal(receipt.status, "success");
assert.equal(await open.sendRawTransaction({ serializedTransaction: raw }), receipt.transactionHash);
step("send-sync, and the same transaction again");

for (const type of ["legacy", "eip2930", "eip1559"]) {
  const sent = await wallet.sendTransaction({ to: account.address, value: 1n, type, ...(type === "eip2930" ? { accessList: [] } : {}) });
  const mined = await open.waitForTransactionReceipt({ hash: sent });
  assert.equal(mined.type, type);
  assert.equal((await open.getTransaction({ hash: sent })).type, type);
}
const delegator = privateKeyToAccount("0x" + "11".repeat(32));
const authorization = await wallet.signAuthorization({ account: delegator, contractAddress: address });
const set = await open.waitForTransactionReceipt({
  hash: await wallet.sendTransaction({ authorizationList: [authorization], to: account.address }),
});
assert.equal(set.type, "eip7702");
assert.equal((await open.getCode({ address: delegator.address })).toLowerCase(), "0xef0100" + address.slice(2).toLowerCase());
step("transaction types 0, 1, 2 and 4");

const fees = await open.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] });
assert.ok(fees.baseFeePerGas.length >= 2);
const latest = await open.getBlock();
for (const blockTag of ["safe", "finalized", "pending"]) assert.ok((await open.getBlock({ blockTag })).number !== undefined);
assert.equal((await open.getBlock({ blockHash: latest.hash })).number, latest.number);
const filter = await open.createBlockFilter();
await open.waitForTransactionReceipt({ hash: await wallet.sendTransaction({ to: address.replace(/.$/, "0"), value: 0n }) });
assert.ok((await open.getFilterChanges({ filter })).length > 0);
await open.uninstallFilter({ filter });
step("fee history, block tags, filters");
process.exit(0);
