//! What the process tests share: the real binary as a child process, and a small JSON-RPC client.

use jsonrpsee::core::client::ClientT;
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use jsonrpsee::rpc_params;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The node binary that was built with these tests (same target folder, same profile).
pub fn binary() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let path = exe.parent().unwrap().parent().unwrap().join("assay");
    assert!(path.exists(), "{} does not exist: run `make build` first (`make test` does)", path.display());
    path
}

/// A running node; killed (by its id) when dropped.
pub struct Node {
    pub child: Child,
    /// What the node printed when it was ready.
    pub ready: Value,
    stderr: PathBuf,
}

impl Node {
    /// Starts `assay dev --json ARGS` and waits until it says that it is ready.
    pub fn dev(args: &[&str]) -> Self {
        Self::try_dev(args).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Like [`Node::dev`], but returns what the node said if it ended instead.
    pub fn try_dev(args: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(binary());
        command.args(["dev", "--json", "--rpc-port", "0", "--admin-port", "0"]).args(args);
        Self::spawn(command)
    }

    /// Starts a prepared command whose first line on standard output is the ready object.
    pub fn spawn(mut command: Command) -> Result<Self, String> {
        let stderr = std::env::temp_dir().join(format!("assay-test-{}-{}.log", std::process::id(), unique()));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(std::fs::File::create(&stderr).unwrap());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let said = || std::fs::read_to_string(&stderr).unwrap_or_default();
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let _ = child.kill();
            let status = child.wait().unwrap();
            return Err(format!("{status}: {line}{}", said()));
        };
        std::thread::spawn(move || {
            let _ = out.read_to_end(&mut Vec::new());
        });
        Ok(Self { child, ready, stderr })
    }

    /// The HTTP URL.
    pub fn rpc(&self) -> String {
        self.ready["rpc"].as_str().unwrap().to_owned()
    }

    /// The WebSocket URL.
    pub fn ws(&self) -> String {
        self.rpc().replace("http://", "ws://")
    }

    /// The admin URL (metrics, health).
    pub fn admin(&self) -> String {
        self.ready["admin"].as_str().unwrap().to_owned()
    }

    /// A client.
    pub fn client(&self) -> Rpc {
        Rpc::new(&self.rpc())
    }

    /// What the node wrote to standard error so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// SIGKILL, and wait for the end.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; returns the exit code and how long it took.
    pub fn terminate(mut self) -> (Option<i32>, Duration) {
        let started = Instant::now();
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status.code(), started.elapsed())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- the node said:\n{}", self.log());
        }
        let _ = std::fs::remove_file(&self.stderr);
    }
}

fn unique() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A JSON-RPC client that speaks in plain values.
#[derive(Clone)]
pub struct Rpc {
    http: HttpClient,
}

impl Rpc {
    /// A client of an HTTP URL.
    pub fn new(url: &str) -> Self {
        let http = HttpClientBuilder::default().request_timeout(Duration::from_secs(30)).build(url).unwrap();
        Self { http }
    }

    /// One call; the error is the server's or the transport's text.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, String> {
        let mut array = rpc_params![];
        for value in params.as_array().cloned().unwrap_or_default() {
            array.insert(value).unwrap();
        }
        self.http.request(method, array).await.map_err(|e| e.to_string())
    }

    /// One call that must succeed.
    pub async fn get(&self, method: &str, params: Value) -> Value {
        self.call(method, params.clone()).await.unwrap_or_else(|e| panic!("{method} {params}: {e}"))
    }
}

/// A quantity of the JSON-RPC.
pub fn quantity(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// A bare HTTP exchange over TCP, for requests that no client would send: returns status and body.
pub fn raw_http(url: &str, request: &[u8], wait: Duration) -> (u16, String) {
    use std::io::Write;
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(wait)).unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (status, body)
}

/// POSTs a body as JSON and closes the connection.
pub fn post(url: &str, body: &[u8]) -> (u16, String) {
    let mut request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    raw_http(url, &request, Duration::from_secs(20))
}

/// GETs a path of an HTTP server.
pub fn get(url: &str, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    raw_http(url, request.as_bytes(), Duration::from_secs(20))
}
