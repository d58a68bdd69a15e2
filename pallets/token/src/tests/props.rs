//! Random calls against a naive model: maps of numbers and the rules of the README, one line each.

use super::*;
use crate::{error, invariants};
use assay_abi::token::INativeToken as I;
use assay_kernel::storage::map_slot;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const ACTORS: usize = 6;

fn actor(index: usize) -> Address {
    match index {
        4 => ALICE,
        5 => OWNER,
        index => Key::new(u8::try_from(index).unwrap()).address(),
    }
}

#[derive(Clone, Debug)]
enum Op {
    Transfer {
        from: usize,
        to: usize,
        value: u64,
    },
    TransferFrom {
        spender: usize,
        from: usize,
        to: usize,
        value: u64,
    },
    Approve {
        owner: usize,
        spender: usize,
        value: u64,
    },
    /// A signed transfer by a key, sent by anybody; `stale` signs another nonce than it sends.
    Authorized {
        from: usize,
        to: usize,
        value: u64,
        nonce: u8,
        stale: bool,
    },
    Cancel {
        from: usize,
        nonce: u8,
    },
    Permit {
        owner: usize,
        spender: usize,
        value: u64,
        ahead: u64,
    },
    Pause(bool),
    Block {
        account: usize,
        blocked: bool,
    },
    Configure {
        minter: usize,
        allowed: u64,
    },
    RemoveMinter {
        minter: usize,
    },
    Mint {
        minter: usize,
        to: usize,
        amount: u64,
    },
    Burn {
        minter: usize,
        amount: u64,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let who = 0..ACTORS;
    let key = 0..4usize;
    let value = prop_oneof![0u64..400, 900u64..1_500];
    prop_oneof![
        6 => (who.clone(), who.clone(), value.clone()).prop_map(|(from, to, value)| Op::Transfer { from, to, value }),
        4 => (who.clone(), who.clone(), who.clone(), value.clone())
            .prop_map(|(spender, from, to, value)| Op::TransferFrom { spender, from, to, value }),
        3 => (who.clone(), who.clone(), value.clone())
            .prop_map(|(owner, spender, value)| Op::Approve { owner, spender, value }),
        5 => (key.clone(), who.clone(), value.clone(), 0u8..4, prop::bool::weighted(0.2))
            .prop_map(|(from, to, value, nonce, stale)| Op::Authorized { from, to, value, nonce, stale }),
        1 => (key.clone(), 0u8..4).prop_map(|(from, nonce)| Op::Cancel { from, nonce }),
        2 => (key, who.clone(), value.clone(), 0u64..2)
            .prop_map(|(owner, spender, value, ahead)| Op::Permit { owner, spender, value, ahead }),
        1 => prop::bool::weighted(0.3).prop_map(Op::Pause),
        1 => (who.clone(), prop::bool::weighted(0.4)).prop_map(|(account, blocked)| Op::Block { account, blocked }),
        1 => (who.clone(), value.clone()).prop_map(|(minter, allowed)| Op::Configure { minter, allowed }),
        1 => who.clone().prop_map(|minter| Op::RemoveMinter { minter }),
        3 => (who.clone(), who.clone(), value.clone())
            .prop_map(|(minter, to, amount)| Op::Mint { minter, to, amount }),
        2 => (who, value).prop_map(|(minter, amount)| Op::Burn { minter, amount }),
    ]
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    balances: [u64; ACTORS],
    allowances: BTreeMap<(usize, usize), u64>,
    used: BTreeSet<(usize, u8)>,
    permits: [u64; ACTORS],
    blocked: BTreeSet<usize>,
    minters: BTreeMap<usize, u64>,
    paused: bool,
}

type Said = Result<(), &'static str>;

fn need(holds: bool, otherwise: &'static str) -> Said {
    if holds { Ok(()) } else { Err(otherwise) }
}

impl Model {
    fn free(&self, accounts: &[usize]) -> Said {
        need(accounts.iter().all(|account| !self.blocked.contains(account)), error::BLOCKED)
    }

    fn shift(&mut self, from: usize, to: usize, value: u64) -> Said {
        self.free(&[from, to])?;
        need(self.balances[from] >= value, error::BALANCE)?;
        self.balances[from] -= value;
        self.balances[to] += value;
        Ok(())
    }

    fn minter(&self, minter: usize) -> Said {
        need(!self.paused, error::PAUSED)?;
        need(self.minters.contains_key(&minter), error::NOT_MINTER)?;
        self.free(&[minter])
    }

