//! What a development chain says when it is ready.

use crate::error::AppError;
use crate::node::Node;
use crate::{build, output};
use alloy_primitives::{Address, hex};
use alloy_signer_local::{MnemonicBuilder, coins_bip39::English};
use assay_genesis::{ChainSpec, DEV_COINS, DEV_MNEMONIC};
use serde_json::json;
use std::path::Path;

/// A funded account, whose key everybody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevAccount {
    /// Its address.
    pub address: Address,
    /// Its private key, in hex.
    pub key: String,
}

/// The first accounts of the development mnemonic.
///
/// # Errors
/// `Failed`, which cannot happen for this mnemonic.
pub fn accounts(count: u32) -> Result<Vec<DevAccount>, AppError> {
    let failed = |error: alloy_signer_local::LocalSignerError| AppError::Failed(error.to_string());
    (0..count)
        .map(|index| {
            let builder = MnemonicBuilder::<English>::default().phrase(DEV_MNEMONIC).index(index).map_err(failed)?;
            let signer = builder.build().map_err(failed)?;
            Ok(DevAccount { address: signer.address(), key: hex::encode_prefixed(signer.to_bytes()) })
        })
        .collect()
}

/// The first JSON line: where the node listens and what is funded.
pub fn ready_json(node: &Node, spec: &ChainSpec, data_dir: &Path, accounts: &[DevAccount]) {
    let accounts: Vec<_> =
        accounts.iter().map(|a| json!({ "address": a.address.to_string(), "privateKey": a.key })).collect();
    output::line(json!({
        "event": "ready",
        "rpc": node.rpc_url(),
        "ws": node.ws_url(),
        "admin": node.admin_url(),
        "chainId": spec.chain_id,
        "network": spec.network,
        "height": node.chain().head().number(),
        "version": build::VERSION,
        "dataDir": data_dir,
        "accounts": accounts,
    }));
}

/// The same for people.
pub fn print(node: &Node, spec: &ChainSpec, kept: Option<&Path>, block_time: Option<u64>, accounts: &[DevAccount]) {
    let rpc = node.rpc_url();
    let place = kept.map_or_else(|| "temporary; --data-dir keeps it".to_owned(), |path| path.display().to_string());
    let pace =
        block_time.map_or_else(|| "on demand; --block-time MS paces them".to_owned(), |ms| format!("every {ms} ms"));
    let height = node.chain().head().number();
    output::line(format_args!("\n  Assay {} development chain\n", build::VERSION));
    output::line(format_args!("  RPC       {rpc}   {}", node.ws_url()));
    output::line(format_args!("  Admin     {}/metrics  /health  /ready", node.admin_url()));
    output::line(format_args!("  Chain id  {}", spec.chain_id));
    output::line(format_args!("  Blocks    {pace}"));
    output::line(format_args!(
        "  Data      {place}{}",
        if height > 0 { format!(" (height {height})") } else { String::new() }
    ));
    if !accounts.is_empty() {
        output::line(format_args!(
            "\n  Accounts, {DEV_COINS} coins each at first; mnemonic \"{DEV_MNEMONIC}\", m/44'/60'/0'/0/i"
        ));
        output::line("  Everybody knows these keys: never use them on another chain.\n");
        for (index, account) in accounts.iter().enumerate() {
            output::line(format_args!("  ({index}) {}  {}", account.address, account.key));
        }
    }
    if let (Some(first), Some(second)) = (accounts.first(), accounts.get(1)) {
        output::line("\n  Try it:\n");
        for (client, command) in commands(&rpc, first, second) {
            output::line(format_args!("  {client:<8} {command}"));
        }
    }
    output::line("\n  Ctrl-C stops it.\n");
}

/// One command per client, ready to paste into a shell.
pub fn commands(rpc: &str, from: &DevAccount, to: &DevAccount) -> Vec<(&'static str, String)> {
    let DevAccount { address, key } = from;
    let target = to.address;
    vec![
        ("cast", format!("cast send {target} --value 1ether --private-key {key} --rpc-url {rpc}")),
        (
            "viem",
            format!(
                "node --input-type=module -e \"import {{createPublicClient,http}} from 'viem'; \
                 console.log(await createPublicClient({{transport:http('{rpc}')}}).getBalance({{address:'{address}'}}))\""
            ),
        ),
        (
            "ethers",
            format!(
                "node --input-type=module -e \"import {{JsonRpcProvider,Wallet}} from 'ethers'; \
                 const w=new Wallet('{key}',new JsonRpcProvider('{rpc}')); \
                 console.log(await (await w.sendTransaction({{to:'{target}',value:1n}})).wait()); process.exit()\""
            ),
        ),
        (
            "web3.py",
            format!(
                "python3 -c \"from web3 import Web3; w=Web3(Web3.HTTPProvider('{rpc}')); \
                 print(w.eth.block_number, w.eth.get_balance('{address}'))\""
            ),
        ),
        (
            "curl",
            format!(
                "curl -s {rpc} -H 'content-type: application/json' \
                 -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_blockNumber\",\"params\":[]}}'"
            ),
        ),
    ]
}
