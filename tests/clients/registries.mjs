// viem and ethers over every function of the native ERC-8004 registries. Env: RPC, MODULES, ARTIFACTS.
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
const abiOf = (name) => JSON.parse(fs.readFileSync(`${process.env.ARTIFACTS}/${name}.json`, "utf8")).abi;
const registries = {
  identity: { address: "0x8004A818BFB912233c491871b3d84c89A494BD9e", abi: abiOf("IIdentityRegistry") },
  reputation: { address: "0x8004B663056A597Dffe9eCcC1965A193B7388713", abi: abiOf("IReputationRegistry") },
  validation: { address: "0x8004Cb1BF31DAf7788923b405b754f57acEB4272", abi: abiOf("IValidationRegistry") },
};
const signatureOf = (item) => `${item.name}(${item.inputs.map((i) => (i.type === "tuple[]" ? "(string,bytes)[]" : i.type)).join(",")})`;
const all = Object.entries(registries).flatMap(([registry, { abi }]) =>
  abi.filter((item) => item.type === "function").map((item) => `${registry}.${signatureOf(item)}`));

/** viem behind the two verbs of the flow. */
function viemClient(first) {
  const chain = viem.defineChain({
    id: 31337, name: "Assay", nativeCurrency: { name: "Assay", symbol: "ASY", decimals: 18 }, rpcUrls: { default: { http: [url] } },
  });
  const transport = viem.http(url);
  const accounts = [0, 1, 2].map((i) => mnemonicToAccount(phrase, { addressIndex: first + i }));
  const open = viem.createPublicClient({ chain, transport, pollingInterval: 50 });
  const item = (registry, signature) => registries[registry].abi.filter((i) => i.type === "function" && signatureOf(i) === signature);
  const named = (registry, signature, args) => ({ address: registries[registry].address, abi: [...item(registry, signature), ...registries[registry].abi.filter((i) => i.type === "error")], functionName: signature.split("(")[0], args });
  return {
    name: "viem",
    addresses: accounts.map((a) => a.address),
    sign: (i, domain, types, message) => accounts[i].signTypedData({ domain, types, primaryType: "AgentWalletSet", message }),
    now: async () => (await open.getBlock()).timestamp,
    read: async (registry, signature, args = []) => {
      const answer = await open.readContract(named(registry, signature, args));
      const outputs = item(registry, signature)[0].outputs;
      return outputs.length === 1 || Array.isArray(answer) ? answer : outputs.map((o) => answer[o.name]);
    },
    write: async (i, registry, signature, args = []) => {
      const wallet = viem.createWalletClient({ chain, transport, account: accounts[i] });
      const hash = await wallet.writeContract(named(registry, signature, args));
      const receipt = await open.waitForTransactionReceipt({ hash });
      assert.equal(receipt.status, "success");
      return viem.parseEventLogs({ abi: registries[registry].abi, logs: receipt.logs }).map((log) => [log.eventName, log.args]);
    },
    reason: async (i, registry, signature, args = []) => {
      try {
        await open.simulateContract({ account: accounts[i], ...named(registry, signature, args) });
      } catch (error) {
        const revert = error.walk((e) => e instanceof viem.ContractFunctionRevertedError);
        return revert.reason ?? revert.data.errorName;
      }
    },
  };
}

/** ethers behind the same two verbs. */
function ethersClient(first) {
  const provider = new ethers.JsonRpcProvider(url, undefined, { cacheTimeout: -1, pollingInterval: 50 });
  const wallets = [0, 1, 2].map((i) => ethers.HDNodeWallet.fromPhrase(phrase, undefined, `m/44'/60'/0'/0/${first + i}`).connect(provider));
  const contract = (registry, i = 0) => new ethers.Contract(registries[registry].address, registries[registry].abi, wallets[i]);
  const plain = (value) => (value instanceof ethers.Result ? value.toArray().map(plain) : value);
  return {
    name: "ethers",
    addresses: wallets.map((w) => w.address),
    sign: (i, domain, types, message) => wallets[i].signTypedData(domain, types, message),
    now: async () => BigInt((await provider.getBlock("latest")).timestamp),
    read: async (registry, signature, args = []) => plain(await contract(registry).getFunction(signature).staticCall(...args)),
    write: async (i, registry, signature, args = []) => {
      const receipt = await (await contract(registry, i).getFunction(signature).send(...args)).wait();
      assert.equal(receipt.status, 1);
      return receipt.logs.map((log) => [log.eventName, log.args]);
    },
    reason: async (i, registry, signature, args = []) => {
      try {
        await contract(registry, i).getFunction(signature).staticCall(...args);
      } catch (error) {
        return error.revert?.name === "Error" ? error.reason : (error.revert?.name ?? error.reason);
      }
    },
  };
}

