//! The native ERC-8004 registries against `tests/clients/contracts/Registries.sol` on the same executor: the same random
//! calls to both, equal answers, refusals and events.

use super::chain::{Chain, Key, spec};
use crate::SYSTEM_ADDRESS;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_sol_types::{SolCall, SolError as _, SolValue as _, sol};
use assay_abi::errors::Reentrant;
use assay_abi::identity::{
    IIdentityRegistry as identity, IReputationRegistry as reputation, IValidationRegistry as validation, Registries,
};
use assay_identity::Genesis;
use assay_identity::identity::wallet::{AgentWalletSet, digest};
use assay_kernel::MemoryState;
use assay_vm::{BlockEnvironment, Executor, TxOutcome, TxRequest, TxStatus};
use proptest::prelude::*;

/// Init code, as the client tests' compiler makes it of the source; a client test compares.
const IDENTITY: &str = include_str!("../../data/reference-identity.hex");
const REPUTATION: &str = include_str!("../../data/reference-reputation.hex");
const VALIDATION: &str = include_str!("../../data/reference-validation.hex");
const RECEIVER: &str = include_str!("../../data/reference-receiver.hex");

const CHAIN_ID: u64 = 31_337;
const NATIVE: Registries = Registries::TEST;
const TAGS: [&str; 4] = ["", "a", "b", "a tag that takes more than one word to store, as some do"];

sol! {
    interface IReceiver {
        function be(uint8 next) external;
        function registerAt(address registry, string uri) external returns (uint256);
    }
}

/// One state with the native registries, the ones in Solidity, and a contract that receives agents.
struct Machine {
    chain: Chain,
    state: MemoryState,
    solidity: Registries,
    receiver: Address,
    time: u64,
}

impl Machine {
    fn new() -> Self {
        let mut spec = spec();
        // Agent 0 alone: the constructor of the Solidity registry makes that one too.
        spec.identity = Genesis::default();
        let chain = Chain::of(spec);
        let state = chain.state.clone();
        let mut machine = Self { chain, state, solidity: NATIVE, receiver: Address::ZERO, time: 1_800_000_000 };
        let identity = machine.deploy(IDENTITY, &SYSTEM_ADDRESS.abi_encode());
        let reputation = machine.deploy(REPUTATION, &identity.abi_encode());
        let validation = machine.deploy(VALIDATION, &identity.abi_encode());
        machine.solidity = Registries { identity, reputation, validation };
        machine.receiver = machine.deploy(RECEIVER, &[]);
        machine
    }

    fn run(&mut self, caller: Address, kind: TxKind, data: Bytes) -> TxOutcome {
        let block = BlockEnvironment { timestamp: self.time, gas_limit: 120_000_000, ..BlockEnvironment::default() };
        let executive = &self.chain.executive;
        let mut executor = Executor::new(&self.state, executive.rules(), block, executive.natives());
        let request = TxRequest { caller, kind, data, gas_limit: 16_000_000, ..TxRequest::default() };
        let outcome = executor.transact(&request).unwrap();
        let changes = executor.finish();
        self.state.apply(&changes);
        outcome
    }

    fn deploy(&mut self, code: &str, arguments: &[u8]) -> Address {
        let code = hex::decode(code.trim()).unwrap();
        let outcome = self.run(account(0), TxKind::Create, [&code[..], arguments].concat().into());
        assert!(outcome.is_success(), "{outcome:?}");
        outcome.created.unwrap()
    }

    fn call(&mut self, caller: Address, to: Address, call: &impl SolCall) -> TxOutcome {
        self.run(caller, to.into(), call.abi_encode().into())
    }

    /// The same call to both registries: equal ends, outputs and events.
    fn both<C: SolCall>(&mut self, caller: Address, which: fn(&Registries) -> Address, call: &C) -> TxOutcome {
        self.pair(caller, which, |_| call.abi_encode())
    }

    fn pair(
        &mut self,
        caller: Address,
        which: fn(&Registries) -> Address,
        input: impl Fn(&Registries) -> Vec<u8>,
    ) -> TxOutcome {
        let solidity = self.solidity;
        let native = self.run(caller, which(&NATIVE).into(), input(&NATIVE).into());
        let reference = self.run(caller, which(&solidity).into(), input(&solidity).into());
        same(&native, &reference, &solidity);
        native
    }
}

