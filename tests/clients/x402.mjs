// x402 TypeScript: an Express server sells by way of the facilitator to a payer without coins. Replays, limits, wallets.
// Env: RPC, FACILITATOR, MODULES, KEEP (a file that one settlement is written to).
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const from = createRequire(process.env.MODULES + "/");
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const viem = await load("viem");
const { mnemonicToAccount, privateKeyToAccount, generatePrivateKey } = await load("viem/accounts");
const express = (await load("express")).default;
const { paymentMiddleware, x402ResourceServer } = await load("@x402/express");
const { ExactEvmScheme: Seller } = await load("@x402/evm/exact/server");
const { ExactEvmScheme: Buyer } = await load("@x402/evm");
const { HTTPFacilitatorClient } = await load("@x402/core/server");
const { wrapFetchWithPaymentFromConfig, decodePaymentResponseHeader } = await load("@x402/fetch");

const { RPC: url, FACILITATOR: facilitator } = process.env;
const token = "0xa55a200000000000000000000000000000000001";
const network = "eip155:31337";
const chain = viem.defineChain({
  id: 31337,
  name: "Assay",
  nativeCurrency: { name: "Assay", symbol: "ASY", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
});
const phrase = "test test test test test test test test test test test junk";
const rich = mnemonicToAccount(phrase, { addressIndex: 27 });
const [payer, payee] = [generatePrivateKey(), generatePrivateKey()].map((key) => privateKeyToAccount(key));
const open = viem.createPublicClient({ chain, transport: viem.http(url), pollingInterval: 20 });
const wallet = viem.createWalletClient({ chain, account: rich, transport: viem.http(url) });
const abi = viem.parseAbi([
  "function transfer(address,uint256) returns (bool)",
  "function balanceOf(address) view returns (uint256)",
  "function authorizationState(address,bytes32) view returns (bool)",
]);
// viem's own wait looks again at new blocks only, and there may be none: blocks are made on demand.
const mined = async (hash) => {
  for (;;) {
    const receipt = await open.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt) return receipt;
    await new Promise((done) => setTimeout(done, 20));
  }
};
const balance = (of) => open.readContract({ address: token, abi, functionName: "balanceOf", args: [of] });
const fund = async (to, value) => {
  const hash = await wallet.writeContract({ address: token, abi, functionName: "transfer", args: [to, value] });
  assert.equal((await mined(hash)).status, "success");
};
const step = (text) => console.log(`ok x402: ${text}`);
await fund(payer.address, 5_000_000n);

const price = { asset: token, amount: "10000", extra: { name: "assayUSD", version: "2" } };
const app = express();
const seller = new x402ResourceServer(new HTTPFacilitatorClient({ url: facilitator })).register(network, new Seller());
const route = { accepts: { scheme: "exact", price, network, payTo: payee.address }, description: "a number" };
app.use(paymentMiddleware({ "GET /paid": route }, seller));
app.get("/paid", (_, response) => response.json({ number: 42 }));
const server = await new Promise((done) => { const s = app.listen(0, "127.0.0.1", () => done(s)); });
const shop = `http://127.0.0.1:${server.address().port}/paid`;

// The price list of the shop, and a client that has not heard of the token.
assert.equal((await fetch(shop)).status, 402);
const schemes = [{ network: "eip155:*", client: new Buyer(payer) }];
await assert.rejects(wrapFetchWithPaymentFromConfig(fetch, { schemes })(shop), /spend/i);
step("the client's own controls refuse a token that it was not told of");

const headers = [];
const watched = (input, init) => {
  const request = new Request(input, init);
  const header = request.headers.get("PAYMENT-SIGNATURE");
  if (header) headers.push(header);
  return fetch(request);
};
const spendControls = { allowedAssets: [{ network, asset: token, maxAmountPerPayment: "20000" }] };
const pay = wrapFetchWithPaymentFromConfig(watched, { schemes, spendControls });
const paid = await pay(shop);
assert.equal(paid.status, 200, JSON.stringify([...paid.headers]));
assert.deepEqual(await paid.json(), { number: 42 });
const told = decodePaymentResponseHeader(paid.headers.get("PAYMENT-RESPONSE"));
assert.equal(told.success, true);
assert.equal(told.network, network);
assert.equal(viem.getAddress(told.payer), payer.address);
const receipt = await open.getTransactionReceipt({ hash: told.transaction });
assert.equal(receipt.status, "success");
assert.equal(receipt.logs.length, 2);
assert.equal(await balance(payee.address), 10_000n);
assert.equal(await balance(payer.address), 4_990_000n);
assert.equal(await open.getBalance({ address: payer.address }), 0n);
step(`a payment by a payer without coins, ${receipt.gasUsed} gas`);

const replay = await fetch(shop, { headers: { "PAYMENT-SIGNATURE": headers[0] } });
assert.equal(replay.status, 402);
assert.equal(await balance(payee.address), 10_000n);
step("a replay is refused");

const answers = await Promise.all(Array.from({ length: 20 }, () => pay(shop)));
assert.ok(answers.every((answer) => answer.status === 200), answers.map((a) => a.status).join());
const transactions = answers.map((a) => decodePaymentResponseHeader(a.headers.get("PAYMENT-RESPONSE")).transaction);
assert.equal(new Set(transactions).size, 20);
assert.equal(await balance(payee.address), 210_000n);
step("twenty payments at once");

