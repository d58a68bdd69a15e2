//! Errors: codes, words and data that clients and agents rely on.

use crate::error::RpcError;
use crate::revert::{Reason, name_frames};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::{Panic, PanicKind, Revert, SolCall as _, SolError as _};
use assay_abi::errors::{NoDelegate, UnknownSelector};
use assay_abi::escrow::ESCROW;
use assay_abi::escrow::IEscrow::jobCounterCall;
use assay_abi::escrow::IEscrowErrors::BudgetMismatch;
use assay_abi::identity::IIdentityRegistry::ERC721OutOfBoundsIndex;
use assay_abi::staking::IStaking::InvalidRole;
use assay_abi::token::INativeTokenFactory::isTokenCall;
use assay_abi::token::TOKEN_FACTORY;
use assay_chain::{CallError, PoolError, ReadError, SubmitError, WaitError};
use assay_primitives::TxError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{Value, json};

fn wire(error: impl Into<RpcError>) -> Value {
    serde_json::to_value(ErrorObjectOwned::from(error.into())).unwrap()
}

#[test]
fn reverts_say_why_and_carry_the_raw_data() {
    let panic = Panic::from(PanicKind::UnderOverflow).abi_encode();
    for (data, message) in [
        (Revert::from("too late").abi_encode(), "execution reverted: too late"),
        (NoDelegate {}.abi_encode(), "execution reverted: NoDelegate()"),
        (InvalidRole { role: 7 }.abi_encode(), "execution reverted: InvalidRole(7)"),
        (BudgetMismatch {}.abi_encode(), "execution reverted: BudgetMismatch()"),
        // An argument is missing: nothing is claimed of it.
        (InvalidRole::SELECTOR.to_vec(), "execution reverted"),
        (Vec::new(), "execution reverted"),
        (vec![1, 2, 3], "execution reverted"),
        (hex!("08c379a0ffff").to_vec(), "execution reverted"),
    ] {
        let error = wire(CallError::Reverted(Bytes::from(data.clone())));
        assert_eq!(error, json!({ "code": 3, "message": message, "data": Bytes::from(data) }));
    }
    let error = wire(CallError::Reverted(Bytes::from(panic)));
    assert!(error["message"].as_str().unwrap().contains("overflow"), "{error}");
}

#[test]
fn custom_errors_are_decoded_with_their_arguments() {
    let owner = Address::repeat_byte(0xab);
    let decoded = |data: Vec<u8>| serde_json::to_value(Reason::of(&data)).unwrap();
    assert_eq!(
        decoded(ERC721OutOfBoundsIndex { owner, index: U256::from(9) }.abi_encode()),
        json!({
            "reason": "ERC721OutOfBoundsIndex",
            "signature": "ERC721OutOfBoundsIndex(address,uint256)",
            "args": [owner.to_checksum(None), "0x9"],
            "message": format!("ERC721OutOfBoundsIndex({}, 9)", owner.to_checksum(None)),
        })
    );
    let selector = UnknownSelector { selector: [1, 2, 3, 4].into() };
    assert_eq!(decoded(selector.abi_encode())["args"], json!(["0x01020304"]));
    assert_eq!(decoded(Revert::from("too late").abi_encode())["reason"], "Error");
    assert_eq!(decoded(vec![1, 2, 3, 4]), Value::Null);
}

#[test]
fn frames_of_native_modules_have_names() {
    let call = Bytes::from(isTokenCall { token: Address::ZERO }.abi_encode());
    let mut frame = json!({
        "to": TOKEN_FACTORY, "input": call,
        "calls": [{
            "to": ESCROW, "input": Bytes::from(jobCounterCall {}.abi_encode()), "error": "execution reverted",
            "output": Bytes::from(BudgetMismatch {}.abi_encode()),
        }, { "to": Address::repeat_byte(1), "input": call }],
    });
    name_frames(&mut frame);
    assert_eq!(frame["function"], "isToken(address)");
    assert_eq!(frame["revertReason"], Value::Null);
    assert_eq!(frame["calls"][0]["function"], "jobCounter()");
    assert_eq!(frame["calls"][0]["revertReason"], "BudgetMismatch()");
    assert_eq!(frame["calls"][1]["function"], Value::Null);
}

#[test]
fn pool_refusals_have_geths_words() {
    let low = PoolError::NonceTooLow { expected: 5, got: 3 };
    let error = wire(SubmitError::Pool(low));
    assert_eq!(error["code"], -32000);
    assert!(error["message"].as_str().unwrap().starts_with("nonce too low: next nonce 5, tx nonce 3"));
    assert_eq!(error["data"], json!({ "reason": "nonce_too_low", "expectedNonce": "0x5" }));
    let poor = PoolError::InsufficientFunds { balance: U256::ONE, queued: U256::ZERO, cost: U256::from(2) };
    let error = wire(SubmitError::Pool(poor));
    assert!(error["message"].as_str().unwrap().starts_with("insufficient funds for gas * price + value"));
    let cheap = PoolError::ReplacementUnderpriced { fee_min: 2, tip_min: 1 };
    let error = wire(SubmitError::Pool(cheap));
    assert!(error["message"].as_str().unwrap().starts_with("replacement transaction underpriced"));
    assert_eq!(error["data"]["reason"], "replacement_underpriced");
    let blob = wire(SubmitError::Malformed(TxError::Blob));
    assert_eq!((blob["code"].clone(), blob["data"]["reason"].clone()), (json!(-32000), json!("blob_unsupported")));
}

#[test]
fn limits_say_what_would_be_accepted() {
    let range = ReadError::RangeTooLarge { blocks: 20_000, max_blocks: 10_000, suggested_to: 10_015 };
    assert_eq!(
        wire(range),
        json!({
            "code": -32005,
            "message": "range of 20000 blocks exceeds the limit of 10000",
            "data": { "reason": "range_too_large", "maxRange": 10_000, "suggestedTo": "0x271f" },
        })
    );
    let many = wire(ReadError::TooManyResults { max_results: 10_000, suggested_to: 7 });
    assert_eq!(many["data"], json!({ "reason": "too_many_results", "maxResults": 10_000, "suggestedTo": "0x7" }));
    let busy = wire(ReadError::Busy { retry_after_ms: 250 });
    assert_eq!(
        (busy["code"].clone(), busy["data"].clone()),
        (json!(-32005), json!({ "reason": "busy", "retryAfterMs": 250 }))
    );
}

#[test]
fn waiting_in_vain_answers_as_eip_7966() {
    let hash = B256::repeat_byte(9);
    let late = wire(WaitError::TimedOut { hash, timeout_ms: 100, expected_nonce: None });
    assert_eq!((late["code"].clone(), late["data"].clone()), (json!(4), json!(hash)));
    let gap = wire(WaitError::TimedOut { hash, timeout_ms: 100, expected_nonce: Some(4) });
    assert_eq!((gap["code"].clone(), gap["data"].clone()), (json!(6), json!("0x4")));
    let refused = wire(WaitError::Submit(SubmitError::Pool(PoolError::NonceTooLow { expected: 1, got: 0 })));
    assert_eq!(refused["data"]["expectedNonce"], "0x1");
}

#[test]
fn faults_do_not_leak() {
    let fault = wire(ReadError::Fault("/secret/path: corrupt".to_owned()));
    assert_eq!(fault, json!({ "code": -32603, "message": "internal error", "data": { "reason": "internal" } }));
    let unknown = wire(ReadError::UnknownBlock);
    assert_eq!(
        unknown,
        json!({ "code": -32001, "message": "header not found", "data": { "reason": "unknown_block" } })
    );
}