#[track_caller]
fn same(native: &TxOutcome, reference: &TxOutcome, solidity: &Registries) {
    assert!(!matches!(native.status, TxStatus::Halted(_)), "{native:?}");
    assert_eq!(native.status, reference.status, "{native:?} {reference:?}");
    assert_eq!(native.output, reference.output);
    let translated: Vec<_> = reference
        .logs
        .iter()
        .map(|log| {
            let address = match log.address {
                a if a == solidity.identity => NATIVE.identity,
                a if a == solidity.reputation => NATIVE.reputation,
                a if a == solidity.validation => NATIVE.validation,
                other => other,
            };
            alloy_primitives::Log { address, data: log.data.clone() }
        })
        .collect();
    assert_eq!(native.logs, translated);
}

fn account(number: u8) -> Address {
    Address::repeat_byte(0x21 + number)
}

fn signer() -> Key {
    Key::new(0x42)
}

#[derive(Clone, Debug)]
enum Op {
    Register { by: u8, form: u8, long: bool },
    SetUri { by: u8, agent: u8 },
    SetMetadata { by: u8, agent: u8, key: usize, length: usize },
    SetWallet { by: u8, agent: u8, late: u64, good: bool },
    UnsetWallet { by: u8, agent: u8 },
    Approve { by: u8, to: u8, agent: u8 },
    ApproveAll { by: u8, to: u8, approved: bool },
    Transfer { by: u8, from: u8, to: u8, agent: u8, safe: u8 },
    Mood { mood: u8 },
    RegisterReceiver,
    Give { by: u8, agent: u8, value: i128, decimals: u8, tag1: usize, tag2: usize },
    Revoke { by: u8, agent: u8, index: u64 },
    Respond { by: u8, agent: u8, client: u8, index: u64, empty: bool },
    Request { by: u8, agent: u8, validator: u8, hash: u8 },
    Answer { by: u8, hash: u8, response: u8, tag: usize },
    Wait { seconds: u64 },
}

fn op() -> impl Strategy<Value = Op> {
    let (who, agent) = (0u8..5, 0u8..5);
    let value = prop_oneof![3 => -300i128..300, 1 => any::<i128>(), 1 => -(10i128.pow(38))..=10i128.pow(38)];
    let decimals = prop_oneof![4 => Just(0u8), 3 => 0u8..=2, 2 => 0u8..=19];
    let identity = prop_oneof![
        4 => (0u8..4, 0u8..3, any::<bool>()).prop_map(|(by, form, long)| Op::Register { by, form, long }),
        1 => (who.clone(), agent.clone()).prop_map(|(by, agent)| Op::SetUri { by, agent }),
        2 => (who.clone(), agent.clone(), 0usize..5, 0usize..70)
            .prop_map(|(by, agent, key, length)| Op::SetMetadata { by, agent, key, length }),
        3 => (who.clone(), agent.clone(), 0u64..4, any::<bool>())
            .prop_map(|(by, agent, late, good)| Op::SetWallet { by, agent, late, good }),
        1 => (who.clone(), agent.clone()).prop_map(|(by, agent)| Op::UnsetWallet { by, agent }),
        2 => (who.clone(), 0u8..6, agent.clone()).prop_map(|(by, to, agent)| Op::Approve { by, to, agent }),
        1 => (who.clone(), 0u8..6, any::<bool>()).prop_map(|(by, to, approved)| Op::ApproveAll { by, to, approved }),
        4 => (who.clone(), who.clone(), 0u8..7, agent.clone(), 0u8..3)
            .prop_map(|(by, from, to, agent, safe)| Op::Transfer { by, from, to, agent, safe }),
        1 => (0u8..4).prop_map(|mood| Op::Mood { mood }),
        1 => Just(Op::RegisterReceiver),
        1 => (0u64..400).prop_map(|seconds| Op::Wait { seconds }),
    ];
    let others = prop_oneof![
        6 => (who.clone(), agent.clone(), value, decimals, 0usize..4, 0usize..4)
            .prop_map(|(by, agent, value, decimals, tag1, tag2)| Op::Give { by, agent, value, decimals, tag1, tag2 }),
        2 => (who.clone(), agent.clone(), 0u64..5).prop_map(|(by, agent, index)| Op::Revoke { by, agent, index }),
        2 => (who.clone(), agent.clone(), who.clone(), 0u64..5, any::<bool>())
            .prop_map(|(by, agent, client, index, empty)| Op::Respond { by, agent, client, index, empty }),
        3 => (who.clone(), agent, 0u8..6, 0u8..6)
            .prop_map(|(by, agent, validator, hash)| Op::Request { by, agent, validator, hash }),
        4 => (who, 0u8..6, 0u8..=101, 0usize..4)
            .prop_map(|(by, hash, response, tag)| Op::Answer { by, hash, response, tag }),
    ];
    prop_oneof![identity, others]
}