    /// What a call does and answers; on a refusal the caller throws the changed model away.
    fn apply(&mut self, op: &Op) -> Said {
        match *op {
            Op::Pause(paused) => self.paused = paused,
            Op::Block { account, blocked: true } => drop(self.blocked.insert(account)),
            Op::Block { account, blocked: false } => drop(self.blocked.remove(&account)),
            Op::RemoveMinter { minter } => drop(self.minters.remove(&minter)),
            Op::Mint { minter, to, amount } => {
                self.minter(minter)?;
                self.free(&[to])?;
                need(amount > 0, error::MINT_NOTHING)?;
                need(self.minters[&minter] >= amount, error::MINT_ALLOWANCE)?;
                *self.minters.get_mut(&minter).unwrap() -= amount;
                self.balances[to] += amount;
            }
            Op::Burn { minter, amount } => {
                self.minter(minter)?;
                need(amount > 0, error::BURN_NOTHING)?;
                need(self.balances[minter] >= amount, error::BURN_BALANCE)?;
                self.balances[minter] -= amount;
            }
            _ if self.paused => return Err(error::PAUSED),
            Op::Configure { minter, allowed } => drop(self.minters.insert(minter, allowed)),
            Op::Transfer { from, to, value } => self.shift(from, to, value)?,
            Op::TransferFrom { spender, from, to, value } => {
                self.free(&[spender])?;
                let allowed = self.allowances.entry((from, spender)).or_default();
                need(*allowed >= value, error::ALLOWANCE)?;
                *allowed -= value;
                self.shift(from, to, value)?;
            }
            Op::Approve { owner, spender, value } => drop(self.allowances.insert((owner, spender), value)),
            Op::Authorized { from, to, value, nonce, stale } => {
                self.free(&[from, to])?;
                need(self.used.insert((from, nonce)), error::USED)?;
                need(!stale, error::SIGNATURE)?;
                self.shift(from, to, value)?;
            }
            Op::Cancel { from, nonce } => need(self.used.insert((from, nonce)), error::USED)?,
            Op::Permit { owner, spender, value, ahead } => {
                need(ahead == 0, error::PERMIT_SIGNATURE)?;
                self.permits[owner] += 1;
                self.allowances.insert((owner, spender), value);
            }
        }
        Ok(())
    }
}

fn key(index: usize) -> Key {
    Key::new(u8::try_from(index).unwrap())
}

fn authorized(from: usize, to: usize, value: u64, nonce: u8, stale: bool) -> I::transferWithAuthorization_1Call {
    let text = "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,\
                bytes32 nonce)";
    let (payer, to, value) = (actor(from), actor(to), U256::from(value));
    let (after, before) = (U256::ZERO, U256::MAX);
    let signed = B256::with_last_byte(if stale { nonce + 100 } else { nonce });
    let signature = key(from).sign(typed(domain(), text, (payer, to, value, after, before, signed)));
    I::transferWithAuthorization_1Call {
        from: payer,
        to,
        value,
        validAfter: after,
        validBefore: before,
        nonce: B256::with_last_byte(nonce),
        signature: signature.into(),
    }
}

fn input(op: &Op, permits: &[u64; ACTORS]) -> (Address, Vec<u8>) {
    let number = |value: u64| U256::from(value);
    match *op {
        Op::Transfer { from, to, value } => {
            (actor(from), I::transferCall { to: actor(to), value: number(value) }.abi_encode())
        }
        Op::TransferFrom { spender, from, to, value } => (
            actor(spender),
            I::transferFromCall { from: actor(from), to: actor(to), value: number(value) }.abi_encode(),
        ),
        Op::Approve { owner, spender, value } => {
            (actor(owner), I::approveCall { spender: actor(spender), value: number(value) }.abi_encode())
        }
        Op::Authorized { from, to, value, nonce, stale } => {
            (CAROL, authorized(from, to, value, nonce, stale).abi_encode())
        }
        Op::Cancel { from, nonce } => {
            let (authorizer, nonce) = (actor(from), B256::with_last_byte(nonce));
            let text = "CancelAuthorization(address authorizer,bytes32 nonce)";
            let signature = key(from).sign(typed(domain(), text, (authorizer, nonce))).into();
            (CAROL, I::cancelAuthorization_1Call { authorizer, nonce, signature }.abi_encode())
        }
        Op::Permit { owner, spender, value, ahead } => {
            let text = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
            let nonce = number(permits[owner] + ahead);
            let (owner, signer) = (actor(owner), key(owner));
            let (spender, value, deadline) = (actor(spender), number(value), U256::MAX);
            let signature = signer.sign(typed(domain(), text, (owner, spender, value, nonce, deadline))).into();
            (CAROL, I::permit_1Call { owner, spender, value, deadline, signature }.abi_encode())
        }
        Op::Pause(true) => (OWNER, I::pauseCall {}.abi_encode()),
        Op::Pause(false) => (OWNER, I::unpauseCall {}.abi_encode()),
        Op::Block { account, blocked: true } => (OWNER, I::blacklistCall { account: actor(account) }.abi_encode()),
        Op::Block { account, blocked: false } => (OWNER, I::unBlacklistCall { account: actor(account) }.abi_encode()),
        Op::Configure { minter, allowed } => {
            let call = I::configureMinterCall { minter: actor(minter), minterAllowedAmount: number(allowed) };
            (OWNER, call.abi_encode())
        }
        Op::RemoveMinter { minter } => (OWNER, I::removeMinterCall { minter: actor(minter) }.abi_encode()),
        Op::Mint { minter, to, amount } => {
            (actor(minter), I::mintCall { to: actor(to), amount: number(amount) }.abi_encode())
        }
        Op::Burn { minter, amount } => (actor(minter), I::burnCall { amount: number(amount) }.abi_encode()),
    }
}

/// Every slot of the token is one that the model explains.
fn check_slots(world: &World, model: &Model) {
    let slot = |at: U256| world.host.slot(DEFAULT_TOKEN, at);
    let mut expected = 0;
    let mut count = |word: U256| expected += usize::from(!word.is_zero());
    for (index, balance) in model.balances.iter().enumerate() {
        let word = slot(map_slot("token.holdings", &actor(index)));
        let blocked = if model.blocked.contains(&index) { U256::from(1) << 255 } else { U256::ZERO };
        assert_eq!(word, U256::from(*balance) | blocked);
        count(word);
        let permits = slot(map_slot("token.permits", &actor(index)));
        assert_eq!(permits, U256::from(model.permits[index]));
        count(permits);
    }
    for ((owner, spender), value) in &model.allowances {
        let word = slot(map_slot("token.allowances", &(actor(*owner), actor(*spender))));
        assert_eq!(word, U256::from(*value));
        count(word);
    }
    for (minter, allowed) in &model.minters {
        assert_eq!(slot(map_slot("token.minters", &actor(*minter))), U256::ONE);
        let word = slot(map_slot("token.mintable", &actor(*minter)));
        assert_eq!(word, U256::from(*allowed));
        count(word);
        count(U256::ONE);
    }
    for (from, nonce) in &model.used {
        let word = slot(map_slot("token.authorizations", &(actor(*from), B256::with_last_byte(*nonce))));
        assert_eq!(word, U256::ONE);
        count(word);
    }
    // Names (two words), domain, control; supply where there is one.
    count(U256::from(model.balances.iter().sum::<u64>()));
    assert_eq!(world.host.slot_count(DEFAULT_TOKEN), expected + 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_token_is_its_model(ops in prop::collection::vec(op(), 1..60)) {
        let mut world = World::new();
        let mut model = Model { balances: [1_000, 1_000, 1_000, 1_000, 1_000, 0], ..Model::default() };
        let holders: Vec<Address> = (0..ACTORS).map(actor).collect();
        for op in &ops {
            let (caller, input) = input(op, &model.permits);
            let mut after = model.clone();
            let expected = after.apply(op);
            let said = world.host.send(caller, DEFAULT_TOKEN, TOKEN_ENTRIES, &input);
            match (expected, said) {
                (Ok(()), Ok(_)) => model = after,
                (Err(reason), Err(CallError::Reverted(reverted))) => {
                    prop_assert_eq!(Revert::abi_decode(&reverted.data).unwrap().reason, reason, "{:?}", op);
                }
                (expected, said) => prop_assert!(false, "{:?}: {:?}, {:?}", op, expected, said),
            }
            check_slots(&world, &model);
        }
        let view = world.view();
        invariants::check(&view).unwrap();
        invariants::check_supply(&view, DEFAULT_TOKEN, &holders).unwrap();
    }
}
