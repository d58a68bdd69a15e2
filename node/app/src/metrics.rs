//! The one registry of metrics, and what the process reports of itself.

use crate::build;
use assay_consensus::EngineStatus;
use assay_genesis::ChainSpec;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tokio::sync::watch;

/// Ticks per second in `/proc/self/stat`: fixed by Linux's interface for programs.
const TICKS_PER_SECOND: u64 = 100;
/// Page size of every platform the node is built for.
const PAGE_BYTES: u64 = 4096;

/// A registry with `build_info`, `config_info` and `process_*`.
pub fn registry(spec: &ChainSpec, mode: &str, database: PathBuf) -> Registry {
    let mut registry = Registry::default();
    let text = |text: &str| text.to_owned();
    let build = vec![
        (text("version"), text(build::VERSION)),
        (text("commit"), text(build::GIT_HASH.unwrap_or("unknown"))),
        (text("os"), text(std::env::consts::OS)),
        (text("arch"), text(std::env::consts::ARCH)),
    ];
    registry.register("build", "What this binary was built from", Info::new(build));
    let config = vec![
        (text("chain_id"), spec.chain_id.to_string()),
        (text("network"), text(&spec.network)),
        (text("spec_hash"), spec.hash().to_string()),
        (text("mode"), text(mode)),
    ];
    registry.register("config", "What this node runs", Info::new(config));
    registry.register_collector(Box::new(Process { started: SystemTime::now(), database }));
    registry
}

/// The process's own figures, read from `/proc` when asked for.
#[derive(Debug)]
struct Process {
    started: SystemTime,
    database: PathBuf,
}

/// Fields of `/proc/self/stat` that follow the program's name, which may itself hold spaces.
fn stat_fields() -> Vec<u64> {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    fields.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect()
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        // Numbers as in proc(5), less the two fields before the name and counted from 0.
        let stat = stat_fields();
        let field = |number: usize| stat.get(number.saturating_sub(3)).copied().unwrap_or(0);
        let ticks = field(14).saturating_add(field(15));
        let seconds = std::time::Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_SECOND)).as_secs_f64();
        let cpu = ConstCounter::new(seconds);
        cpu.encode(encoder.encode_descriptor(
            "process_cpu_seconds",
            "User and system time",
            None,
            cpu.metric_type(),
        )?)?;
        let started = self.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let descriptors = fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64);
        let gauges = [
            ("process_resident_memory_bytes", "Memory in RAM", field(24).saturating_mul(PAGE_BYTES)),
            ("process_virtual_memory_bytes", "Memory mapped", field(23)),
            ("process_threads", "Threads", field(20)),
            ("process_open_fds", "Open file descriptors", descriptors),
            ("process_max_fds", "Bound of open file descriptors", descriptors_max()),
            ("process_start_time_seconds", "Start, in seconds since the epoch", started),
            (
                "state_db_size_bytes",
                "The database on disk",
                sizes(&self.database).map_or(0, |sizes| sizes.values().sum()),
            ),
        ];
        encode_gauges(&mut encoder, &gauges)
    }
}

pub(crate) fn encode_gauges(
    encoder: &mut DescriptorEncoder<'_>,
    gauges: &[(&str, &str, u64)],
) -> Result<(), std::fmt::Error> {
    for (name, help, value) in gauges {
        let gauge = ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX));
        gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
    }
    Ok(())
}

/// Where the consensus engine stands, under names that do not depend on the engine.
#[derive(Debug)]
pub struct Engine {
    status: watch::Receiver<EngineStatus>,
}

impl Engine {
    /// Figures of a running engine.
    pub const fn new(status: watch::Receiver<EngineStatus>) -> Self {
        Self { status }
    }
}

impl Collector for Engine {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let status = self.status.borrow().clone();
        let gauges = [
            ("consensus_height", "Height being decided", status.height.get()),
            ("consensus_round", "Round of that height", u64::from(status.round.get())),
            ("consensus_decided_height", "Last height that is decided and durable", status.decided.get()),
            ("consensus_idle", "1 while the next height waits for work", u64::from(status.idle)),
            ("sync_target_height", "Highest height that a peer has decided", status.best_peer.get()),
            ("p2p_peers", "Connected peers", status.peers as u64),
        ];
        encode_gauges(&mut encoder, &gauges)
    }
}

/// Bytes of a database on disk by ending: tables (`sst`), blobs (`blob`), write-ahead log (`log`), the rest.
///
/// # Errors
/// The system's; a file that goes away meanwhile is none.
pub fn sizes(folder: &Path) -> std::io::Result<BTreeMap<&'static str, u64>> {
    let mut sizes = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                open.push(entry.path());
                continue;
            }
            let path = entry.path();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            let kind = ["sst", "blob", "log"].into_iter().find(|kind| *kind == ending).unwrap_or("other");
            let size: &mut u64 = sizes.entry(kind).or_default();
            *size = size.saturating_add(metadata.len());
        }
    }
    Ok(sizes)
}

fn descriptors_max() -> u64 {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok()).unwrap_or(0)
}

/// The registry and another text of the same form as one: only the end may carry the end mark.
pub fn encode(registry: &Registry, other: &str) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail; a collector's error would only cut the text short.
    let _ = prometheus_client::encoding::text::encode(&mut text, registry);
    let body = |text: &str| text.trim_end().trim_end_matches("# EOF").trim_end().to_owned();
    let parts = [body(&text), body(other)];
    let mut all = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    all.push_str("\n# EOF\n");
    all
}
