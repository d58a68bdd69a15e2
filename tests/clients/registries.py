"""web3.py over every function of the native ERC-8004 registries. Env: RPC, ARTIFACTS."""
import json
import os

from eth_account import Account
from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError
from web3.logs import DISCARD

Account.enable_unaudited_hdwallet_features()
PHRASE = "test test test test test test test test test test test junk"
NOBODY = "0x0000000000000000000000000000000000000000"
accounts = [Account.from_mnemonic(PHRASE, account_path=f"m/44'/60'/0'/0/{i}") for i in (40, 41, 42)]
owner, buyer, hot = (a.address for a in accounts)
w3 = Web3(Web3.HTTPProvider(os.environ["RPC"]))
used = set()


def contract(address, name):
    with open(os.path.join(os.environ["ARTIFACTS"], f"{name}.json")) as f:
        return w3.eth.contract(address=address, abi=json.load(f)["abi"])


identity = contract("0x8004A818BFB912233c491871b3d84c89A494BD9e", "IIdentityRegistry")
reputation = contract("0x8004B663056A597Dffe9eCcC1965A193B7388713", "IReputationRegistry")
validation = contract("0x8004Cb1BF31DAf7788923b405b754f57acEB4272", "IValidationRegistry")


def step(text):
    print(f"ok web3.py: registries: {text}", flush=True)


def function(registry, signature, args):
    used.add((registry.address, signature))
    return registry.get_function_by_signature(signature)(*args)


def read(registry, signature, *args):
    return function(registry, signature, args).call()


def write(i, registry, signature, *args):
    account = accounts[i]
    fields = {"from": account.address, "nonce": w3.eth.get_transaction_count(account.address, "pending")}
    raw = account.sign_transaction(function(registry, signature, args).build_transaction(fields)).raw_transaction
    receipt = w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(raw), poll_latency=0.05)
    assert receipt["status"] == 1, signature
    return receipt


def events(registry, receipt, name):
    return [e["args"] for e in registry.events[name]().process_receipt(receipt, errors=DISCARD)]


def refused(i, text, registry, signature, *args):
    try:
        function(registry, signature, args).call({"from": accounts[i].address})
    except (ContractLogicError, ContractCustomError) as error:
        assert text in str(error), str(error)
        return
    raise AssertionError(f"{signature} was not refused")


for registry in (identity, reputation, validation):
    assert read(registry, "getVersion()") == "2.0.0" and read(registry, "owner()") == NOBODY
assert read(reputation, "getIdentityRegistry()") == read(validation, "getIdentityRegistry()") == identity.address
assert (read(identity, "name()"), read(identity, "symbol()")) == ("AgentIdentity", "AGENT")
assert read(identity, "supportsInterface(bytes4)", bytes.fromhex("80ac58cd"))
step("names and versions")

first = read(identity, "totalSupply()")
write(0, identity, "register()")
receipt = write(0, identity, "register(string)", "ipfs://echo")
agent = first + 1
assert events(identity, receipt, "Registered")[0]["agentId"] == agent
assert events(identity, receipt, "MetadataSet")[0]["metadataValue"] == bytes.fromhex(owner[2:])
write(0, identity, "register(string,(string,bytes)[])", "ipfs://third", [("name", b"echo")])
assert read(identity, "getMetadata(uint256,string)", agent + 1, "name") == b"echo"
assert read(identity, "tokenByIndex(uint256)", agent) == agent and read(identity, "balanceOf(address)", owner) == 3
assert read(identity, "ownerOf(uint256)", agent) == owner
write(0, identity, "setAgentURI(uint256,string)", agent, "ipfs://new")
assert read(identity, "tokenURI(uint256)", agent) == read(identity, "agentURI(uint256)", agent) == "ipfs://new"
write(0, identity, "setMetadata(uint256,string,bytes)", agent, "k", b"v")
refused(1, "Not authorized", identity, "setMetadata(uint256,string,bytes)", agent, "k", b"")
refused(0, "reserved key", identity, "setMetadata(uint256,string,bytes)", agent, "agentWallet", b"")
refused(0, "0x7e273289", identity, "ownerOf(uint256)", 10**9)
step("register, URI, metadata, refusals")

