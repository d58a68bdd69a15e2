//! `assay testnet`: a network for development and tests.

mod child;
mod up;

use crate::cli::{TestnetCommand, TestnetInitArgs, TestnetUrlsArgs};
use crate::error::AppError;
use crate::output;
use crate::testnet::{Order, Plan, Role, create};
use assay_genesis::{DEV_COINS, DEV_MNEMONIC};
use serde_json::json;
use std::process::ExitCode;

pub(super) fn run(command: TestnetCommand) -> Result<ExitCode, AppError> {
    match command {
        TestnetCommand::Init(args) => init(&args)?,
        TestnetCommand::Up(args) => return up::run(&args),
        TestnetCommand::Urls(args) => urls(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init(args: &TestnetInitArgs) -> Result<(), AppError> {
    let order = Order {
        validators: args.validators,
        full_nodes: args.full_nodes,
        chain_id: args.chain_id,
        block_time_ms: args.block_time,
        base_port: args.base_port,
        hosts: args.hosts.clone(),
    };
    let plan = create(&args.out, &order)?;
    if args.json {
        output::line(json!(plan));
        return Ok(());
    }
    let out = args.out.display();
    output::line(format_args!(
        "{out}: {} (chain id {}), a block each {} ms",
        plan.network, plan.chain_id, plan.block_time_ms
    ));
    for node in &plan.nodes {
        let rpc = match node.rpc_port() {
            0 => "a free port".to_owned(),
            _ => node.rpc_url(&args.out.join(&node.name))?,
        };
        let (name, role, p2p) = (&node.name, node.role, node.p2p_port);
        let who = node.validator.map(|validator| validator.to_string()).unwrap_or_default();
        output::line(format_args!("  {name:<7} {role:<9}  RPC {rpc}  p2p {p2p}  {who}"));
    }
    output::line(format_args!(
        "\nAccounts: the first of the mnemonic \"{DEV_MNEMONIC}\", {DEV_COINS} coins each.\n\
         Each validator's keys are encrypted; the passphrase lies beside them (NODE/passphrase, readable by you alone).\n\
         That is for development and tests. Never run two copies of one node's folder.\n"
    ));
    next_steps(&args.out.display().to_string(), &plan);
    Ok(())
}

fn next_steps(out: &str, plan: &Plan) {
    if plan.nodes.iter().all(crate::testnet::PlannedNode::is_local) {
        output::line(format_args!(
            "Next: assay testnet up {out}              run all of it here; Ctrl-C stops it\n      \
             assay testnet urls {out} --json     where clients connect\n      \
             assay start --data-dir {out}/node0  or run each node by itself"
        ));
        return;
    }
    output::line("Next: copy each folder to its host, and start it there:");
    for node in &plan.nodes {
        let (name, host, gossip) = (&node.name, &node.host, node.p2p_port.saturating_add(1));
        let ports = if node.role == Role::Validator {
            format!("   # open {} and {gossip}", node.p2p_port)
        } else {
            String::new()
        };
        output::line(format_args!("  {host}: assay start --data-dir {name}{ports}"));
    }
}

fn urls(args: &TestnetUrlsArgs) -> Result<(), AppError> {
    let plan = Plan::read(&args.dir)?;
    let urls = plan.nodes.iter().map(|node| node.rpc_url(&args.dir.join(&node.name))).collect::<Result<Vec<_>, _>>()?;
    if args.json {
        output::line(json!(urls));
    } else {
        urls.iter().for_each(output::line);
    }
    Ok(())
}
