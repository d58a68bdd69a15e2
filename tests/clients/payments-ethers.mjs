// ethers over the default token: metadata, transfer, approve, permit, an authorization that another account sends.
// Env: RPC, MODULES.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { ethers } = createRequire(process.env.MODULES + "/")("ethers");
const step = (text) => console.log(`ok ethers token: ${text}`);
const provider = new ethers.JsonRpcProvider(process.env.RPC, undefined, { cacheTimeout: -1, pollingInterval: 50 });
const phrase = "test test test test test test test test test test test junk";
const dev = (index) => ethers.HDNodeWallet.fromPhrase(phrase, undefined, `m/44'/60'/0'/0/${index}`).connect(provider);
const [wallet, relayer] = [dev(23), dev(24)];
const address = ethers.getAddress("0xa55a200000000000000000000000000000000001");
const token = new ethers.Contract(address, [
  "function name() view returns (string)",
  "function decimals() view returns (uint8)",
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address,address) view returns (uint256)",
  "function transfer(address,uint256) returns (bool)",
  "function approve(address,uint256) returns (bool)",
  "function nonces(address) view returns (uint256)",
  "function DOMAIN_SEPARATOR() view returns (bytes32)",
  "function permit(address,address,uint256,uint256,bytes)",
  "function authorizationState(address,bytes32) view returns (bool)",
  "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
], wallet);
const { chainId } = await provider.getNetwork();
const domain = { name: "assayUSD", version: "2", chainId, verifyingContract: address };

assert.equal(await token.name(), "assayUSD");
assert.equal(await token.decimals(), 6n);
assert.equal(await token.DOMAIN_SEPARATOR(), ethers.TypedDataEncoder.hashDomain(domain));
const payer = ethers.Wallet.createRandom();
const receipt = await (await token.transfer(payer.address, 1_000)).wait();
assert.equal(receipt.logs[0].fragment.name, "Transfer");
assert.equal((await token.queryFilter(token.filters.Transfer(null, payer.address), 0)).length, 1);
await (await token.approve(relayer.address, 5)).wait();
assert.equal(await token.allowance(wallet.address, relayer.address), 5n);
await assert.rejects(token.transfer.staticCall(payer.address, 10n ** 30n), (error) => error.reason === "ERC20: transfer amount exceeds balance");
step("metadata, transfer, events, approve, a refusal with its reason");

const typed = (text) => text.split(",").map((field) => ({ type: field.split(" ")[0], name: field.split(" ")[1] }));
const permit = typed("address owner,address spender,uint256 value,uint256 nonce,uint256 deadline");
const message = { owner: payer.address, spender: relayer.address, value: 9, nonce: await token.nonces(payer.address), deadline: ethers.MaxUint256 };
const signed = await payer.signTypedData(domain, { Permit: permit }, message);
await (await token.connect(relayer).permit(payer.address, relayer.address, 9, ethers.MaxUint256, signed)).wait();
assert.equal(await token.allowance(payer.address, relayer.address), 9n);
step("permit");

const fields = typed("address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce");
const nonce = ethers.hexlify(ethers.randomBytes(32));
const asked = { from: payer.address, to: wallet.address, value: 400, validAfter: 0, validBefore: ethers.MaxUint256, nonce };
const signature = await payer.signTypedData(domain, { TransferWithAuthorization: fields }, asked);
const args = [...Object.values(asked), signature];
await (await token.connect(relayer).transferWithAuthorization(...args)).wait();
assert.equal(await token.balanceOf(payer.address), 600n);
assert.equal(await token.authorizationState(payer.address, nonce), true);
await assert.rejects(token.connect(relayer).transferWithAuthorization(...args), (error) => error.reason === "FiatTokenV2: authorization is used or canceled");
step("an authorization sent by a relayer, and its replay");
process.exit(0);
