// viem and ethers over every function of escrow in the EIP's dialect. Env: RPC, MODULES. The ABI is that of interfaces/.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const from = createRequire(process.env.MODULES + "/");
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const viem = await load("viem");
const { mnemonicToAccount } = await load("viem/accounts");
const { ethers } = from("ethers");
const url = process.env.RPC;
const phrase = "test test test test test test test test test test test junk";
const nobody = "0x0000000000000000000000000000000000000000";

const folder = new URL("../../interfaces/", import.meta.url);
const book = JSON.parse(fs.readFileSync(new URL("addresses.json", folder), "utf8")).dev;
const names = ["IEscrow", "IEscrowErrors", "INativeToken", "IIdentityRegistry"];
const sources = Object.fromEntries(names.map((name) => [name, { content: fs.readFileSync(new URL(`${name}.sol`, folder), "utf8") }]));
const settings = { outputSelection: { "*": { "*": ["abi"] } } };
const compiled = JSON.parse(from("solc").compile(JSON.stringify({ language: "Solidity", sources, settings })));
const abiOf = (name) => compiled.contracts[name][name].abi;
const modules = {
  escrow: { address: book.escrow, abi: [...abiOf("IEscrow"), ...abiOf("IEscrowErrors")] },
  token: { address: book.defaultToken, abi: abiOf("INativeToken") },
  identity: { address: book.identityRegistry, abi: abiOf("IIdentityRegistry").filter((item) => item.name !== "register" || item.inputs.length === 0) },
};

/** viem behind the verbs of the flow. */
function viemClient(first) {
  const chain = viem.defineChain({
    id: 31337, name: "Assay", nativeCurrency: { name: "Assay", symbol: "ASY", decimals: 18 }, rpcUrls: { default: { http: [url] } },
  });
  const transport = viem.http(url);
  const accounts = [0, 1, 2].map((i) => mnemonicToAccount(phrase, { addressIndex: first + i }));
  const open = viem.createPublicClient({ chain, transport, pollingInterval: 50 });
  return {
    name: "viem",
    addresses: accounts.map((a) => a.address),
    read: (module, functionName, args = []) => open.readContract({ ...modules[module], functionName, args }),
    write: async (i, module, functionName, args = []) => {
      const wallet = viem.createWalletClient({ chain, transport, account: accounts[i] });
      const hash = await wallet.writeContract({ ...modules[module], functionName, args });
      const receipt = await open.waitForTransactionReceipt({ hash });
      assert.equal(receipt.status, "success");
      return viem.parseEventLogs({ abi: modules[module].abi, logs: receipt.logs.filter((log) => viem.isAddressEqual(log.address, modules[module].address)) })
        .map((log) => [log.eventName, log.args]);
    },
    reason: async (i, module, functionName, args = []) => {
      try {
        await open.simulateContract({ account: accounts[i], ...modules[module], functionName, args });
      } catch (error) {
        return error.walk((e) => e instanceof viem.ContractFunctionRevertedError).data.errorName;
      }
    },
  };
}

/** ethers behind the same verbs. */
function ethersClient(first) {
  const provider = new ethers.JsonRpcProvider(url, undefined, { cacheTimeout: -1, pollingInterval: 50 });
  const wallets = [0, 1, 2].map((i) => ethers.HDNodeWallet.fromPhrase(phrase, undefined, `m/44'/60'/0'/0/${first + i}`).connect(provider));
  const contract = (module, i = 0) => new ethers.Contract(modules[module].address, modules[module].abi, wallets[i]);
  return {
    name: "ethers",
    addresses: wallets.map((w) => w.address),
    read: (module, name, args = []) => contract(module).getFunction(name).staticCall(...args),
    write: async (i, module, name, args = []) => {
      const receipt = await (await contract(module, i).getFunction(name).send(...args)).wait();
      assert.equal(receipt.status, 1);
      return receipt.logs.filter((log) => log.eventName).map((log) => [log.eventName, log.args]);
    },
    reason: async (i, module, name, args = []) => {
      try {
        await contract(module, i).getFunction(name).staticCall(...args);
      } catch (error) {
        return error.revert?.name;
      }
    },
  };
}

