"""web3.py over the default token: metadata, transfer, approve, permit, an authorization that another account sends.

Env: RPC.
"""
import os

from eth_account import Account
from web3 import Web3
from web3.exceptions import ContractLogicError

Account.enable_unaudited_hdwallet_features()
PHRASE = "test test test test test test test test test test test junk"
TOKEN = Web3.to_checksum_address("0xa55a200000000000000000000000000000000001")
w3 = Web3(Web3.HTTPProvider(os.environ["RPC"]))
account, relayer = (Account.from_mnemonic(PHRASE, account_path=f"m/44'/60'/0'/0/{index}") for index in (25, 26))


def parameters(text):
    return [{"type": part.split(" ")[0], "name": part.split(" ")[1]} for part in text.split(",") if part]


def function(name, inputs, outputs, view=False):
    return {
        "type": "function",
        "name": name,
        "stateMutability": "view" if view else "nonpayable",
        "inputs": parameters(inputs),
        "outputs": parameters(outputs),
    }


PERMIT = "address owner,address spender,uint256 value"
MOVE = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
token = w3.eth.contract(
    address=TOKEN,
    abi=[
        function("name", "", "string name", view=True),
        function("version", "", "string version", view=True),
        function("decimals", "", "uint8 decimals", view=True),
        function("totalSupply", "", "uint256 supply", view=True),
        function("balanceOf", "address account", "uint256 balance", view=True),
        function("allowance", "address owner,address spender", "uint256 value", view=True),
        function("nonces", "address owner", "uint256 nonce", view=True),
        function("authorizationState", "address authorizer,bytes32 nonce", "bool used", view=True),
        function("transfer", "address to,uint256 value", "bool done"),
        function("approve", "address spender,uint256 value", "bool done"),
        function("permit", PERMIT + ",uint256 deadline,uint8 v,bytes32 r,bytes32 s", ""),
        function("transferWithAuthorization", MOVE + ",uint8 v,bytes32 r,bytes32 s", ""),
        {
            "type": "event",
            "name": "Transfer",
            "anonymous": False,
            "inputs": [
                {"name": "from", "type": "address", "indexed": True},
                {"name": "to", "type": "address", "indexed": True},
                {"name": "value", "type": "uint256", "indexed": False},
            ],
        },
    ],
)


def step(text):
    print(f"ok web3.py token: {text}", flush=True)


def send(who, call):
    nonce = w3.eth.get_transaction_count(who.address, "pending")
    raw = who.sign_transaction(call.build_transaction({"from": who.address, "nonce": nonce})).raw_transaction
    receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(raw), poll_latency=0.05)
    assert receipt["status"] == 1
    return receipt


def refused(call, reason):
    try:
        call.call({"from": relayer.address})
    except ContractLogicError as error:
        assert reason in str(error), error
        return
    raise AssertionError(f"no refusal: {reason}")


domain = {"name": "assayUSD", "version": "2", "chainId": w3.eth.chain_id, "verifyingContract": TOKEN}
functions = token.functions
assert functions.name().call() == "assayUSD" and functions.version().call() == "2"
assert functions.decimals().call() == 6
payer = Account.create()
receipt = send(account, functions.transfer(payer.address, 1_000))
event = token.events.Transfer().process_receipt(receipt)[0]["args"]
assert (event["from"], event["to"], event["value"]) == (account.address, payer.address, 1_000)
send(account, functions.approve(relayer.address, 5))
assert functions.allowance(account.address, relayer.address).call() == 5
refused(functions.transfer(payer.address, 10**30), "ERC20: transfer amount exceeds balance")
step("metadata, transfer, approve, a refusal with its reason")

message = {
    "owner": payer.address,
    "spender": relayer.address,
    "value": 9,
    "nonce": functions.nonces(payer.address).call(),
    "deadline": 2**256 - 1,
}
types = {"Permit": parameters(PERMIT + ",uint256 nonce,uint256 deadline")}
signed = payer.sign_typed_data(domain, types, message)
r, s = (number.to_bytes(32, "big") for number in (signed.r, signed.s))
send(relayer, functions.permit(payer.address, relayer.address, 9, 2**256 - 1, signed.v, r, s))
assert functions.allowance(payer.address, relayer.address).call() == 9
step("permit")

nonce = os.urandom(32)
asked = {"from": payer.address, "to": account.address, "value": 400, "validAfter": 0, "validBefore": 2**255, "nonce": nonce}
signed = payer.sign_typed_data(domain, {"TransferWithAuthorization": parameters(MOVE)}, asked)
r, s = (number.to_bytes(32, "big") for number in (signed.r, signed.s))
call = functions.transferWithAuthorization(*asked.values(), signed.v, r, s)
assert w3.eth.get_balance(payer.address) == 0
assert len(send(relayer, call)["logs"]) == 2
assert functions.balanceOf(payer.address).call() == 600
assert functions.authorizationState(payer.address, nonce).call() is True
refused(call, "FiatTokenV2: authorization is used or canceled")
step("an authorization sent by a relayer, and its replay")
