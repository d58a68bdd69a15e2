//! Bodies: what is read, and what is refused with which word.

use super::super::reason;
use super::super::wire::decode;
use alloy_primitives::{U256, address, b256};
use serde_json::{Value, json};

const TYPICAL: &str = r#"{
  "x402Version": 2,
  "paymentPayload": {
    "x402Version": 2,
    "resource": { "url": "http://127.0.0.1/paid", "description": "", "mimeType": "application/json" },
    "accepted": {
      "scheme": "exact", "network": "eip155:31337", "amount": "10000",
      "asset": "0xa55a200000000000000000000000000000000001", "payTo": "0x00000000000000000000000000000000000000BB",
      "maxTimeoutSeconds": 300, "extra": { "name": "assayUSD", "version": "2" }
    },
    "payload": {
      "signature": "0x0102",
      "authorization": {
        "from": "0x00000000000000000000000000000000000000AA", "to": "0x00000000000000000000000000000000000000BB",
        "value": "10000", "validAfter": "0", "validBefore": "1900000000",
        "nonce": "0x1111111111111111111111111111111111111111111111111111111111111111"
      }
    }
  },
  "paymentRequirements": {
    "scheme": "exact", "network": "eip155:31337", "amount": "10000",
    "asset": "0xa55a200000000000000000000000000000000001", "payTo": "0x00000000000000000000000000000000000000BB",
    "maxTimeoutSeconds": 300, "extra": { "name": "assayUSD", "version": "2" }
  }
}"#;

/// The body of a typical client, with one value replaced.
fn with(pointer: &str, value: Value) -> Vec<u8> {
    let mut body: Value = serde_json::from_str(TYPICAL).unwrap();
    *body.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    body.to_string().into_bytes()
}

#[test]
fn a_typical_body_is_read() {
    let payment = decode(TYPICAL.as_bytes()).unwrap();
    assert_eq!(payment.authorization.from, address!("00000000000000000000000000000000000000aa"));
    assert_eq!(payment.authorization.value, U256::from(10_000));
    let nonce = b256!("1111111111111111111111111111111111111111111111111111111111111111");
    assert_eq!(payment.key(), (assay_abi::token::DEFAULT_TOKEN, payment.authorization.from, nonce));
    assert_eq!(payment.signature.as_ref(), [1, 2]);
    assert!(!payment.terms.delivers_once);
    let once = with("/paymentRequirements/extra", json!({ "paymentFlow": "upfront" }));
    assert!(decode(&once).unwrap().terms.delivers_once);
    let numbers = with("/paymentPayload/payload/authorization/validBefore", json!(1_900_000_000));
    assert_eq!(decode(&numbers).unwrap(), payment, "a number may stand for its digits");
}

#[test]
fn a_body_of_version_1_is_read() {
    let mut body: Value = serde_json::from_str(TYPICAL).unwrap();
    let payload = body["paymentPayload"].as_object_mut().unwrap();
    payload.remove("accepted");
    payload.extend([("scheme".to_owned(), json!("exact")), ("network".to_owned(), json!("eip155:31337"))]);
    payload.insert("x402Version".to_owned(), json!(1));
    body["x402Version"] = json!(1);
    let amount = body["paymentRequirements"].as_object_mut().unwrap().remove("amount").unwrap();
    body["paymentRequirements"]["maxAmountRequired"] = amount;
    assert_eq!(decode(body.to_string().as_bytes()).unwrap(), decode(TYPICAL.as_bytes()).unwrap());
}

#[test]
fn wrong_bodies_are_refused_by_name() {
    let check = |pointer: &str, value: Value, expected| {
        let refusal = decode(&with(pointer, value.clone())).unwrap_err();
        assert_eq!(refusal.reason, expected, "{pointer} {value}");
        assert!(!refusal.message.is_empty());
    };
    for text in ["", "{", "[]", "null", "{}", "\u{0}", r#"{"x402Version":2}"#] {
        assert_eq!(decode(text.as_bytes()).unwrap_err().reason, reason::INVALID_PAYLOAD, "{text}");
    }
    assert_eq!(decode(&"[".repeat(10_000).into_bytes()).unwrap_err().reason, reason::INVALID_PAYLOAD);
    check("/x402Version", json!(3), reason::INVALID_VERSION);
    check("/x402Version", json!(1), reason::INVALID_VERSION);
    check("/paymentPayload/accepted", Value::Null, reason::INVALID_PAYLOAD);
    check("/paymentPayload/payload", json!({ "permit2Authorization": {} }), reason::PAYLOAD_TYPE);
    check("/paymentPayload/payload", json!("0x"), reason::PAYLOAD_TYPE);
    check("/paymentRequirements/extra", json!({ "assetTransferMethod": "permit2" }), reason::PAYLOAD_TYPE);
    for (field, values) in [
        ("from", vec![json!("0x00"), json!("00000000000000000000000000000000000000aa"), json!(1)]),
        ("to", vec![json!(""), json!("vitalik.eth")]),
        (
            "value",
            vec![json!("-1"), json!("0x10"), json!("1.5"), json!(1.5), json!(""), json!(" 1"), json!("9".repeat(78))],
        ),
        ("validAfter", vec![json!(null), json!(-1), json!("1e3")]),
        ("validBefore", vec![json!({}), json!("now")]),
        ("nonce", vec![json!("0x11"), json!("11".repeat(32)), json!(1)]),
    ] {
        for value in values {
            check(&format!("/paymentPayload/payload/authorization/{field}"), value, reason::INVALID_PAYLOAD);
        }
    }
    check("/paymentPayload/payload/signature", json!("0x1"), reason::INVALID_PAYLOAD);
    check("/paymentPayload/payload/signature", json!(null), reason::INVALID_PAYLOAD);
    check("/paymentPayload/payload/signature", json!(format!("0x{}", "00".repeat(4097))), reason::INVALID_PAYLOAD);
    check("/paymentRequirements/amount", json!("ten"), reason::INVALID_REQUIREMENTS);
    check("/paymentRequirements/asset", json!("assayUSD"), reason::INVALID_REQUIREMENTS);
    check("/paymentRequirements/payTo", json!("0x"), reason::INVALID_REQUIREMENTS);
    check("/paymentRequirements/network", json!("e".repeat(300)), reason::INVALID_PAYLOAD);
}
