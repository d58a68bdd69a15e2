"""x402 Python: a Flask server sells by way of the facilitator; a client without coins pays it and the replay is refused.

Env: RPC, FACILITATOR.
"""
import os
import threading

import requests
from eth_account import Account
from flask import Flask, jsonify
from web3 import Web3
from werkzeug.serving import make_server
from x402 import x402ClientSync, x402ResourceServerSync
from x402.http import FacilitatorConfig, HTTPFacilitatorClientSync
from x402.http.clients import wrapRequestsWithPayment
from x402.http.middleware.flask import payment_middleware
from x402.mechanisms.evm.exact import ExactEvmServerScheme, register_exact_evm_client

Account.enable_unaudited_hdwallet_features()
PHRASE = "test test test test test test test test test test test junk"
TOKEN = Web3.to_checksum_address("0xa55a200000000000000000000000000000000001")
NETWORK = "eip155:31337"
w3 = Web3(Web3.HTTPProvider(os.environ["RPC"]))
rich = Account.from_mnemonic(PHRASE, account_path="m/44'/60'/0'/0/29")
payer, payee = Account.create(), Account.create()


def function(name, inputs, outputs, view):
    part = lambda text: [{"type": word, "name": ""} for word in text.split(",")]
    mutability = "view" if view else "nonpayable"
    return {"type": "function", "name": name, "stateMutability": mutability, "inputs": part(inputs), "outputs": part(outputs)}


token = w3.eth.contract(
    address=TOKEN,
    abi=[function("transfer", "address,uint256", "bool", False), function("balanceOf", "address", "uint256", True)],
)
balance = lambda of: token.functions.balanceOf(of.address).call()
fields = {"from": rich.address, "nonce": w3.eth.get_transaction_count(rich.address)}
funding = rich.sign_transaction(token.functions.transfer(payer.address, 1_000_000).build_transaction(fields))
assert w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(funding.raw_transaction), poll_latency=0.02).status == 1

app = Flask(__name__)
facilitator = HTTPFacilitatorClientSync(FacilitatorConfig(url=os.environ["FACILITATOR"]))
seller = x402ResourceServerSync(facilitator).register(NETWORK, ExactEvmServerScheme())
price = {"asset": TOKEN, "amount": "20000", "extra": {"name": "assayUSD", "version": "2"}}
accepts = {"scheme": "exact", "network": NETWORK, "payTo": payee.address, "price": price}
payment_middleware(app, {"GET /paid": {"accepts": accepts, "description": "a number"}}, seller)


@app.get("/paid")
def paid():
    return jsonify(number=42)


server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
shop = f"http://127.0.0.1:{server.server_port}/paid"
assert requests.get(shop).status_code == 402


def client(controls):
    buyer = register_exact_evm_client(x402ClientSync(), payer, networks="eip155:*")
    if controls is not None:
        buyer.set_spend_controls(controls)
    return wrapRequestsWithPayment(requests.Session(), buyer)


try:
    refused = client(None).get(shop).status_code != 200
except Exception as error:
    refused = "spend" in str(error)
assert refused and balance(payee) == 0
print("ok x402 python: the client's own controls refuse a token that it was not told of")

allowed = {"allowed_assets": [{"network": NETWORK, "asset": TOKEN, "max_amount_per_payment": "20000"}]}
answer = client(allowed).get(shop)
assert answer.status_code == 200, (answer.status_code, answer.text, answer.headers)
assert answer.json() == {"number": 42}
assert answer.headers["PAYMENT-RESPONSE"]
assert balance(payee) == 20_000 and balance(payer) == 980_000
assert w3.eth.get_balance(payer.address) == 0
signature = answer.request.headers["PAYMENT-SIGNATURE"]
assert requests.get(shop, headers={"PAYMENT-SIGNATURE": signature}).status_code == 402
assert balance(payee) == 20_000
print("ok x402 python: a payment by a payer without coins, and its replay")
os._exit(0)
