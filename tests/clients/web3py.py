"""web3.py against a node: the flows of the other clients, and a proof verified against the header's state root.

Env: RPC, WS, ARTIFACTS.
"""
import asyncio
import json
import os

import rlp
from eth_account import Account
from eth_utils import keccak
from trie import HexaryTrie
from web3 import AsyncWeb3, Web3, WebSocketProvider
from web3.exceptions import ContractCustomError, ContractLogicError

Account.enable_unaudited_hdwallet_features()
PHRASE = "test test test test test test test test test test test junk"
account = Account.from_mnemonic(PHRASE, account_path="m/44'/60'/0'/0/3")
w3 = Web3(Web3.HTTPProvider(os.environ["RPC"]))
with open(os.path.join(os.environ["ARTIFACTS"], "Probe.json")) as f:
    probe = json.load(f)


def step(text):
    print(f"ok web3.py: {text}", flush=True)


def send(call, **fields):
    tx = {"from": account.address, "nonce": w3.eth.get_transaction_count(account.address, "pending"), **fields}
    tx = call.build_transaction(tx) if call is not None else {**tx, "chainId": w3.eth.chain_id}
    raw = account.sign_transaction(tx).raw_transaction
    return w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(raw), poll_latency=0.05)


assert w3.is_connected() and w3.eth.chain_id == int(os.environ.get("CHAIN_ID", 31337))
assert w3.client_version and w3.eth.syncing is False
step("connection")

receipt = send(w3.eth.contract(abi=probe["abi"], bytecode=probe["bytecode"]).constructor(7))
contract = w3.eth.contract(address=receipt["contractAddress"], abi=probe["abi"])
assert contract.functions.value().call() == 7
receipt = send(contract.functions.store(42))
assert receipt["status"] == 1 and contract.functions.value().call() == 42
assert contract.events.Stored().process_receipt(receipt)[0]["args"]["value"] == 42
assert len(contract.events.Stored().get_logs(from_block=0)) == 1
step("deploy, write, read, logs")

for argument, error in ((13, ContractLogicError), (2_000_000, ContractCustomError)):
    try:
        contract.functions.store(argument).call({"from": account.address})
        raise AssertionError("no revert")
    except error as e:
        assert argument != 13 or "unlucky number" in str(e)
step("revert reason and custom error")

block_filter = w3.eth.filter("latest")
legacy = send(None, to=account.address, value=1, gas=21000, gasPrice=w3.eth.gas_price)
assert legacy["type"] == 0 and legacy["status"] == 1
assert block_filter.get_new_entries()
with w3.batch_requests() as batch:
    batch.add(w3.eth.get_block("latest"))
    batch.add(w3.eth.get_balance(account.address))
    block, balance = batch.execute()
assert block["number"] >= legacy["blockNumber"] and balance > 0
assert w3.eth.fee_history(2, "latest", [50])["baseFeePerGas"]
step("filters, legacy transaction, batch, fee history")

trace = w3.provider.make_request("debug_traceTransaction", [receipt["transactionHash"].to_0x_hex(), {"tracer": "callTracer"}])
assert trace["result"]["type"] == "CALL"
step("trace")


def prove(root, key, nodes):
    return HexaryTrie.get_from_proof(root, keccak(key), [rlp.decode(bytes(n)) for n in nodes])


block = w3.eth.get_block("latest")
for address in (contract.address, account.address, "0x000000000000000000000000000000000000dEaD"):
    proof = w3.eth.get_proof(address, [0, 99], block["number"])
    leaf = prove(block["stateRoot"], bytes.fromhex(address[2:]), proof["accountProof"])
    if leaf == b"":
        assert proof["balance"] == 0 and proof["nonce"] == 0
        continue
    nonce, balance, storage_root, code_hash = rlp.decode(leaf)
    assert int.from_bytes(nonce, "big") == proof["nonce"] and int.from_bytes(balance, "big") == proof["balance"]
    assert storage_root == bytes(proof["storageHash"]) and code_hash == bytes(proof["codeHash"])
    for slot in proof["storageProof"]:
        key = int.from_bytes(slot["key"], "big").to_bytes(32, "big")
        value = prove(storage_root, key, slot["proof"]) if slot["proof"] else b""
        assert int.from_bytes(rlp.decode(value) if value else b"", "big") == int.from_bytes(slot["value"], "big")
assert w3.eth.get_proof(contract.address, [0], block["number"])["storageProof"][0]["value"] == bytes([42])
step("account and storage proofs verified against the state root")


async def subscribe():
    async with AsyncWeb3(WebSocketProvider(os.environ["WS"])) as ws:
        await ws.eth.subscribe("newHeads")
        await ws.eth.subscribe("logs", {"address": contract.address})
        await asyncio.to_thread(send, contract.functions.store(43))
        kinds = set()
        async for message in ws.socket.process_subscriptions():
            kinds.add("log" if "data" in message["result"] and "topics" in message["result"] else "head")
            if kinds == {"log", "head"}:
                return


asyncio.run(asyncio.wait_for(subscribe(), 20))
step("subscriptions")
