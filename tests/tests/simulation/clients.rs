//! Clients: accounts that send transfers to the node they trust, and hold it to its answers.

use super::machine::CHAIN_ID;
use super::rng::Rng;
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use assay_chain::Chain;
use std::collections::BTreeSet;
use tokio::runtime::Runtime;

/// Transactions that an account has on the way at most.
const OPEN_MAX: usize = 4;

struct Account {
    signer: PrivateKeySigner,
    nonce: u64,
    /// Sent and not known to be in a block.
    open: Vec<(B256, Bytes)>,
}

/// One account per node.
pub struct Clients {
    accounts: Vec<Account>,
    acknowledged: BTreeSet<B256>,
    runtime: Runtime,
}

impl Clients {
    pub fn new(nodes: usize) -> Self {
        let signer = |node: usize| PrivateKeySigner::from_bytes(&B256::repeat_byte(node as u8 + 1)).unwrap();
        let account = |node| Account { signer: signer(node), nonce: 0, open: Vec::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { accounts: (0..nodes).map(account).collect(), acknowledged: BTreeSet::new(), runtime }
    }

    pub fn addresses(&self) -> Vec<Address> {
        self.accounts.iter().map(|account| account.signer.address()).collect()
    }

    pub fn acknowledged(&self) -> &BTreeSet<B256> {
        &self.acknowledged
    }

    fn offer(&mut self, raw: Bytes, chain: &Chain) -> Option<B256> {
        let hash = self.runtime.block_on(chain.submit(raw)).ok()?;
        self.acknowledged.insert(hash);
        Some(hash)
    }

    /// Sends the next transaction of a node's account.
    pub fn submit(&mut self, rng: &mut Rng, node: usize, chain: &Chain) -> Option<B256> {
        let account = &mut self.accounts[node];
        account.open.retain(|(hash, _)| chain.transaction(*hash).ok().flatten().is_none());
        if account.open.len() >= OPEN_MAX {
            return None;
        }
        let tx = TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: account.nonce,
            gas_limit: 21_000,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: u128::from(rng.between(0, 1_000_000_000)),
            to: TxKind::Call(Address::repeat_byte(rng.between(1, 9) as u8)),
            value: U256::from(rng.between(1, 1_000_000)),
            ..TxEip1559::default()
        };
        let signature = account.signer.sign_hash_sync(&tx.signature_hash()).unwrap();
        let raw = Bytes::from(TxEnvelope::from(tx.into_signed(signature)).encoded_2718());
        let hash = self.offer(raw.clone(), chain)?;
        let account = &mut self.accounts[node];
        account.nonce += 1;
        account.open.push((hash, raw));
        Some(hash)
    }

    /// An answer survives a kill, not power loss: what is not in a block yet may be gone.
    pub fn on_power_loss(&mut self, node: usize) {
        for (hash, _) in &self.accounts[node].open {
            self.acknowledged.remove(hash);
        }
    }

    /// A node is back: its client sends again what it does not find in a block.
    pub fn on_start(&mut self, node: usize, chain: &Chain) {
        let open = std::mem::take(&mut self.accounts[node].open);
        for (hash, raw) in open {
            if chain.transaction(hash).ok().flatten().is_none() {
                self.offer(raw.clone(), chain);
                self.accounts[node].open.push((hash, raw));
            } else {
                self.acknowledged.insert(hash);
            }
        }
    }

    /// Sends everything that is in no block yet to all nodes, as gossip would: whoever was asked may propose late.
    pub fn spread(&self, chains: &[Chain]) {
        for (hash, raw) in self.accounts.iter().flat_map(|account| &account.open) {
            for chain in chains.iter().filter(|chain| chain.transaction(*hash).ok().flatten().is_none()) {
                // The node's answer is no promise here: another one acknowledged it.
                drop(self.runtime.block_on(chain.submit(raw.clone())));
            }
        }
    }

    /// Whether all that was acknowledged is in a block.
    pub fn settled(&self, chain: &Chain) -> bool {
        self.acknowledged.iter().all(|hash| chain.transaction(*hash).ok().flatten().is_some())
    }
}