_, name, version, chain_id, verifying_contract, _, _ = read(identity, "eip712Domain()")
deadline = w3.eth.get_block("latest")["timestamp"] + 200
kinds = (("agentId", "uint256"), ("newWallet", "address"), ("owner", "address"), ("deadline", "uint256"))
proof = accounts[2].sign_typed_data(
    {"name": name, "version": version, "chainId": chain_id, "verifyingContract": verifying_contract},
    {"AgentWalletSet": [{"name": n, "type": t} for n, t in kinds]},
    {"agentId": agent, "newWallet": hot, "owner": owner, "deadline": deadline},
)
write(0, identity, "setAgentWallet(uint256,address,uint256,bytes)", agent, hot, deadline, proof.signature)
assert read(identity, "getAgentWallet(uint256)", agent) == hot
write(0, identity, "unsetAgentWallet(uint256)", agent)
assert read(identity, "getAgentWallet(uint256)", agent) == NOBODY
step("wallet by EIP-712 proof")

write(0, identity, "approve(address,uint256)", hot, agent)
assert read(identity, "getApproved(uint256)", agent) == hot
write(0, identity, "setApprovalForAll(address,bool)", hot, True)
assert read(identity, "isApprovedForAll(address,address)", owner, hot)
assert read(identity, "isAuthorizedOrOwner(address,uint256)", hot, agent)
write(2, identity, "transferFrom(address,address,uint256)", owner, buyer, first)
write(1, identity, "safeTransferFrom(address,address,uint256)", buyer, owner, first)
write(0, identity, "safeTransferFrom(address,address,uint256,bytes)", owner, buyer, first, b"x")
step("ERC-721")

GIVE = "giveFeedback(uint256,int128,uint8,string,string,string,string,bytes32)"
for value, decimals, tag2 in ((9977, 2, ""), (87, 0, "fast"), (88, 0, "")):
    receipt = write(1, reputation, GIVE, agent, value, decimals, "quality", tag2, "https://echo", "ipfs://said", b"\1" * 32)
    assert events(reputation, receipt, "NewFeedback")[0]["value"] == value
SUMMARY = "getSummary(uint256,address[],string,string)"
assert read(reputation, SUMMARY, agent, [buyer], "", "") == [3, 91, 0]
assert read(reputation, SUMMARY, agent, [buyer, buyer], "quality", "fast") == [2, 87, 0]
write(1, reputation, "revokeFeedback(uint256,uint64)", agent, 2)
assert read(reputation, "readFeedback(uint256,address,uint64)", agent, buyer, 2) == [87, 0, "quality", "fast", True]
write(2, reputation, "appendResponse(uint256,address,uint64,string,bytes32)", agent, buyer, 1, "ipfs://sorry", bytes(32))
assert read(reputation, "getResponseCount(uint256,address,uint64,address[])", agent, buyer, 0, [hot]) == 1
assert read(reputation, "readAllFeedback(uint256,address[],string,string,bool)", agent, [], "", "", True)[1] == [1, 2, 3]
assert read(reputation, "getClients(uint256)", agent) == [buyer]
assert read(reputation, "getLastIndex(uint256,address)", agent, buyer) == 3
assert read(reputation, "getClientsPage(uint256,uint64,uint64)", agent, 0, 1) == [[buyer], False]
assert read(reputation, "getFeedbackPage(uint256,address,uint64,uint64)", agent, buyer, 1, 1)[6] is True
assert read(reputation, "getVerifiedSummary(uint256,string)", agent, "opml") == [0, 0, 0, 0]
refused(0, "Self-feedback not allowed", reputation, GIVE, agent, 1, 0, "", "", "", "", bytes(32))
step("reputation")

work = w3.keccak(text=f"web3.py {first}")
write(0, validation, "validationRequest(address,uint256,string,bytes32)", buyer, agent, "ipfs://work", work)
write(1, validation, "validationResponse(bytes32,uint8,string,bytes32,string)", work, 80, "ipfs://fine", work, "opml")
assert read(validation, "getValidationStatus(bytes32)", work)[2:5] == [80, work, "opml"]
assert read(validation, "getSummary(uint256,address[],string)", agent, [], "opml") == [1, 80]
assert read(validation, "getAgentValidations(uint256)", agent) == [work]
assert read(validation, "getValidatorRequests(address)", buyer)[-1] == work
assert read(validation, "getAgentValidationsPage(uint256,uint64,uint64)", agent, 0, 1) == [[work], False]
assert len(read(validation, "getValidatorRequestsPage(address,uint64,uint64)", buyer, 0, 1)[0]) == 1
refused(0, "not validator", validation, "validationResponse(bytes32,uint8,string,bytes32,string)", work, 1, "", work, "")
step("validation")

for registry in (identity, reputation, validation):
    for each in registry.all_functions():
        signature = each.abi["name"] + "(" + ",".join(
            "(string,bytes)[]" if i["type"] == "tuple[]" else i["type"] for i in each.abi["inputs"]
        ) + ")"
        assert (registry.address, signature) in used, f"{signature} was not called"
step("every function was called")
