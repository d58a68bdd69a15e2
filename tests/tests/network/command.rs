//! `assay testnet up`, `urls` and `assay status`, as an operator uses them.

use crate::support::{Rpc, binary};
use crate::testnet::{PATIENCE, Testnet, height, reach};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

struct Up {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Up {
    fn start(network: &Testnet) -> Self {
        let mut command = Command::new(binary());
        command.args(["testnet", "up", "--json"]).arg(&network.dir);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The first event that fits.
    fn event(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        let mut line = String::new();
        loop {
            assert!(began.elapsed() < PATIENCE, "no such event; the last one: {line}");
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended");
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if fits(&event) {
                return event;
            }
        }
    }

    fn all_ready(&mut self) -> Value {
        self.event(|event| {
            event["event"] == "status" && event["nodes"].as_array().unwrap().iter().all(|node| node["state"] == "ready")
        })
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(name: &str, id: u64) {
    assert!(Command::new("kill").args([name, &id.to_string()]).status().unwrap().success());
}

fn is_alive(id: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // A child that nobody has waited for is dead as well.
    !stat.is_empty() && !stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

fn ids(event: &Value) -> Vec<u64> {
    event["nodes"].as_array().unwrap().iter().map(|node| node["pid"].as_u64().unwrap()).collect()
}

fn all_end(ids: &[u64], within: Duration) -> bool {
    let began = Instant::now();
    while began.elapsed() < within {
        if !ids.iter().any(|id| is_alive(*id)) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn assay(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(binary()).args(args).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_comes_up_and_stops_with_one_command() {
    let network = Testnet::init(4, 1, 200);
    let folder = network.dir.to_str().unwrap();
    let mut up = Up::start(&network);
    up.all_ready();
    let (code, urls) = assay(&["testnet", "urls", folder, "--json"]);
    let urls: Vec<String> = serde_json::from_str(&urls).unwrap();
    assert_eq!((code, urls.len()), (Some(0), 5));
    for url in &urls {
        reach(&Rpc::new(url), 3).await;
    }

    let node0 = network.data_dir(0);
    let (code, status) = assay(&["status", "--json", "--data-dir", node0.to_str().unwrap()]);
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((code, &status["ready"], &status["node"]["moniker"]), (Some(0), &Value::from(true), &"node0".into()));
    assert_eq!(status["validators"].as_array().unwrap().len(), 4, "{status}");
    let (_, text) = assay(&["status", "--data-dir", node0.to_str().unwrap()]);
    for word in ["validators  4", "missing", "peers       4", "role        validator"] {
        assert!(text.contains(word), "no `{word}` in {text}");
    }

    // One node ends: it is named, with the reason, and stays ended; the others go on.
    let status = up.event(|event| event["event"] == "status");
    let ids = ids(&status);
    signal("-KILL", ids[2]);
    let ended = up.event(|event| event["event"] == "ended");
    assert_eq!((&ended["node"], &ended["reason"]), (&"node2".into(), &"killed by signal 9".into()));
    let rpc = Rpc::new(&urls[0]);
    let at = height(&rpc).await;
    reach(&rpc, at + 3).await;

    let began = Instant::now();
    signal("-INT", up.child.id().into());
    let stopped = up.event(|event| event["event"] == "stopped");
    let code = up.child.wait().unwrap().code();
    assert_eq!(code, Some(1), "a node had ended by itself");
    assert_eq!(stopped["killed"], Value::Array(Vec::new()), "{stopped}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(all_end(&ids, Duration::ZERO.max(Duration::from_millis(100))), "a node outlived the command");
}

#[test]
fn network_ends_with_the_process_that_runs_it() {
    let network = Testnet::init(4, 0, 200);
    let mut up = Up::start(&network);
    let ids = ids(&up.all_ready());
    up.child.kill().unwrap();
    up.child.wait().unwrap();
    assert!(all_end(&ids, Duration::from_secs(30)), "a node outlived its parent");
    // They stopped in order: nothing says any more where they listen.
    assert!(!network.data_dir(0).join("endpoints.json").exists());

    // A node that cannot start is named, and the rest runs.
    std::fs::remove_file(network.data_dir(1).join("consensus/guard")).unwrap();
    let mut up = Up::start(&network);
    let ended = up.event(|event| event["event"] == "ended");
    assert_eq!(ended["node"], "node1");
    assert!(ended["reason"].as_str().unwrap().contains("signing guard"), "{ended}");
    signal("-TERM", up.child.id().into());
    up.event(|event| event["event"] == "stopped");
    assert_eq!(up.child.wait().unwrap().code(), Some(1));
}
