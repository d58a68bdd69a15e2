//! `rpc.discover`: an OpenRPC document of the methods that this node serves.

use super::Table;
use jsonrpsee::server::RegisterMethodError;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The method.
const DISCOVER: &str = "rpc.discover";
/// One line per method; see the head of the file.
const METHODS: &str = include_str!("../../data/methods.txt");

/// Adds the method, last: its document lists what is there.
pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    let names: Vec<&'static str> = table.names.iter().copied().chain([DISCOVER]).collect();
    let served = document(names);
    table.plain(DISCOVER, move |_, args| {
        args.end()?;
        Ok(served.clone())
    })
}

/// A line of the list.
struct Described {
    name: &'static str,
    parameters: &'static str,
    result: &'static str,
    summary: &'static str,
}

fn described() -> impl Iterator<Item = Described> {
    METHODS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut parts = line.split('|').map(str::trim);
        let [name, parameters, result, summary] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        Some(Described { name, parameters, result, summary })
    })
}

/// The document of some methods.
fn document(mut names: Vec<&'static str>) -> Value {
    let known: BTreeMap<&str, Described> = described().map(|method| (method.name, method)).collect();
    let bare = |name| Described { name, parameters: "", result: "Object", summary: "" };
    names.sort_unstable();
    let methods: Vec<Value> = names.into_iter().map(|name| method(known.get(name).unwrap_or(&bare(name)))).collect();
    json!({
        "openrpc": "1.3.2",
        "info": { "title": "Assay JSON-RPC", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0 OR MIT" } },
        "methods": methods,
        "components": { "schemas": schemas() },
    })
}

fn method(of: &Described) -> Value {
    let parameters = of.parameters.split(',').filter_map(|parameter| {
        let (name, kind) = parameter.trim().split_once(':')?;
        let required = !name.ends_with('?');
        Some(json!({ "name": name.trim_end_matches('?'), "required": required, "schema": schema(kind.trim()) }))
    });
    json!({
        "name": of.name,
        "summary": of.summary,
        "paramStructure": "by-position",
        "params": parameters.collect::<Vec<_>>(),
        "result": { "name": "result", "schema": schema(of.result) },
    })
}

/// A type such as `Hash`, `Hash[]` or `Hash?`.
fn schema(kind: &str) -> Value {
    if let Some(kind) = kind.strip_suffix('?') {
        return json!({ "oneOf": [schema(kind), { "type": "null" }] });
    }
    if let Some(kind) = kind.strip_suffix("[]") {
        return json!({ "type": "array", "items": schema(kind) });
    }
    json!({ "$ref": format!("#/components/schemas/{kind}") })
}

fn hex(pattern: &str, description: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "description": description })
}

/// The types.
fn schemas() -> Map<String, Value> {
    let tags = json!({ "enum": ["latest", "safe", "finalized", "earliest", "pending"] });
    let named = json!({ "type": "object", "description": "EIP-1898: blockNumber or blockHash" });
    let message = json!({
        "from": schema("Address"), "to": schema("Address"), "input": schema("Bytes"),
        "data": schema("Bytes"), "value": schema("Quantity"), "gas": schema("Quantity"),
    });
    let syncing = json!({ "oneOf": [{ "const": false }, { "type": "object" }] });
    [
        ("Quantity", hex("^0x(0|[1-9a-f][0-9a-f]*)$", "a number, big-endian, without zeros in front")),
        ("Hash", hex("^0x[0-9a-f]{64}$", "32 bytes")),
        ("Address", hex("^0x[0-9a-fA-F]{40}$", "20 bytes")),
        ("Bytes", hex("^0x([0-9a-f]{2})*$", "any number of bytes")),
        ("Block", json!({ "oneOf": [tags, schema("Quantity"), schema("Hash"), named] })),
        ("Message", json!({ "type": "object", "properties": message })),
        ("Syncing", syncing),
        ("Boolean", json!({ "type": "boolean" })),
        ("Number", json!({ "type": "number" })),
        ("String", json!({ "type": "string" })),
        ("Object", json!({ "type": "object" })),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}