async function flow(client) {
  const used = new Set();
  const read = (name, args) => (used.add(name), client.read("escrow", name, args));
  const write = (i, name, args) => (used.add(name), client.write(i, "escrow", name, args));
  const step = (text) => console.log(`ok ${client.name}: jobs: ${text}`);
  const events = (list) => list.map(([name]) => name);
  const [buyer, worker, judge] = client.addresses;
  const same = (a, b) => assert.equal(a.toLowerCase(), b.toLowerCase());
  const soon = (seconds) => BigInt(Math.floor(Date.now() / 1000) + seconds);
  const word = (text) => viem.keccak256(viem.toHex(text));
  const create = async (provider, seconds) => {
    const [[name, made]] = await write(0, "createJob", [provider, judge, soon(seconds), "count the stars", nobody]);
    assert.equal(name, "JobCreated");
    return made.jobId;
  };

  same(await read("paymentToken"), book.defaultToken);
  assert.equal(await read("BP_DENOMINATOR"), 10_000n);
  for (const name of ["platformFeeBP", "evaluatorFeeBP"]) assert.ok((await read(name)) < 10_000n, name);
  for (const name of ["HOOK_GAS_LIMIT", "MAX_EXPIRY_DURATION"]) assert.ok((await read(name)) > 0n, name);
  assert.ok(ethers.isAddress(await read("platformTreasury")));
  step("constants");

  const job = await create(nobody, 3600);
  assert.equal(await read("jobCounter"), job);
  assert.deepEqual(events(await write(0, "setProvider", [job, worker, "0x"])), ["ProviderSet"]);
  assert.equal((await write(1, "setBudget", [job, 5_000_000n, "0x"]))[0][1].amount, 5_000_000n);
  await client.write(1, "identity", "register");
  const agent = (await client.read("identity", "totalSupply")) - 1n;
  const number = await client.read("identity", "tokenByIndex", [agent]);
  assert.equal((await write(1, "setProviderAgent", [job, number]))[0][1].agentId, number);
  await client.write(0, "token", "approve", [book.escrow, 100_000_000n]);
  assert.equal(await client.reason(0, "escrow", "fund", [job, 1n, "0x"]), "BudgetMismatch");
  assert.deepEqual(events(await write(0, "fund", [job, 5_000_000n, "0x"])), ["JobFunded"]);
  assert.equal(await client.reason(2, "escrow", "submit", [job, word("work"), "0x"]), "Unauthorized");
  await write(1, "submit", [job, word("work"), "0x"]);
  const before = await client.read("token", "balanceOf", [worker]);
  assert.ok(events(await write(2, "complete", [job, word("fine"), "0x"])).includes("PaymentReleased"));
  assert.ok((await client.read("token", "balanceOf", [worker])) > before, "the provider is paid");
  const done = await read("getJob", [job]);
  same(done.client, buyer);
  same(done.facade, book.escrow);
  assert.deepEqual([Number(done.status), done.description, done.deliverable, done.providerAgentId, done.funded],
    [3, "count the stars", word("work"), number, 0n]);
  step("created, funded, submitted, completed");

  const bad = await create(worker, 3600);
  await write(0, "setBudget", [bad, 1_000_000n, "0x"]);
  await write(0, "fund", [bad, 1_000_000n, "0x"]);
  assert.ok(events(await write(2, "reject", [bad, word("bad"), "0x"])).includes("Refunded"));
  assert.equal(Number((await read("getJob", [bad])).status), 4);
  step("rejected, refunded");

  const late = await create(worker, 12);
  await write(0, "setBudget", [late, 2_000_000n, "0x"]);
  await write(0, "fund", [late, 2_000_000n, "0x"]);
  assert.equal(await client.reason(2, "escrow", "claimRefund", [late]), "WrongStatus");
  await new Promise((done) => setTimeout(done, 14_000));
  const held = await client.read("token", "balanceOf", [buyer]);
  assert.ok(events(await write(2, "claimRefund", [late])).includes("JobExpired"));
  assert.equal((await client.read("token", "balanceOf", [buyer])) - held, 2_000_000n);
  assert.equal(await read("creditOf", [book.defaultToken, worker]), 0n);
  // Nothing waits for anybody here: the call is reached, and says so.
  used.add("withdraw");
  assert.equal(await client.reason(1, "escrow", "withdraw", [book.defaultToken]), "NoCredit");
  assert.equal(await client.reason(0, "escrow", "complete", [10n ** 9n, word(""), "0x"]), "InvalidJob");
  step("expired, refunded; nothing credited");

  const all = modules.escrow.abi.filter((item) => item.type === "function").map((item) => item.name);
  assert.deepEqual(all.filter((name) => !used.has(name)), [], "every function was called");
}

await flow(viemClient(50));
await flow(ethersClient(60));
process.exit(0);
