//! One node of a test network as a child process.

use crate::admin_client;
use crate::data_dir::DataDir;
use crate::error::AppError;
use crate::testnet::{Endpoints, PlannedNode};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, ChildStdin, Command};

/// File in a node's folder that gets what it logs.
const LOG: &str = "node.log";
/// A log longer than this is put aside before a start, in bytes.
const LOG_BYTES_MAX: u64 = 16 << 20;
/// How much of the end of a log is read for the reason of an end, in bytes.
const TAIL_BYTES: u64 = 4096;
/// Longest reason that is shown, in characters.
const REASON_LEN_MAX: usize = 400;
/// Longest wait for a node's status.
const PATIENCE: Duration = Duration::from_millis(500);

/// A node that runs, or has run.
pub(super) struct NodeProcess {
    pub(super) plan: PlannedNode,
    folder: PathBuf,
    child: Child,
    pid: u32,
    /// While this end is open, the node runs; it closes with this process, however that ends.
    input: Option<ChildStdin>,
    endpoints: Option<Endpoints>,
    status: Value,
    /// Why it has ended.
    ended: Option<String>,
}

impl NodeProcess {
    /// Starts the node of a folder, in a process group of its own: Ctrl-C is for this process to pass on.
    pub(super) fn start(network: &Path, plan: &PlannedNode) -> Result<Self, AppError> {
        let folder = network.join(&plan.name);
        let log = open_log(&folder)?;
        let again = log.try_clone().map_err(|error| AppError::file(&folder.join(LOG), error))?;
        let program = std::env::current_exe().map_err(|error| AppError::Failed(format!("own path: {error}")))?;
        let mut command = Command::new(program);
        command.args(["start", "--stop-with-input", "--data-dir"]).arg(&folder);
        command.stdin(Stdio::piped()).stdout(log).stderr(again).process_group(0).kill_on_drop(true);
        let failed = |error: std::io::Error| AppError::Failed(format!("{} does not start: {error}", plan.name));
        let mut child = command.spawn().map_err(failed)?;
        let input = child.stdin.take();
        let pid = child.id().unwrap_or_default();
        Ok(Self { plan: plan.clone(), folder, child, pid, input, endpoints: None, status: Value::Null, ended: None })
    }

    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Where it listens, once it has said so.
    pub(super) const fn endpoints(&self) -> Option<&Endpoints> {
        self.endpoints.as_ref()
    }

    /// Asks for its status. Returns whether it listens since this look.
    pub(super) async fn look(&mut self) -> bool {
        if self.ended.is_some() {
            return false;
        }
        let mut listens = false;
        if self.endpoints.is_none() {
            let written = DataDir::at(&self.folder).ok().and_then(|folder| Endpoints::read(&folder).ok());
            // A file that a killed node left behind names another process.
            self.endpoints = written.filter(|endpoints| endpoints.pid == self.pid);
            listens = self.endpoints.is_some();
        }
        if let Some(endpoints) = &self.endpoints {
            self.status = match admin_client::get(&endpoints.admin, "/status", PATIENCE).await {
                Ok((200, status)) => status,
                Ok((code, body)) => json!({ "reasons": [format!("the admin port answered {code}: {body}")] }),
                Err(reason) => json!({ "reasons": [reason] }),
            };
        }
        listens
    }

    /// Waits for its end; the text says why it came.
    pub(super) async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        let reason = match status {
            Ok(status) => describe(status, &self.folder.join(LOG)),
            Err(error) => error.to_string(),
        };
        self.ended = Some(reason.clone());
        reason
    }

    /// Whether it still runs.
    pub(super) const fn runs(&self) -> bool {
        self.ended.is_none()
    }

    /// Asks it to stop in order.
    pub(super) fn ask_to_stop(&mut self) {
        self.input = None;
    }

    /// Ends it at once.
    pub(super) fn kill(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.start_kill();
    }

    /// One word of how it fares.
    pub(super) fn state(&self) -> &'static str {
        match (&self.ended, &self.endpoints, self.status.get("ready")) {
            (Some(_), _, _) => "ended",
            (None, None, _) => "starting",
            (None, Some(_), Some(Value::Bool(true))) => "ready",
            (None, Some(_), _) => "not ready",
        }
    }

    fn number(&self, pointer: &str) -> String {
        self.status.pointer(pointer).and_then(Value::as_u64).map_or("-".to_owned(), |number| number.to_string())
    }

    /// Its line for people.
    pub(super) fn line(&self) -> String {
        let head = format!("{:<8} {:<9} ", self.plan.name, self.plan.role);
        if let Some(reason) = &self.ended {
            return format!("{head} ended: {reason}");
        }
        if self.endpoints.is_none() {
            return format!("{head} starting");
        }
        let peers = self.status.get("peers").and_then(Value::as_array).map_or(0, Vec::len);
        let reasons = self.status.get("reasons").and_then(Value::as_array).cloned().unwrap_or_default();
        let reasons: Vec<&str> = reasons.iter().filter_map(Value::as_str).collect();
        let ready =
            if self.state() == "ready" { "ready".to_owned() } else { format!("not ready: {}", reasons.join("; ")) };
        format!(
            "{head} height {:>7}  round {:>2}  peers {peers:>2}  pool {:>5}  {ready}",
            self.number("/chain/height"),
            self.number("/consensus/round"),
            self.number("/pool/pending"),
        )
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "node": self.plan.name,
            "role": self.plan.role,
            "pid": self.pid,
            "state": self.state(),
            "ended": self.ended,
            "rpc": self.endpoints.as_ref().map(|endpoints| &endpoints.rpc),
            "height": self.status.pointer("/chain/height"),
            "hash": self.status.pointer("/chain/hash"),
            "round": self.status.pointer("/consensus/round"),
            "peers": self.status.get("peers").and_then(Value::as_array).map(Vec::len),
            "pending": self.status.pointer("/pool/pending"),
            "missing": self.status.get("missing"),
            "reasons": self.status.get("reasons"),
        })
    }
}

fn open_log(folder: &Path) -> Result<File, AppError> {
    let path = folder.join(LOG);
    if std::fs::metadata(&path).is_ok_and(|found| found.len() > LOG_BYTES_MAX) {
        std::fs::rename(&path, path.with_extension("log.old")).map_err(|error| AppError::file(&path, error))?;
    }
    OpenOptions::new().create(true).append(true).open(&path).map_err(|error| AppError::file(&path, error))
}

/// How a node ended; one that ended by itself has said why.
fn describe(status: ExitStatus, log: &Path) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}{}", tail(log)),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// The last thing a node said.
fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.map(|line| format!(": {}", line.trim().chars().take(REASON_LEN_MAX).collect::<String>())).unwrap_or_default()
}
