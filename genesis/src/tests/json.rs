//! The JSON form: round trip, unknown keys, duplicates, nonsense.

use super::spec;
use crate::{ChainSpec, SpecError};

fn read(text: &str) -> Result<ChainSpec, SpecError> {
    ChainSpec::from_json(text.as_bytes())
}

#[test]
fn what_is_written_reads_back_with_the_same_hash() {
    let spec = spec();
    let text = spec.to_json().unwrap();
    let read_back = read(&text).unwrap();
    assert_eq!(read_back, spec);
    assert_eq!(read_back.hash(), spec.hash());
    let compact = serde_json::to_string(&spec).unwrap();
    assert_eq!(read(&compact).unwrap().hash(), spec.hash());
}

#[test]
fn a_file_without_a_kind_is_a_development_networks() {
    let text = spec().to_json().unwrap();
    let without = text.replacen("\"kind\": \"dev\",", "", 1);
    assert_ne!(without, text);
    assert_eq!(read(&without).unwrap(), spec());
    let test = text.replacen("\"kind\": \"dev\"", "\"kind\": \"test\"", 1);
    assert_eq!(read(&test).unwrap().kind, assay_primitives::NetworkKind::Test);
    let other = text.replacen("\"kind\": \"dev\"", "\"kind\": \"tset\"", 1);
    assert!(matches!(read(&other), Err(SpecError::UnknownKey { nearest: Some(name), .. }) if name == "test"));
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    let check = |from: &str, to: &str, key: &str, expect: Option<&str>| {
        let text = spec().to_json().unwrap().replacen(from, to, 1);
        match read(&text).unwrap_err() {
            SpecError::UnknownKey { key: found, nearest, line, .. } => {
                assert_eq!(found, key);
                assert_eq!(nearest.as_deref(), expect);
                assert!(line > 0);
            }
            other => panic!("{other}"),
        }
    };
    check("\"gasLimit\"", "\"gasLimt\"", "gasLimt", Some("gasLimit"));
    check("\"chainId\"", "\"chainID\"", "chainID", Some("chainId"));
    check("\"network\"", "\"completelyDifferent\"", "completelyDifferent", None);
    check("\"balance\"", "\"ballance\"", "ballance", Some("balance"));
    check("\"malachite\"", "\"malachit\"", "malachit", Some("malachite"));
}

#[test]
fn an_account_listed_twice_is_refused() {
    let text = spec().to_json().unwrap();
    let lower = "\"alloc\": {\n    \"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266\": { \"balance\": \"1\" },";
    let error = read(&text.replacen("\"alloc\": {", lower, 1)).unwrap_err().to_string();
    assert!(error.contains("is listed twice"), "{error}");
}

#[test]
fn decimal_and_hex_balances_are_the_same() {
    let text = spec().to_json().unwrap();
    let hex = "\"0x21e19e0c9bab2400000\"";
    assert!(text.contains(hex), "{}", &text[..600]);
    let decimal = text.replace(hex, "\"10000000000000000000000\"");
    assert_eq!(read(&decimal).unwrap().hash(), spec().hash());
}

#[test]
fn nonsense_is_an_error_not_a_panic() {
    let deep = "[".repeat(100_000);
    for text in ["", "{", "null", "[]", "{\"alloc\":{\"0x\":{}}}", deep.as_str()] {
        assert!(matches!(read(text), Err(SpecError::Json(_))), "{text:.20}");
    }
}