fn on_identity(registries: &Registries) -> Address {
    registries.identity
}

fn on_reputation(registries: &Registries) -> Address {
    registries.reputation
}

fn on_validation(registries: &Registries) -> Address {
    registries.validation
}

impl Machine {
    /// Accounts 0 to 4; then the receiver, and nobody.
    fn any_account(&self, number: u8) -> Address {
        match number {
            0..=4 => account(number),
            6 => self.receiver,
            _ => Address::ZERO,
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Register { .. } | Op::SetUri { .. } | Op::SetMetadata { .. } | Op::RegisterReceiver => self.write(op),
            Op::SetWallet { by, agent, late, good } => self.set_wallet(by, agent, late, good),
            Op::UnsetWallet { by, agent } => {
                self.both(account(by), on_identity, &identity::unsetAgentWalletCall { agentId: U256::from(agent) });
            }
            Op::Approve { by, to, agent } => {
                let call = identity::approveCall { to: self.any_account(to), tokenId: U256::from(agent) };
                self.both(account(by), on_identity, &call);
            }
            Op::ApproveAll { by, to, approved } => {
                let call = identity::setApprovalForAllCall { operator: self.any_account(to), approved };
                self.both(account(by), on_identity, &call);
            }
            Op::Transfer { by, from, to, agent, safe } => self.transfer(by, from, to, agent, safe),
            Op::Mood { mood } => {
                let receiver = self.receiver;
                assert!(self.call(account(0), receiver, &IReceiver::beCall { next: mood }).is_success());
            }
            Op::Wait { seconds } => self.time += seconds,
            Op::Give { .. } | Op::Revoke { .. } | Op::Respond { .. } => self.say(op),
            Op::Request { .. } | Op::Answer { .. } => self.check(op),
        }
    }