// One signed payment, sent many times at once: served once.
headers.length = 0;
let signed;
const grab = wrapFetchWithPaymentFromConfig(async (input, init) => {
  const request = new Request(input, init);
  signed = request.headers.get("PAYMENT-SIGNATURE") ?? signed;
  return signed ? new Response(null, { status: 200 }) : fetch(request);
}, { schemes, spendControls });
await grab(shop);
const flood = await Promise.all(Array.from({ length: 10 }, () => fetch(shop, { headers: { "PAYMENT-SIGNATURE": signed } })));
assert.equal(flood.filter((answer) => answer.status === 200).length, 1);
assert.equal(await balance(payee.address), 220_000n);
step("one payment sent ten times at once buys once");

// The facilitator itself.
const ask = async (path, body) => {
  const response = await fetch(`${facilitator}/${path}`, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  return { status: response.status, ...(await response.json()) };
};
const types = {
  TransferWithAuthorization: ["from address", "to address", "value uint256", "validAfter uint256", "validBefore uint256", "nonce bytes32"].map((field) => {
    const [name, type] = field.split(" ");
    return { name, type };
  }),
};
const requirements = { scheme: "exact", network, payTo: payee.address, maxTimeoutSeconds: 60, ...price };
const body = async (over = {}) => {
  const { signature, extra, ...rest } = over;
  const authorization = {
    from: payer.address, to: payee.address, value: "10000", validAfter: "0",
    validBefore: String(Math.floor(Date.now() / 1000) + 60), nonce: generatePrivateKey(), ...rest,
  };
  const domain = { name: "assayUSD", version: "2", chainId: 31337, verifyingContract: token, ...extra };
  const own = await payer.signTypedData({ domain, types, primaryType: "TransferWithAuthorization", message: authorization });
  const paymentRequirements = { ...requirements, extra: { ...requirements.extra, ...(extra?.version && { version: extra.version }) } };
  const paymentPayload = { x402Version: 2, accepted: paymentRequirements, payload: { signature: signature ?? own, authorization } };
  return { x402Version: 2, paymentPayload, paymentRequirements };
};
const supported = await (await fetch(`${facilitator}/supported`)).json();
assert.deepEqual(supported.kinds, [{ x402Version: 2, scheme: "exact", network }]);
const once = await body();
const valid = await ask("verify", once);
assert.deepEqual([valid.status, valid.isValid, valid.payer], [200, true, payer.address]);
const settled = await ask("settle", once);
assert.equal(settled.success, true);
assert.equal(settled.amount, "10000");
assert.deepEqual(await ask("settle", once), settled);
assert.equal(await balance(payee.address), 230_000n);
fs.writeFileSync(process.env.KEEP, JSON.stringify({ asked: once, settled: { ...settled, status: undefined } }));
step("settling again answers the same");

const reasons = async (over, reason) => {
  const asked = await body(over);
  assert.equal((await ask("verify", asked)).invalidReason, reason);
  assert.equal((await ask("settle", asked)).errorReason, reason);
};
await reasons({ value: "9999" }, "invalid_exact_evm_payload_authorization_value_mismatch");
await reasons({ to: rich.address }, "invalid_exact_evm_recipient_mismatch");
await reasons({ validBefore: "1" }, "invalid_exact_evm_payload_authorization_valid_before");
await reasons({ validAfter: String(Math.floor(Date.now() / 1000) + 600) }, "invalid_exact_evm_payload_authorization_valid_after");
await reasons({ from: rich.address }, "invalid_exact_evm_signature");
await reasons({ extra: { chainId: 1 } }, "invalid_exact_evm_signature");
await reasons({ extra: { version: "1" } }, "invalid_exact_evm_token_version_mismatch");
await reasons({ signature: "0x" + "6492".repeat(16) }, "eip6492_factory_not_allowed");
const poor = privateKeyToAccount(generatePrivateKey());
const message = { ...(await body()).paymentPayload.payload.authorization, from: poor.address };
const domain = { name: "assayUSD", version: "2", chainId: 31337, verifyingContract: token };
const signature = await poor.signTypedData({ domain, types, primaryType: "TransferWithAuthorization", message });
await reasons({ ...message, signature }, "invalid_exact_evm_insufficient_balance");
assert.equal((await ask("verify", { x402Version: 2 })).status, 400);
step("ten refusals, each by its name");

// A wallet that is a contract, and an account that delegates to it: both accept any signature.
const accepting = `0x60278060095f395ff37f${"1626ba7e".padEnd(64, "0")}5f5260205ff3`;
const deployed = await mined(await wallet.sendTransaction({ data: accepting }));
const contract = deployed.contractAddress;
await fund(contract, 50_000n);
const before = await balance(payee.address);
const byWallet = await body({ from: contract, signature: "0x1234" });
assert.equal((await ask("verify", byWallet)).isValid, true);
assert.equal((await ask("settle", byWallet)).success, true);
assert.equal(await balance(payee.address), before + 10_000n);
const delegating = privateKeyToAccount(generatePrivateKey());
await fund(delegating.address, 50_000n);
const authorization = await delegating.signAuthorization({ contractAddress: contract, chainId: 31337, nonce: 0 });
const hash = await wallet.sendTransaction({ to: rich.address, authorizationList: [authorization] });
await mined(hash);
assert.notEqual(await open.getCode({ address: delegating.address }), undefined);
const byDelegate = await body({ from: delegating.address, signature: "0x" + "77".repeat(65) });
assert.equal((await ask("settle", byDelegate)).success, true);
assert.equal(await balance(delegating.address), 40_000n);
step("payers that are contracts (ERC-1271) or delegate to one (EIP-7702)");
process.exit(0);
