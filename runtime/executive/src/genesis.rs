//! The first state and its header.

use crate::Executive;
use alloy_primitives::{Address, B256, Bloom, Bytes, U256, keccak256};
use assay_abi::staking::STAKING;
use assay_abi::{NATIVE_CODE, NATIVE_NONCE};
use assay_genesis::SpecError;
use assay_kernel::{AccountChange, AccountRecord, MemoryState, NativeCalls as _, StateChanges};
use assay_primitives::header::HeaderParts;
use assay_primitives::{BlockId, ExecutionHeader};
use assay_trie::{Account, EMPTY_ROOT, state_root};
use assay_vm::{BlockEnvironment, Executor};

/// Block 0.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Its header; the extra data are the hash of the specification.
    pub header: ExecutionHeader,
    /// The whole first state, as changes to an empty one.
    pub changes: StateChanges,
    /// Id that block 1 names as its parent: zero.
    pub block_id: BlockId,
}

/// The root of a state in memory.
pub fn memory_root(state: &MemoryState) -> B256 {
    state_root(state.accounts().map(|(address, account)| {
        let record = Account { nonce: account.nonce, balance: account.balance, code_hash: account.code_hash };
        (*address, record, state.slots(address).map(|(slot, value)| (*slot, *value)))
    }))
}

impl Executive {
    /// The first state and header of the chain.
    ///
    /// # Errors
    /// `Shipped` where the contracts shipped with this build are damaged; `Module` where a native module cannot make its
    /// first state of its part of the specification.
    pub fn init_chain(&self) -> Result<Genesis, SpecError> {
        let mut changes = self.first_accounts()?;
        let mut state = MemoryState::default();
        state.apply(&changes);
        let made = self.module_states(&state)?;
        state.apply(&made);
        changes.extend(made);
        let params = self.params();
        let header = HeaderParts {
            parent_hash: B256::ZERO,
            number: 0,
            timestamp: self.spec().genesis_time_ms.seconds(),
            beneficiary: Address::ZERO,
            randomness: self.spec().randomness,
            state_root: memory_root(&state),
            transactions_root: EMPTY_ROOT,
            receipts_root: EMPTY_ROOT,
            logs_bloom: Bloom::ZERO,
            gas_limit: params.gas_limit,
            gas_used: 0,
            base_fee_per_gas: params.base_fee.initial,
            extra_data: BlockId(self.spec_hash()),
        }
        .into_header();
        Ok(Genesis { header, changes, block_id: BlockId::default() })
    }

    fn first_accounts(&self) -> Result<StateChanges, SpecError> {
        let mut changes = StateChanges::default();
        for (address, account) in &self.spec().alloc.0 {
            let slots = account.storage.iter().map(|(slot, value)| ((*slot).into(), (*value).into())).collect();
            place(&mut changes, *address, account.nonce, account.balance, &account.code).slots = slots;
        }
        for predeploy in &self.spec().predeploys {
            let contract = predeploy.contract()?;
            place(&mut changes, contract.address, 1, U256::ZERO, &contract.code);
        }
        for address in self.natives().addresses() {
            let alloc = self.spec().alloc.0.get(address).map(|account| account.balance).unwrap_or_default();
            let staked = if *address == STAKING { self.spec().staked() } else { U256::ZERO };
            let balance = alloc.saturating_add(staked);
            place(&mut changes, *address, NATIVE_NONCE, balance, &Bytes::from_static(&NATIVE_CODE));
        }
        Ok(changes)
    }

    /// What the native modules make of the specification, in their order, over the accounts.
    fn module_states(&self, accounts: &MemoryState) -> Result<StateChanges, SpecError> {
        let block = BlockEnvironment {
            number: 0,
            timestamp: self.spec().genesis_time_ms.seconds(),
            gas_limit: self.params().gas_limit,
            prevrandao: self.spec().randomness,
            ..BlockEnvironment::default()
        };
        let mut executor = Executor::new(accounts, self.rules(), block, self.natives());
        self.natives().genesis(&mut executor, self.spec())?;
        Ok(executor.finish())
    }
}

fn place<'a>(
    changes: &'a mut StateChanges,
    address: Address,
    nonce: u64,
    balance: U256,
    code: &Bytes,
) -> &'a mut AccountChange {
    let code_hash = keccak256(code);
    if !code.is_empty() {
        changes.code.insert(code_hash, code.clone());
    }
    let change = changes.accounts.entry(address).or_default();
    change.account = Some(AccountRecord { nonce, balance, code_hash });
    change
}