async function flow(client) {
  const used = new Set();
  const read = (registry, signature, args) => (used.add(`${registry}.${signature}`), client.read(registry, signature, args));
  const write = (i, registry, signature, args) => (used.add(`${registry}.${signature}`), client.write(i, registry, signature, args));
  const step = (text) => console.log(`ok ${client.name}: registries: ${text}`);
  const names = (events) => events.map(([name]) => name);
  const [owner, buyer, hot] = client.addresses;
  const same = (a, b) => assert.equal(a.toLowerCase(), b.toLowerCase());

  for (const registry of Object.keys(registries)) {
    assert.equal(await read(registry, "getVersion()"), "2.0.0");
    assert.equal(await read(registry, "owner()"), nobody);
    if (registry !== "identity") same(await read(registry, "getIdentityRegistry()"), registries.identity.address);
  }
  assert.equal(await read("identity", "name()"), "AgentIdentity");
  assert.equal(await read("identity", "symbol()"), "AGENT");
  for (const [id, expected] of [["0x01ffc9a7", true], ["0x80ac58cd", true], ["0x49064906", true], ["0xffffffff", false]])
    assert.equal(await read("identity", "supportsInterface(bytes4)", [id]), expected);
  assert.ok((await read("identity", "tokenURI(uint256)", [1n])).includes("eip-8004#registration-v1"), "an agent of genesis");
  step("names, versions, agents of genesis");

  const first = await read("identity", "totalSupply()");
  assert.deepEqual(names(await write(0, "identity", "register()")), ["Transfer", "Registered", "MetadataSet"]);
  const minted = await write(0, "identity", "register(string)", ["ipfs://echo"]);
  assert.deepEqual(names(minted), ["Transfer", "MetadataUpdate", "Registered", "MetadataSet"]);
  assert.equal(minted[2][1].agentId, first + 1n);
  const entries = [{ metadataKey: "name", metadataValue: "0x6563686f" }];
  await write(0, "identity", "register(string,(string,bytes)[])", ["ipfs://third", entries]);
  const agent = first + 1n;
  assert.equal(await read("identity", "tokenByIndex(uint256)", [agent]), agent);
  assert.equal(await read("identity", "getMetadata(uint256,string)", [agent + 1n, "name"]), "0x6563686f");
  assert.equal(await read("identity", "balanceOf(address)", [owner]), 3n);
  same(await read("identity", "ownerOf(uint256)", [agent]), owner);
  step("register");

  await write(0, "identity", "setAgentURI(uint256,string)", [agent, "ipfs://new"]);
  assert.equal(await read("identity", "agentURI(uint256)", [agent]), "ipfs://new");
  await write(0, "identity", "setMetadata(uint256,string,bytes)", [agent, "k", "0x01"]);
  assert.equal(await client.reason(1, "identity", "setMetadata(uint256,string,bytes)", [agent, "k", "0x"]), "Not authorized");
  assert.equal(await client.reason(0, "identity", "setMetadata(uint256,string,bytes)", [agent, "agentWallet", "0x"]), "reserved key");
  assert.equal(await client.reason(0, "identity", "ownerOf(uint256)", [10n ** 9n]), "ERC721NonexistentToken");
  step("URI, metadata, revert strings and custom errors");

  const domain = await read("identity", "eip712Domain()");
  const deadline = (await client.now()) + 200n;
  const types = { AgentWalletSet: [
    { name: "agentId", type: "uint256" }, { name: "newWallet", type: "address" }, { name: "owner", type: "address" },
    { name: "deadline", type: "uint256" },
  ] };
  const proof = await client.sign(2, { name: domain[1], version: domain[2], chainId: domain[3], verifyingContract: domain[4] }, types,
    { agentId: agent, newWallet: hot, owner, deadline });
  same(await read("identity", "getAgentWallet(uint256)", [agent]), owner);
  await write(0, "identity", "setAgentWallet(uint256,address,uint256,bytes)", [agent, hot, deadline, proof]);
  same(await read("identity", "getAgentWallet(uint256)", [agent]), hot);
  await write(0, "identity", "unsetAgentWallet(uint256)", [agent]);
  assert.equal(await read("identity", "getAgentWallet(uint256)", [agent]), nobody);
  step("wallet by EIP-712 proof");

  await write(0, "identity", "approve(address,uint256)", [hot, agent]);
  same(await read("identity", "getApproved(uint256)", [agent]), hot);
  await write(0, "identity", "setApprovalForAll(address,bool)", [hot, true]);
  assert.equal(await read("identity", "isApprovedForAll(address,address)", [owner, hot]), true);
  assert.equal(await read("identity", "isAuthorizedOrOwner(address,uint256)", [buyer, agent]), false);
  assert.deepEqual(names(await write(2, "identity", "transferFrom(address,address,uint256)", [owner, buyer, first])), ["MetadataSet", "Transfer"]);
  await write(1, "identity", "safeTransferFrom(address,address,uint256)", [buyer, owner, first]);
  await write(0, "identity", "safeTransferFrom(address,address,uint256,bytes)", [owner, buyer, first, "0x01"]);
  step("ERC-721");

  const give = (value, decimals, tag2) => write(1, "reputation", "giveFeedback(uint256,int128,uint8,string,string,string,string,bytes32)",
    [agent, value, decimals, "quality", tag2, "https://echo", "ipfs://said", "0x" + "11".repeat(32)]);
  const [[, said]] = await give(9977n, 2, "");
  assert.equal(said.value, 9977n);
  await give(87n, 0, "fast");
  await give(88n, 0, "");
  const summary = (clients, tag1, tag2) => read("reputation", "getSummary(uint256,address[],string,string)", [agent, clients, tag1, tag2]);
  const numbers = (values) => values.map(Number);
  assert.deepEqual(numbers(await summary([buyer], "", "")), [3, 91, 0]);
  assert.deepEqual(numbers(await summary([buyer, buyer], "quality", "fast")), [2, 87, 0]);
  await write(1, "reputation", "revokeFeedback(uint256,uint64)", [agent, 2n]);
  assert.deepEqual(numbers(await summary([buyer], "", "fast")), [0, 0, 0]);
  await write(2, "reputation", "appendResponse(uint256,address,uint64,string,bytes32)", [agent, buyer, 1n, "ipfs://sorry", "0x" + "00".repeat(32)]);
  assert.equal(await read("reputation", "getResponseCount(uint256,address,uint64,address[])", [agent, nobody, 0n, []]), 1n);
  const entry = await read("reputation", "readFeedback(uint256,address,uint64)", [agent, buyer, 2n]);
  assert.deepEqual([Number(entry[0]), entry[2], entry[3], entry[4]], [87, "quality", "fast", true]);
  const everything = await read("reputation", "readAllFeedback(uint256,address[],string,string,bool)", [agent, [], "", "", true]);
  assert.deepEqual(everything[6], [false, true, false]);
  assert.equal((await read("reputation", "getClients(uint256)", [agent])).length, 1);
  assert.equal(await read("reputation", "getLastIndex(uint256,address)", [agent, buyer]), 3n);
  assert.equal((await read("reputation", "getClientsPage(uint256,uint64,uint64)", [agent, 0n, 10n]))[1], false);
  const page = await read("reputation", "getFeedbackPage(uint256,address,uint64,uint64)", [agent, buyer, 1n, 1n]);
  assert.deepEqual([page[3], page[6]], [["fast"], true]);
  assert.deepEqual(numbers(await read("reputation", "getVerifiedSummary(uint256,string)", [agent, ""])), [0, 0, 0, 0]);
  const self = [agent, 1n, 0, "", "", "", "", "0x" + "00".repeat(32)];
  assert.equal(await client.reason(0, "reputation", "giveFeedback(uint256,int128,uint8,string,string,string,string,bytes32)", self), "Self-feedback not allowed");
  step("reputation");

  const hash = viem.keccak256(viem.toHex(`${client.name} ${first}`));
  await write(0, "validation", "validationRequest(address,uint256,string,bytes32)", [buyer, agent, "ipfs://work", hash]);
  await write(1, "validation", "validationResponse(bytes32,uint8,string,bytes32,string)", [hash, 80, "ipfs://fine", hash, "opml"]);
  const status = await read("validation", "getValidationStatus(bytes32)", [hash]);
  assert.deepEqual([Number(status[2]), status[4]], [80, "opml"]);
  assert.deepEqual(numbers(await read("validation", "getSummary(uint256,address[],string)", [agent, [buyer], "opml"])), [1, 80]);
  assert.deepEqual(await read("validation", "getAgentValidations(uint256)", [agent]), [hash]);
  assert.ok((await read("validation", "getValidatorRequests(address)", [buyer])).includes(hash));
  assert.equal((await read("validation", "getAgentValidationsPage(uint256,uint64,uint64)", [agent, 0n, 1n]))[1], false);
  assert.equal((await read("validation", "getValidatorRequestsPage(address,uint64,uint64)", [buyer, 0n, 1n]))[0].length, 1);
  assert.equal(await client.reason(0, "validation", "validationResponse(bytes32,uint8,string,bytes32,string)", [hash, 1, "", hash, ""]), "not validator");
  step("validation");

  assert.deepEqual(all.filter((signature) => !used.has(signature)), [], "every function was called");
}

await flow(viemClient(20));
await flow(ethersClient(30));
process.exit(0);
