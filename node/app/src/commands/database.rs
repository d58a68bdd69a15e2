//! `assay db`: the database of a stopped node.

use crate::cli::{DbCommand, FolderArgs};
use crate::data_dir::{DataDir, DataDirLock};
use crate::error::AppError;
use crate::metrics::sizes;
use crate::output;
use assay_executive::Executive;
use assay_store::{
    ChainIdentity, Finding, Progress, REBUILD_TRIE_COMMAND, REPAIR_COMMAND, Remedy, Stage, Store, StoreOptions, check,
    rebuild_trie, repair,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a long run says where it is.
const PROGRESS: Duration = Duration::from_secs(2);

pub(super) fn run(command: &DbCommand) -> Result<ExitCode, AppError> {
    match command {
        DbCommand::Check(folder) => run_check(folder),
        DbCommand::Repair(folder) => run_repair(folder),
        DbCommand::RebuildTrie(folder) => {
            let stopped = Stopped::open(folder)?;
            let root = rebuild_trie(&stopped.database, stopped.options.clone(), &mut progress())?;
            say(folder, &json!({ "stateRoot": root }), format!("the trie was built again; its root is {root}"));
            Ok(ExitCode::SUCCESS)
        }
        DbCommand::Stats(folder) => run_stats(folder),
    }
}

/// The database of a folder that no node uses meanwhile.
struct Stopped {
    database: PathBuf,
    options: StoreOptions,
    _lock: DataDirLock,
}

impl Stopped {
    fn open(folder: &FolderArgs) -> Result<Self, AppError> {
        let data_dir = DataDir::at(&folder.data_dir)?;
        let executive = Executive::new(Arc::new(data_dir.chain()?)).map_err(AppError::Shipped)?;
        let genesis = executive.init_chain().map_err(AppError::Shipped)?;
        let lock = data_dir.lock()?;
        let chain = ChainIdentity {
            chain_id: executive.chain_id(),
            genesis_hash: genesis.header.hash_slow(),
            spec_hash: executive.spec_hash(),
        };
        let options = StoreOptions { chain: Some(chain), ..StoreOptions::default() };
        Ok(Self { database: data_dir.database(), options, _lock: lock })
    }
}

/// Says on standard error where a long run is.
fn progress() -> impl FnMut(Progress) {
    let mut said = Instant::now();
    move |now| {
        if said.elapsed() < PROGRESS {
            return;
        }
        said = Instant::now();
        let stage = match now.stage {
            Stage::Files => "files",
            Stage::Tables => "tables",
            Stage::Ledger => "ledger",
            Stage::Trie => "trie",
        };
        let total = now.total.map(|total| format!(" of {total}")).unwrap_or_default();
        output::note(format_args!("{stage}: {}{total}", now.done));
    }
}

fn say(folder: &FolderArgs, as_json: &Value, text: String) {
    if folder.json { output::line(as_json) } else { output::line(text) }
}

/// Machine word and advice for a remedy.
const fn advice(remedy: Remedy) -> (&'static str, &'static str) {
    match remedy {
        Remedy::None => ("none", "the next start drops it; nothing acknowledged is lost"),
        Remedy::RebuildTrie => ("rebuild_trie", REBUILD_TRIE_COMMAND),
        Remedy::Rewrite | Remedy::Replay => ("repair", REPAIR_COMMAND),
        Remedy::Refetch => {
            ("refetch", "acknowledged blocks are gone: restore a copy, or repair and fetch them from peers")
        }
        Remedy::Restore => ("restore", "nothing else holds it: restore a copy, or start from an empty folder"),
    }
}

fn findings_json(findings: &[Finding]) -> Vec<Value> {
    let entry = |f: &Finding| json!({ "file": f.file, "reason": f.reason, "remedy": advice(f.remedy).0 });
    findings.iter().map(entry).collect()
}

fn findings_text(findings: &[Finding]) -> String {
    let line = |f: &Finding| format!("{}: {}\n  -> {}\n", f.file.display(), f.reason, advice(f.remedy).1);
    findings.iter().map(line).collect()
}

fn run_check(folder: &FolderArgs) -> Result<ExitCode, AppError> {
    let stopped = Stopped::open(folder)?;
    let report = check(&stopped.database, stopped.options.clone(), &mut progress())?;
    let sound = report.is_sound();
    let word = if sound { "sound" } else { "damaged" };
    let text = format!(
        "{}{}: {word}; {} entries, {} MiB read",
        findings_text(&report.findings),
        stopped.database.display(),
        report.entries,
        report.bytes >> 20
    );
    let findings = findings_json(&report.findings);
    say(
        folder,
        &json!({ "sound": sound, "findings": findings, "entries": report.entries, "bytes": report.bytes }),
        text,
    );
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_repair(folder: &FolderArgs) -> Result<ExitCode, AppError> {
    let stopped = Stopped::open(folder)?;
    let report = repair(&stopped.database, stopped.options.clone(), &mut progress())?;
    let lost = report.lost.map(|(first, last)| [first.get(), last.get()]);
    let mut text: String = report.actions.iter().map(|action| format!("{action}\n")).collect();
    if let Some([first, last]) = lost {
        text.push_str(&format!("heights {first} to {last} had been decided and are gone\n"));
    }
    text.push_str(&findings_text(&report.unrepaired));
    let done = report.unrepaired.is_empty();
    text.push_str(match (done, report.replay, report.actions.is_empty()) {
        (false, _, _) => "not repaired",
        (true, true, _) => "repaired; the next start executes the ledger again",
        (true, false, false) => "repaired",
        (true, false, true) => "nothing to repair",
    });
    let all = json!({
        "repaired": done,
        "actions": report.actions,
        "replay": report.replay,
        "lost": lost,
        "unrepaired": findings_json(&report.unrepaired),
    });
    say(folder, &all, text);
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_stats(folder: &FolderArgs) -> Result<ExitCode, AppError> {
    let stopped = Stopped::open(folder)?;
    let store = Store::open(&stopped.database, stopped.options.clone())?;
    let head = store.head();
    let head = head.as_deref();
    let sizes = sizes(&stopped.database).map_err(|error| AppError::file(&stopped.database, error))?;
    let total = sizes.values().fold(0u64, |sum, size| sum.saturating_add(*size));
    let decided = store.decided_head().map(|decided| decided.height.get());
    let all = json!({
        "chain": store.identity().map(|chain| json!({
            "chainId": chain.chain_id, "genesis": chain.genesis_hash, "specification": chain.spec_hash,
        })),
        "stateHeight": head.map(|head| head.height.get()),
        "hash": head.map(|head| head.hash),
        "stateRoot": head.map(|head| head.header.state_root),
        "decidedHeight": decided,
        "oldestState": store.oldest_height().get(),
        "bytes": total,
        "bytesByKind": sizes,
    });
    let show = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let kinds: String =
        sizes.iter().map(|(kind, size)| format!("\n  {kind:<10} {:>10.1} MiB", mebibytes(*size))).collect();
    let text = format!(
        "state height    {}  {}\nstate root      {}\ndecided height  {}\noldest state    {}\nsize            {:.1} MiB{kinds}",
        show(head.map(|head| head.height.to_string())),
        show(head.map(|head| head.hash.to_string())),
        show(head.map(|head| head.header.state_root.to_string())),
        show(decided.map(|height| height.to_string())),
        store.oldest_height(),
        mebibytes(total),
    );
    say(folder, &all, text);
    Ok(ExitCode::SUCCESS)
}

#[allow(clippy::cast_precision_loss, clippy::float_arithmetic, reason = "for people")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1u64 << 20) as f64
}
