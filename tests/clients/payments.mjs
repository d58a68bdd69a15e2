// viem over the default token: metadata, transfer, approve, permit, an authorization that another account sends, a
// replay, refusals. Env: RPC, MODULES.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const from = createRequire(process.env.MODULES + "/");
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const viem = await load("viem");
const { mnemonicToAccount, privateKeyToAccount, generatePrivateKey } = await load("viem/accounts");
const url = process.env.RPC;
const token = "0xa55A200000000000000000000000000000000001".toLowerCase();
const chain = viem.defineChain({
  id: Number(process.env.CHAIN_ID ?? 31337),
  name: "Assay",
  nativeCurrency: { name: "Assay", symbol: "ASY", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
  contracts: { multicall3: { address: "0xcA11bde05977b3631167028862bE2a173976CA11" } },
});
const phrase = "test test test test test test test test test test test junk";
const account = mnemonicToAccount(phrase, { addressIndex: 21 });
const relayer = mnemonicToAccount(phrase, { addressIndex: 22 });
const open = viem.createPublicClient({ chain, transport: viem.http(url), pollingInterval: 50 });
const wallet = (of) => viem.createWalletClient({ chain, account: of, transport: viem.http(url) });
const step = (text) => console.log(`ok viem token: ${text}`);
const abi = [
  ...viem.erc20Abi,
  ...viem.parseAbi([
    "function version() view returns (string)",
    "function nonces(address) view returns (uint256)",
    "function DOMAIN_SEPARATOR() view returns (bytes32)",
    "function eip712Domain() view returns (bytes1,string,string,uint256,address,bytes32,uint256[])",
    "function permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "function authorizationState(address,bytes32) view returns (bool)",
    "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
    "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
    "function cancelAuthorization(address,bytes32,bytes)",
    "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  ]),
];
const read = (functionName, args = []) => open.readContract({ address: token, abi, functionName, args });
const send = async (as, functionName, args) => {
  const hash = await wallet(as).writeContract({ address: token, abi, functionName, args });
  const receipt = await open.waitForTransactionReceipt({ hash });
  assert.equal(receipt.status, "success");
  return receipt;
};
const refused = (as, functionName, args, reason) =>
  assert.rejects(open.simulateContract({ account: as, address: token, abi, functionName, args }), (error) => {
    const revert = error.walk((e) => e instanceof viem.ContractFunctionRevertedError);
    assert.equal(revert.reason, reason);
    return true;
  });

assert.equal((await open.getCode({ address: token })).length, 4);
const details = await open.multicall({
  contracts: ["name", "symbol", "decimals", "version"].map((functionName) => ({ address: token, abi, functionName })),
  allowFailure: false,
});
assert.deepEqual(details, ["assayUSD", "assayUSD", 6, "2"]);
const said = await open.getEip712Domain({ address: token });
const domain = { name: "assayUSD", version: "2", chainId: chain.id, verifyingContract: viem.getAddress(token) };
assert.deepEqual({ ...said.domain, verifyingContract: viem.getAddress(said.domain.verifyingContract), salt: undefined }, { ...domain, chainId: said.domain.chainId, salt: undefined });
assert.equal(Number(said.domain.chainId), chain.id);
assert.equal(await read("DOMAIN_SEPARATOR"), viem.domainSeparator({ domain }));
step("metadata, code and EIP-5267 domain");

const payer = privateKeyToAccount(generatePrivateKey());
const paid = await send(account, "transfer", [payer.address, 5_000_000n]);
const [moved] = viem.parseEventLogs({ abi, logs: paid.logs, eventName: "Transfer" });
assert.deepEqual([moved.args.from, moved.args.to, moved.args.value], [account.address, payer.address, 5_000_000n]);
assert.equal(await read("balanceOf", [payer.address]), 5_000_000n);
await send(account, "approve", [relayer.address, 7n]);
await send(relayer, "transferFrom", [account.address, payer.address, 7n]);
assert.equal(await read("allowance", [account.address, relayer.address]), 0n);
await refused(account, "transfer", [payer.address, 10n ** 30n], "ERC20: transfer amount exceeds balance");
step("transfer, approve, transferFrom, a refusal with its reason");

const permitTypes = {
  Permit: ["owner address", "spender address", "value uint256", "nonce uint256", "deadline uint256"].map((f) => {
    const [name, type] = f.split(" ");
    return { name, type };
  }),
};
const deadline = 2n ** 256n - 1n;
const message = { owner: payer.address, spender: relayer.address, value: 9n, nonce: await read("nonces", [payer.address]), deadline };
const permit = viem.parseSignature(await payer.signTypedData({ domain, types: permitTypes, primaryType: "Permit", message }));
const permitArgs = [payer.address, relayer.address, 9n, deadline, Number(permit.v), permit.r, permit.s];
await send(relayer, "permit", permitArgs);
assert.equal(await read("allowance", [payer.address, relayer.address]), 9n);
await refused(relayer, "permit", permitArgs, "EIP2612: invalid signature");
step("permit of an account without coins, and its replay");

const fields = ["from address", "to address", "value uint256", "validAfter uint256", "validBefore uint256", "nonce bytes32"];
const types = {
  TransferWithAuthorization: fields.map((f) => {
    const [name, type] = f.split(" ");
    return { name, type };
  }),
};
const authorize = async (nonce, value, over = {}) => {
  const now = (await open.getBlock()).timestamp;
  const asked = { from: payer.address, to: account.address, value, validAfter: 0n, validBefore: now + 3600n, nonce, ...over };
  const signature = await payer.signTypedData({ domain, types, primaryType: "TransferWithAuthorization", message: asked });
  return { args: [asked.from, asked.to, asked.value, asked.validAfter, asked.validBefore, asked.nonce], signature };
};
assert.equal(await open.getBalance({ address: payer.address }), 0n);
for (const [index, form] of ["parts", "bytes"].entries()) {
  const nonce = viem.padHex(viem.toHex(index + 1));
  const { args, signature } = await authorize(nonce, 1_000_000n);
  const { v, r, s } = viem.parseSignature(signature);
  const whole = form === "parts" ? [...args, Number(v), r, s] : [...args, signature];
  assert.equal(await read("authorizationState", [payer.address, nonce]), false);
  const receipt = await send(relayer, "transferWithAuthorization", whole);
  const [used] = viem.parseEventLogs({ abi, logs: receipt.logs, eventName: "AuthorizationUsed" });
  assert.equal(used.args.nonce, nonce);
  assert.equal(receipt.logs.length, 2);
  assert.equal(await read("authorizationState", [payer.address, nonce]), true);
  await refused(relayer, "transferWithAuthorization", whole, "FiatTokenV2: authorization is used or canceled");
}
assert.equal(await read("balanceOf", [payer.address]), 3_000_007n);
const late = await authorize(viem.padHex("0x77"), 1n, { validBefore: 1n });
await refused(relayer, "transferWithAuthorization", [...late.args, late.signature], "FiatTokenV2: authorization is expired");
const mine = await authorize(viem.padHex("0x78"), 1n);
mine.args[2] = 2n;
await refused(relayer, "transferWithAuthorization", [...mine.args, mine.signature], "FiatTokenV2: invalid signature");
step("authorizations in both forms sent by a relayer, replays, a window, a changed amount");

// Builder codes: bytes after the arguments are ignored.
const { args, signature } = await authorize(viem.padHex("0x79"), 1n);
const data = viem.encodeFunctionData({ abi, functionName: "transferWithAuthorization", args: [...args, signature] });
const hash = await wallet(relayer).sendTransaction({ to: token, data: data + "c0de".repeat(20) });
const tagged = await open.waitForTransactionReceipt({ hash });
assert.equal(tagged.status, "success");
const trace = await open.request({ method: "debug_traceTransaction", params: [hash, { tracer: "callTracer", tracerConfig: { withLog: true } }] });
assert.equal(trace.to.toLowerCase(), token);
assert.equal(trace.logs.length, 2);
const proof = await open.getProof({ address: token, storageKeys: [] });
assert.equal(proof.nonce, 1);
step("trailing bytes, a trace and a proof");
process.exit(0);
