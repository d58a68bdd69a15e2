// viem and ethers read blocks that end with a system transaction (type 0x7e). Env: RPC, WS, MODULES.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const from = createRequire(process.env.MODULES + "/");
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const viem = await load("viem");
const { mnemonicToAccount } = await load("viem/accounts");
const ethers = await load("ethers");
const step = (text) => console.log(`ok ${text}`);
const module = "0x000000000000000000000000000000000000A55C";
const ticked = viem.parseAbiItem("event Ticked(uint256 indexed height)");

const chain = viem.defineChain({
  id: 31337,
  name: "Assay",
  nativeCurrency: { name: "Assay", symbol: "ASY", decimals: 18 },
  rpcUrls: { default: { http: [process.env.RPC], webSocket: [process.env.WS] } },
});
const account = mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex: 1 });
const open = viem.createPublicClient({ chain, transport: viem.http(), pollingInterval: 50 });
const wallet = viem.createWalletClient({ chain, account, transport: viem.http() });

const hash = await wallet.sendTransaction({ to: account.address, value: 1n });
const receipt = await open.waitForTransactionReceipt({ hash });
const block = await open.getBlock({ blockNumber: receipt.blockNumber, includeTransactions: true });
assert.equal(block.transactions.length, 2);
const system = block.transactions[1];
assert.equal(system.typeHex, "0x7e");
assert.equal(system.transactionIndex, 1);
const alone = await open.getTransaction({ hash: system.hash });
assert.equal(alone.blockHash, block.hash);
const proof = await open.getTransactionReceipt({ hash: system.hash });
assert.equal(proof.status, "success");
assert.equal(proof.gasUsed, 0n);
assert.equal(proof.cumulativeGasUsed, block.gasUsed);
const logs = await open.getLogs({ address: module, event: ticked, fromBlock: block.number, toBlock: block.number });
assert.equal(logs.length, 1);
assert.equal(logs[0].args.height, block.number);
assert.equal(logs[0].transactionHash, system.hash);
step("viem: block, transaction, receipt and log of the system transaction");

const provider = new ethers.JsonRpcProvider(process.env.RPC);
const prefetched = await provider.getBlock(Number(block.number), true);
assert.equal(prefetched.prefetchedTransactions.length, 2);
const same = prefetched.prefetchedTransactions[1];
assert.equal(same.type, 0x7e);
assert.equal(same.hash, system.hash);
assert.equal((await provider.getTransaction(system.hash)).blockNumber, Number(block.number));
const ethersReceipt = await provider.getTransactionReceipt(system.hash);
assert.equal(ethersReceipt.status, 1);
assert.equal(ethersReceipt.logs[0].address, module);
assert.equal((await provider.getLogs({ address: module, fromBlock: 0 })).length, Number(block.number));
provider.destroy();
step("ethers: block, transaction, receipt and log of the system transaction");
