//! The OpenRPC document and the methods that are served are the same.

use super::driver::Node;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn the_document_covers_every_method_and_no_other() {
    let node = Node::start().await;
    let document = node.ok("rpc.discover", json!([])).await;
    assert_eq!(document["openrpc"], "1.3.2");
    let methods = document["methods"].as_array().unwrap();
    let name = |method: &Value| method["name"].as_str().unwrap().to_owned();
    let undescribed: Vec<String> = methods.iter().filter(|method| method["summary"] == "").map(name).collect();
    assert!(undescribed.is_empty(), "not in data/methods.txt: {undescribed:?}");
    let served: BTreeSet<String> = methods.iter().map(name).collect();
    assert_eq!(served.len(), methods.len());
    let lines = include_str!("../../data/methods.txt").lines().filter(|line| !line.starts_with('#'));
    let described: BTreeSet<String> = lines.map(|line| line.split('|').next().unwrap().trim().to_owned()).collect();
    assert_eq!(described, served, "data/methods.txt describes methods that are not served");

    // Every reference leads somewhere.
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document["methods"].to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let kind = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(kind), "{kind}");
    }
    // Required parameters stand before those that may be left out.
    for method in methods {
        let required: Vec<bool> = method["params"].as_array().unwrap().iter().map(|p| p["required"] == true).collect();
        assert!(required.is_sorted_by(|before, after| before >= after), "{}", method["name"]);
    }
}
