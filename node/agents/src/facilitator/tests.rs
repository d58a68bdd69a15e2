//! The facilitator against a stub of a node whose every answer the test decides.

mod bodies;
mod http;
mod memory;
mod refusals;
mod settling;
mod stub;

use super::payment::{Authorization, Payment, Terms, TokenDomain};
use super::{Facilitator, FacilitatorConfig};
use alloy_primitives::{Address, B256, U256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use assay_abi::token::DEFAULT_TOKEN;
use std::sync::Arc;
use stub::Stub;

const CHAIN_ID: u64 = 31337;
const PAYEE: Address = Address::repeat_byte(0xbb);

fn key(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_slice(&[number; 32]).unwrap()
}

/// What a payer with key 9 signs for 5 units.
fn payment(nonce: u8) -> Payment {
    let authorization = Authorization {
        from: key(9).address(),
        to: PAYEE,
        value: U256::from(5),
        valid_after: U256::ZERO,
        valid_before: U256::from(u64::MAX),
        nonce: B256::repeat_byte(nonce),
    };
    let terms = Terms {
        scheme: "exact".to_owned(),
        network: "eip155:31337".to_owned(),
        asset: DEFAULT_TOKEN,
        amount: U256::from(5),
        pay_to: PAYEE,
        name: Some("assayUSD".to_owned()),
        version: Some("2".to_owned()),
        delivers_once: false,
    };
    let (scheme, network) = (terms.scheme.clone(), terms.network.clone());
    sign(Payment { scheme, network, authorization, signature: Default::default(), terms })
}

/// Signs again what was changed.
fn sign(payment: Payment) -> Payment {
    let domain = TokenDomain {
        name: "assayUSD".to_owned(),
        version: "2".to_owned(),
        chain_id: U256::from(CHAIN_ID),
        token: DEFAULT_TOKEN,
    };
    let signature = key(9).sign_hash_sync(&domain.digest(&payment.authorization)).unwrap();
    Payment { signature: signature.as_bytes().to_vec().into(), ..payment }
}

fn config(stub: &Stub) -> FacilitatorConfig {
    FacilitatorConfig::new(stub.url.clone(), "127.0.0.1:0".parse().unwrap())
}

async fn facilitator(config: FacilitatorConfig, keys: u8) -> Arc<Facilitator> {
    Arc::new(Facilitator::assemble(config, (1..=keys).map(key).collect()).await.unwrap())
}

/// Runs a test on a runtime of several threads.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
}
