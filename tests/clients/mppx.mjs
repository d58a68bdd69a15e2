// mppx evm charge: a server that asks for Payment-auth credentials and settles them by way of the facilitator.
// Env: RPC, FACILITATOR, MODULES.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const from = createRequire(process.env.MODULES + "/");
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const viem = await load("viem");
const { mnemonicToAccount, privateKeyToAccount, generatePrivateKey } = await load("viem/accounts");
const selling = await load("mppx/server");
const buying = await load("mppx/client");
const { charge: sell } = await load("mppx/evm/server");
const { charge: buy } = await load("mppx/evm/client");

const { RPC: url, FACILITATOR: facilitator } = process.env;
const token = viem.getAddress("0xa55a200000000000000000000000000000000001");
const chain = viem.defineChain({
  id: 31337,
  name: "Assay",
  nativeCurrency: { name: "Assay", symbol: "ASY", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
});
const phrase = "test test test test test test test test test test test junk";
const rich = mnemonicToAccount(phrase, { addressIndex: 28 });
const [payer, payee] = [generatePrivateKey(), generatePrivateKey()].map((key) => privateKeyToAccount(key));
const open = viem.createPublicClient({ chain, transport: viem.http(url), pollingInterval: 20 });
const wallet = viem.createWalletClient({ chain, account: rich, transport: viem.http(url) });
const abi = viem.parseAbi(["function transfer(address,uint256) returns (bool)", "function balanceOf(address) view returns (uint256)"]);
// viem's own wait looks again at new blocks only, and there may be none: blocks are made on demand.
const mined = async (hash) => {
  for (;;) {
    const receipt = await open.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt) return receipt;
    await new Promise((done) => setTimeout(done, 20));
  }
};
const balance = (of) => open.readContract({ address: token, abi, functionName: "balanceOf", args: [of] });
const funded = await wallet.writeContract({ address: token, abi, functionName: "transfer", args: [payer.address, 1_000_000n] });
await mined(funded);

const authorization = { name: "assayUSD", version: "2" };
const shop = selling.Mppx.create({
  methods: [sell({ currency: token, recipient: payee.address, authorization, chainId: 31337, decimals: 6, x402: { facilitator } })],
  secretKey: "a secret of at least thirty-two bytes",
  realm: "assay test",
});
const serve = async (request) => {
  const response = await shop.charge({ amount: "0.25" })(request);
  return response.status === 402 ? response.challenge : response.withReceipt(Response.json({ number: 42 }));
};
const server = createServer(async (input, output) => {
  const response = await serve(new Request(`http://${input.headers.host}${input.url}`, { headers: input.headers }));
  output.writeHead(response.status, Object.fromEntries(response.headers));
  output.end(await response.text());
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const place = `http://127.0.0.1:${server.address().port}/`;
assert.equal((await fetch(place)).status, 402);

let credential;
const watched = (input, init) => {
  const request = new Request(input, init);
  credential = request.headers.get("authorization") ?? credential;
  return fetch(request);
};
const client = buying.Mppx.create({
  methods: [buy({ account: payer, authorization, decimals: 6, currencies: [token], networks: [31337], maxAmount: "1" })],
  fetch: watched,
  polyfill: false,
});
const paid = await client.fetch(place);
assert.equal(paid.status, 200, await paid.clone().text());
assert.deepEqual(await paid.json(), { number: 42 });
assert.ok(paid.headers.get("payment-receipt"));
assert.equal(await balance(payee.address), 250_000n);
assert.equal(await balance(payer.address), 750_000n);
assert.equal(await open.getBalance({ address: payer.address }), 0n);
assert.match(credential, /^Payment /);
const replay = await fetch(place, { headers: { authorization: credential } });
assert.equal(replay.status, 402);
assert.equal(await balance(payee.address), 250_000n);
console.log("ok mppx: an evm charge of a payer without coins, and its replay");
process.exit(0);
