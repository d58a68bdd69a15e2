//! Arguments: what clients send, and what nobody should.

use crate::args::{Args, BlockArg, Quantity, Slot};
use crate::error::INVALID_PARAMS;
use alloy_primitives::{Address, B256, U256};
use assay_chain::BlockRef;
use jsonrpsee::types::Params;
use proptest::prelude::*;

fn args(text: &str) -> Args {
    Args::new(&Params::new(Some(text))).unwrap()
}

fn block(text: &str) -> Result<BlockArg, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

#[test]
fn a_missing_block_is_the_latest() {
    for text in
        [r#"["0x0000000000000000000000000000000000000001"]"#, r#"["0x0000000000000000000000000000000000000001",null]"#]
    {
        let mut args = args(text);
        assert_eq!(args.required::<Address>().unwrap(), Address::with_last_byte(1));
        assert_eq!(args.block().unwrap(), BlockRef::Latest);
        args.end().unwrap();
    }
}

#[test]
fn blocks_have_many_names() {
    let hash = B256::repeat_byte(7);
    for (text, expected) in [
        (r#""latest""#.to_owned(), BlockArg::Latest),
        (r#""safe""#.to_owned(), BlockArg::Latest),
        (r#""finalized""#.to_owned(), BlockArg::Latest),
        (r#""earliest""#.to_owned(), BlockArg::Earliest),
        (r#""pending""#.to_owned(), BlockArg::Pending),
        (r#""0x10""#.to_owned(), BlockArg::Number(16)),
        (r#""0x0010""#.to_owned(), BlockArg::Number(16)),
        (format!("{hash:?}").replace("0x", "\"0x") + "\"", BlockArg::Hash(hash)),
        (format!(r#"{{"blockHash":"{hash}"}}"#), BlockArg::Hash(hash)),
        (format!(r#"{{"blockHash":"{hash}","requireCanonical":true}}"#), BlockArg::Hash(hash)),
        (r#"{"blockNumber":"0x2"}"#.to_owned(), BlockArg::Number(2)),
        (r#"{"blockNumber":"latest"}"#.to_owned(), BlockArg::Latest),
    ] {
        assert_eq!(block(&text), Ok(expected), "{text}");
    }
}

#[test]
fn no_spelling_of_pending_reaches_a_proposal() {
    for text in ["pending", "PENDING", "Pending", "pEnDiNg"] {
        assert_eq!(block(&format!("{text:?}")).unwrap().reference(), BlockRef::Latest);
    }
}

#[test]
fn what_is_no_block_is_refused() {
    for text in [
        r#""""#,
        r#""0x""#,
        r#""10""#,
        r#""0xg""#,
        r#""0x10000000000000000""#,
        r#""newest""#,
        "10",
        "true",
        "[]",
        "{}",
        r#"{"blockNumber":"0x1","blockHash":"0x01"}"#,
        r#"{"blockHash":"0x01"}"#,
        r#"{"blockHash":5}"#,
        r#""0x-1""#,
        r#""0x+1""#,
        r#"" 0x1""#,
    ] {
        assert!(block(text).is_err(), "{text}");
    }
}

#[test]
fn numbers_come_as_quantities_or_integers() {
    let quantity = |text: &str| serde_json::from_str::<Quantity>(text).ok().map(|q| q.0);
    assert_eq!(quantity("2500"), Some(2500));
    assert_eq!(quantity(r#""0x9c4""#), Some(2500));
    assert_eq!(quantity("-1"), None);
    assert_eq!(quantity("1.5"), None);
    assert_eq!(quantity(r#""2500""#), None);
}

#[test]
fn slots_keep_the_form_they_came_in() {
    let slot: Slot = serde_json::from_str(r#""0x00ff""#).unwrap();
    assert_eq!((slot.number, slot.text.as_str()), (U256::from(255), "0x00ff"));
    assert!(serde_json::from_str::<Slot>(&format!("\"0x{}\"", "0".repeat(65))).is_err());
    assert!(serde_json::from_str::<Slot>(r#""0x""#).is_err());
}

#[test]
fn errors_name_the_argument() {
    let missing = args("[]").required::<Address>().unwrap_err();
    assert_eq!((missing.code, missing.message.as_str()), (INVALID_PARAMS, "missing value for required argument 0"));
    let mut wrong = args(r#"["0x0000000000000000000000000000000000000001", 7]"#);
    wrong.required::<Address>().unwrap();
    let wrong = wrong.block().unwrap_err();
    assert!(wrong.message.starts_with("invalid argument 1: "), "{}", wrong.message);
    let many = args("[null, null, 3]").end().unwrap_err();
    assert_eq!(many.message, "too many arguments, want at most 0");
    let named = Args::new(&Params::new(Some(r#"{"address":"0x"}"#))).unwrap_err();
    assert_eq!((named.code, named.message.as_str()), (INVALID_PARAMS, "non-array args"));
}

#[test]
fn the_number_of_arguments_is_bounded() {
    let text = format!("[{}0]", "0,".repeat(1_000_000));
    assert!(Args::new(&Params::new(Some(&text))).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        if let Ok(mut args) = Args::new(&Params::new(Some(&text))) {
            let _ = args.block();
            let _ = args.optional::<Quantity>();
            let _ = args.optional::<Slot>();
            let _ = args.optional::<alloy_rpc_types_eth::TransactionRequest>();
            let _ = args.end();
        }
    }

    #[test]
    fn no_argument_panics(text in r#"\[("[0-9a-zA-Zx]{0,70}"|\{"block(Hash|Number)":"[0-9a-fx]{0,70}"\}|[1-9][0-9]{0,24}|null)\]"#) {
        let _ = args(&text).block();
        let _ = args(&text).optional::<Quantity>();
        let _ = args(&text).optional::<Slot>();
        let _ = args(&text).optional::<alloy_rpc_types_eth::Filter>();
    }

    #[test]
    fn quantities_round_trip(number: u64) {
        prop_assert_eq!(block(&format!("\"{number:#x}\"")), Ok(BlockArg::Number(number)));
    }
}
