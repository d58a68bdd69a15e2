"""web3.py reads blocks that end with a system transaction (type 0x7e). Env: RPC."""
import os

from eth_account import Account
from web3 import Web3

Account.enable_unaudited_hdwallet_features()
PHRASE = "test test test test test test test test test test test junk"
account = Account.from_mnemonic(PHRASE, account_path="m/44'/60'/0'/0/3")
w3 = Web3(Web3.HTTPProvider(os.environ["RPC"]))
MODULE = "0x000000000000000000000000000000000000A55C"

tx = {
    "to": account.address,
    "value": 1,
    "gas": 21000,
    "maxFeePerGas": 10**10,
    "maxPriorityFeePerGas": 10**9,
    "nonce": w3.eth.get_transaction_count(account.address),
    "chainId": w3.eth.chain_id,
}
raw = account.sign_transaction(tx).raw_transaction
receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(raw), poll_latency=0.05)
block = w3.eth.get_block(receipt["blockNumber"], full_transactions=True)
assert len(block["transactions"]) == 2
system = block["transactions"][1]
assert system["type"] == 0x7E and system["gas"] == 0, system
assert w3.eth.get_transaction(system["hash"])["blockHash"] == block["hash"]
proof = w3.eth.get_transaction_receipt(system["hash"])
assert proof["status"] == 1 and proof["gasUsed"] == 0 and proof["type"] == 0x7E, proof
logs = w3.eth.get_logs({"address": MODULE, "fromBlock": block["number"], "toBlock": block["number"]})
assert len(logs) == 1 and int(logs[0]["topics"][1].hex(), 16) == block["number"]
assert logs[0]["transactionHash"] == system["hash"]
print("ok web3.py: block, transaction, receipt and log of the system transaction", flush=True)