    fn write(&mut self, op: &Op) {
        let uri = |long: bool| if long { "ipfs://".repeat(20) } else { "u".to_owned() };
        match *op {
            Op::Register { by, form: 0, .. } => {
                self.both(account(by), on_identity, &identity::register_0Call {});
            }
            Op::Register { by, form: 1, long } => {
                self.both(account(by), on_identity, &identity::register_1Call { agentURI: uri(long) });
            }
            Op::Register { by, long, .. } => {
                let entry = |key: &str, value: &'static [u8]| identity::MetadataEntry {
                    metadataKey: key.to_owned(),
                    metadataValue: Bytes::from_static(value),
                };
                let mut metadata = vec![entry("a", b"1"), entry("", b"nameless"), entry("a", b"2")];
                if long {
                    metadata.push(entry("agentWallet", b"x"));
                }
                self.both(account(by), on_identity, &identity::register_2Call { agentURI: uri(false), metadata });
            }
            Op::SetUri { by, agent } => {
                let call = identity::setAgentURICall { agentId: U256::from(agent), newURI: uri(agent % 2 == 0) };
                self.both(account(by), on_identity, &call);
            }
            Op::SetMetadata { by, agent, key, length } => {
                let key = [TAGS[0], TAGS[1], TAGS[2], TAGS[3], "agentWallet"][key].to_owned();
                let value = vec![0xab; length].into();
                let call =
                    identity::setMetadataCall { agentId: U256::from(agent), metadataKey: key, metadataValue: value };
                self.both(account(by), on_identity, &call);
            }
            _ => {
                let (receiver, solidity) = (self.receiver, self.solidity);
                let call = |registry| IReceiver::registerAtCall { registry, uri: "r".into() };
                let native = self.call(account(0), receiver, &call(NATIVE.identity));
                let reference = self.call(account(0), receiver, &call(solidity.identity));
                same(&native, &reference, &solidity);
            }
        }
    }

    fn set_wallet(&mut self, by: u8, agent: u8, late: u64, good: bool) {
        let agent = U256::from(agent);
        let deadline = U256::from(self.time + [0, 300, 301, 100][late as usize % 4] - u64::from(late == 3) * 101);
        let asked = identity::ownerOfCall { tokenId: agent };
        let owner = self.call(account(0), NATIVE.identity, &asked).output;
        let owner = if owner.len() == 32 { Address::from_word(B256::from_slice(&owner)) } else { account(0) };
        let new_wallet = signer().address();
        self.pair(account(by), on_identity, |registries| {
            let owner = if good { owner } else { account(4) };
            let proof = AgentWalletSet { agentId: agent, newWallet: new_wallet, owner, deadline };
            let hash = digest(registries.identity, CHAIN_ID, &proof);
            let signature = signer().sign_hash(hash).as_bytes().to_vec().into();
            identity::setAgentWalletCall { agentId: agent, newWallet: new_wallet, deadline, signature }.abi_encode()
        });
    }

    fn transfer(&mut self, by: u8, from: u8, to: u8, agent: u8, safe: u8) {
        let (from, to, token) = (account(from), self.any_account(to), U256::from(agent));
        match safe {
            0 => self.both(account(by), on_identity, &identity::transferFromCall { from, to, tokenId: token }),
            1 => self.both(account(by), on_identity, &identity::safeTransferFrom_0Call { from, to, tokenId: token }),
            _ => {
                let call = identity::safeTransferFrom_1Call { from, to, tokenId: token, data: b"data".into() };
                self.both(account(by), on_identity, &call)
            }
        };
    }

    fn say(&mut self, op: &Op) {
        match *op {
            Op::Give { by, agent, value, decimals, tag1, tag2 } => {
                let call = reputation::giveFeedbackCall {
                    agentId: U256::from(agent),
                    value,
                    valueDecimals: decimals,
                    tag1: TAGS[tag1].into(),
                    tag2: TAGS[tag2].into(),
                    endpoint: "e".into(),
                    feedbackURI: "f".into(),
                    feedbackHash: B256::repeat_byte(by),
                };
                self.both(account(by), on_reputation, &call);
            }
            Op::Revoke { by, agent, index } => {
                let call = reputation::revokeFeedbackCall { agentId: U256::from(agent), feedbackIndex: index };
                self.both(account(by), on_reputation, &call);
            }
            Op::Respond { by, agent, client, index, empty } => {
                let call = reputation::appendResponseCall {
                    agentId: U256::from(agent),
                    clientAddress: account(client),
                    feedbackIndex: index,
                    responseURI: if empty { String::new() } else { "r".into() },
                    responseHash: B256::repeat_byte(1),
                };
                self.both(account(by), on_reputation, &call);
            }
            _ => {}
        }
    }

    fn check(&mut self, op: &Op) {
        match *op {
            Op::Request { by, agent, validator, hash } => {
                let call = validation::validationRequestCall {
                    validatorAddress: self.any_account(validator),
                    agentId: U256::from(agent),
                    requestURI: "q".into(),
                    requestHash: B256::with_last_byte(hash),
                };
                self.both(account(by), on_validation, &call);
            }
            Op::Answer { by, hash, response, tag } => {
                let call = validation::validationResponseCall {
                    requestHash: B256::with_last_byte(hash),
                    response,
                    responseURI: "a".into(),
                    responseHash: B256::repeat_byte(response),
                    tag: TAGS[tag].into(),
                };
                self.both(account(by), on_validation, &call);
            }
            _ => {}
        }
    }

    /// Everything that can be asked about agents 0 to 5.
    fn compare(&mut self) {
        let asker = account(3);
        for agent in (0..6).map(U256::from) {
            self.both(asker, on_identity, &identity::ownerOfCall { tokenId: agent });
            self.both(asker, on_identity, &identity::tokenURICall { tokenId: agent });
            self.both(asker, on_identity, &identity::getApprovedCall { tokenId: agent });
            self.both(asker, on_identity, &identity::getAgentWalletCall { agentId: agent });
            for key in TAGS.into_iter().chain(["agentWallet"]) {
                self.both(asker, on_identity, &identity::getMetadataCall { agentId: agent, metadataKey: key.into() });
            }
            for spender in (0..7).map(|number| self.any_account(number)).collect::<Vec<_>>() {
                self.both(asker, on_identity, &identity::isAuthorizedOrOwnerCall { spender, agentId: agent });
                self.both(asker, on_identity, &identity::balanceOfCall { owner: spender });
            }
            self.compare_feedback(agent);
            self.both(asker, on_validation, &validation::getAgentValidationsCall { agentId: agent });
            for validators in [vec![], vec![account(0), account(1), account(0)], vec![Address::ZERO]] {
                for tag in TAGS {
                    let validators = validators.clone();
                    let call =
                        validation::getSummaryCall { agentId: agent, validatorAddresses: validators, tag: tag.into() };
                    self.both(asker, on_validation, &call);
                }
            }
        }
        for number in 0..7 {
            let call = validation::getValidationStatusCall { requestHash: B256::with_last_byte(number) };
            self.both(asker, on_validation, &call);
            let call = validation::getValidatorRequestsCall { validatorAddress: self.any_account(number) };
            self.both(asker, on_validation, &call);
        }
        for id in [0x01ff_c9a7u32, 0x80ac_58cd, 0x4906_4906, 0x1234_5678] {
            self.both(asker, on_identity, &identity::supportsInterfaceCall { interfaceId: id.to_be_bytes().into() });
        }
    }

    fn compare_feedback(&mut self, agent: U256) {
        let asker = account(3);
        self.both(asker, on_reputation, &reputation::getClientsCall { agentId: agent });
        let lists = [vec![], vec![account(1)], vec![account(0), account(2), account(0), account(9)]];
        for list in lists {
            for (tag1, tag2) in [("", ""), ("a", ""), ("", "b"), ("a", "b"), (TAGS[3], ""), ("unused", "")] {
                let (tag1, tag2, clients) = (tag1.to_owned(), tag2.to_owned(), list.clone());
                let call = reputation::readAllFeedbackCall {
                    agentId: agent,
                    clientAddresses: clients.clone(),
                    tag1: tag1.clone(),
                    tag2: tag2.clone(),
                    includeRevoked: tag1.is_empty(),
                };
                self.both(asker, on_reputation, &call);
                let call = reputation::getSummaryCall { agentId: agent, clientAddresses: clients, tag1, tag2 };
                self.both(asker, on_reputation, &call);
            }
            for (client, index) in [(Address::ZERO, 0), (account(0), 0), (account(0), 1), (account(1), 2)] {
                let call = reputation::getResponseCountCall {
                    agentId: agent,
                    clientAddress: client,
                    feedbackIndex: index,
                    responders: list.clone(),
                };
                self.both(asker, on_reputation, &call);
                let call = reputation::readFeedbackCall { agentId: agent, clientAddress: client, feedbackIndex: index };
                self.both(asker, on_reputation, &call);
            }
        }
        for client in (0..5).map(account) {
            self.both(asker, on_reputation, &reputation::getLastIndexCall { agentId: agent, clientAddress: client });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn registries_answer_refuse_and_say_the_same_as_in_solidity(ops in prop::collection::vec(op(), 20..120)) {
        let mut machine = Machine::new();
        // Somebody to talk about, whatever the rest is.
        machine.apply(&Op::Register { by: 0, form: 2, long: false });
        machine.apply(&Op::Register { by: 1, form: 1, long: true });
        for op in &ops {
            machine.apply(op);
        }
        machine.compare();
        assay_identity::invariants::check(&machine.state, NATIVE).unwrap();
    }
}

#[test]
fn a_contract_that_moves_its_agent_while_it_is_registered_is_refused() {
    let mut machine = Machine::new();
    let receiver = machine.receiver;
    assert!(machine.call(account(0), receiver, &IReceiver::beCall { next: 4 }).is_success());
    let register = IReceiver::registerAtCall { registry: NATIVE.identity, uri: "u".into() };
    let refused = machine.call(account(0), receiver, &register);
    assert_eq!(refused.status, TxStatus::Reverted);
    assert_eq!(refused.output, Bytes::from(Reentrant {}.abi_encode()));
    let count = machine.call(account(0), NATIVE.identity, &identity::totalSupplyCall {});
    assert_eq!(count.output, Bytes::from(U256::ONE.abi_encode()));
    assert!(machine.call(account(0), receiver, &IReceiver::beCall { next: 0 }).is_success());
    assert!(machine.call(account(0), receiver, &register).is_success());
}

#[test]
fn a_summary_costs_the_same_however_long_the_history_is() {
    let mut machine = Machine::new();
    machine.apply(&Op::Register { by: 0, form: 0, long: false });
    let clients = vec![account(1)];
    let call = reputation::getSummaryCall {
        agentId: U256::ONE,
        clientAddresses: clients,
        tag1: "a".into(),
        tag2: String::new(),
    };
    let solidity = machine.solidity;
    let mut prices = Vec::new();
    for entries in 1..=100 {
        machine.apply(&Op::Give { by: 1, agent: 1, value: i128::from(entries), decimals: 0, tag1: 1, tag2: 0 });
        if [1, 100].contains(&entries) {
            let native = machine.call(account(0), NATIVE.reputation, &call).gas_used;
            let looped = machine.call(account(0), solidity.reputation, &call).gas_used;
            println!("getSummary over {entries}: {native} gas, in Solidity {looped}");
            prices.push((native, looped));
        }
    }
    assert_eq!(prices[0].0, prices[1].0);
    assert!(prices[0].0 < prices[0].1 && prices[1].0 * 10 < prices[1].1, "{prices:?}");
}
