//! Four nodes, each in a network namespace of its own, behind a switch that loses, slows and separates (tests/net). Needs
//! root, `ip` and /dev/net/tun.

use crate::support::{Rpc, root};
use crate::testnet::Testnet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const NODES: usize = 4;

pub struct Lab {
    pub network: Testnet,
    urls: Vec<String>,
    switch: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    namespaces: Vec<String>,
}

fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(args).output().map_err(|error| format!("ip: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("ip {}: {said}", args.join(" "))) }
}

impl Lab {
    /// Starts four validators. An error says what this machine lacks.
    pub fn start(block_ms: u64) -> Result<Self, String> {
        let id = std::process::id();
        let subnet = format!("10.77.{}", id % 250);
        let taps: Vec<String> = (0..=NODES).map(|node| format!("at{}x{node}", id % 100_000)).collect();
        let mut switch = Command::new("python3")
            .arg(root().join("tests/net/switch.py"))
            .args(&taps)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("python3: {error}"))?;
        let (input, output) = (switch.stdin.take().unwrap(), BufReader::new(switch.stdout.take().unwrap()));
        let namespaces = (0..NODES).map(|node| format!("assay{id}n{node}")).collect::<Vec<_>>();
        let hosts: Vec<String> = (1..=NODES).map(|node| format!("{subnet}.{node}")).collect();
        let mut network = Testnet::init_on(&hosts, block_ms);
        network.before =
            namespaces.iter().map(|name| ["ip", "netns", "exec", name].map(str::to_owned).to_vec()).collect();
        let urls = hosts.iter().map(|host| format!("http://{host}:{}", network.base_port())).collect();
        let mut lab = Self { network, urls, switch, input, output, namespaces };
        lab.answer().map_err(|_| format!("no TAP devices: {}", lab.said()))?;
        for (node, host) in hosts.iter().enumerate() {
            let (name, tap) = (lab.namespaces[node].clone(), &taps[node]);
            ip(&["netns", "add", &name])?;
            ip(&["link", "set", tap, "netns", &name])?;
            ip(&["-n", &name, "addr", "add", &format!("{host}/24"), "dev", tap])?;
            ip(&["-n", &name, "link", "set", tap, "up"])?;
            ip(&["-n", &name, "link", "set", "lo", "up"])?;
        }
        ip(&["addr", "add", &format!("{subnet}.254/24"), "dev", &taps[NODES]])?;
        ip(&["link", "set", &taps[NODES], "up"])?;
        lab.network.start_nodes(&[0, 1, 2, 3]);
        Ok(lab)
    }

    fn said(&mut self) -> String {
        let _ = self.switch.kill();
        let mut text = String::new();
        if let Some(mut errors) = self.switch.stderr.take() {
            let _ = std::io::Read::read_to_string(&mut errors, &mut text);
        }
        text.lines().last().unwrap_or_default().to_owned()
    }

    fn answer(&mut self) -> Result<(), ()> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        if read.is_ok() && line == "ok\n" { Ok(()) } else { Err(()) }
    }

    /// A command for the switch.
    pub fn tell(&mut self, command: &str) {
        writeln!(self.input, "{command}").unwrap();
        self.answer().unwrap();
    }

    pub fn rpc(&self, node: usize) -> Rpc {
        Rpc::new(&self.urls[node])
    }

    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    pub fn clients(&self) -> Vec<Rpc> {
        (0..NODES).map(|node| self.rpc(node)).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.network.end();
        let _ = self.switch.kill();
        let _ = self.switch.wait();
        for name in &self.namespaces {
            let _ = ip(&["netns", "del", name]);
        }
    }
}
