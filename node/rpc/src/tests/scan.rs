//! The scan of JSON texts against a real parser.

use crate::scan::{Shape, shape};
use proptest::prelude::*;
use serde_json::{Value, json};

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn shapes() {
    for (text, depth, entries) in [
        ("", 0, None),
        ("  {}", 1, None),
        ("[]", 1, Some(0)),
        ("[ ]", 1, Some(0)),
        ("[1]", 1, Some(1)),
        ("[{},{}]", 2, Some(2)),
        ("[[1,2],[3]]", 2, Some(2)),
        (r#"["[[[",",,,"]"#, 1, Some(2)),
        (r#"{"a":"\"[["}"#, 1, None),
        (r#"{"a":"\\","b":[[]]}"#, 3, None),
    ] {
        assert_eq!(shape(text.as_bytes()), Shape { depth, entries }, "{text}");
    }
}

#[test]
fn ten_megabytes_of_brackets_take_no_stack() {
    let text = "[".repeat(10 << 20);
    assert_eq!(shape(text.as_bytes()).depth, 10 << 20);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        r#"[\[\]{}",\\a]{0,8}"#.prop_map(Value::from)
    ];
    leaf.prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(r#"[\[\]{}",\\a]{0,4}"#, inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_the_parser(value in values(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let expected = Shape { depth: depth(&value), entries: value.as_array().map(Vec::len) };
        prop_assert_eq!(shape(text.as_bytes()), expected);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        shape(&bytes);
    }
}
