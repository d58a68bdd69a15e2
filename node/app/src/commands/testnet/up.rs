//! `assay testnet up`: all nodes of a network as child processes.
//!
//! No node is started a second time: one that ends is named with its reason, and the others go on. All end with this
//! process, also where it is killed: each node stops when its standard input ends.

use super::child::NodeProcess;
use crate::cli::TestnetUpArgs;
use crate::error::AppError;
use crate::node::Stop;
use crate::output;
use crate::testnet::Plan;
use futures::future::join_all;
use serde_json::json;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often the nodes are asked how they fare.
const LOOK: Duration = Duration::from_secs(1);
/// How often lines are printed where they cannot be redrawn.
const REPEAT: Duration = Duration::from_secs(10);
/// How long nodes may take to stop in order; what is left is killed.
const STOP_TIME_MAX: Duration = Duration::from_millis(4_400);

/// How the nodes are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    /// Redrawn in place.
    Live,
    /// Line after line.
    Plain,
    /// JSON, line after line.
    Json,
}

struct Network {
    nodes: Vec<NodeProcess>,
    show: Show,
    /// Lines that the next redraw replaces.
    drawn: usize,
    states: Vec<&'static str>,
    printed: Instant,
}

pub(super) fn run(args: &TestnetUpArgs) -> Result<ExitCode, AppError> {
    let plan = Plan::read(&args.dir)?;
    if let Some(away) = plan.nodes.iter().find(|node| !node.is_local()) {
        let (name, host) = (&away.name, &away.host);
        return Err(AppError::Usage(format!(
            "{name} belongs on {host}; start each node on its own host with `assay start --data-dir {name}`"
        )));
    }
    let show = match (args.json, std::io::stdout().is_terminal()) {
        (true, _) => Show::Json,
        (false, true) => Show::Live,
        (false, false) => Show::Plain,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| AppError::Failed(format!("the runtime does not start: {error}")))?;
    runtime.block_on(async {
        let stop = Stop::install()?;
        let nodes = plan.nodes.iter().map(|node| NodeProcess::start(&args.dir, node)).collect::<Result<Vec<_>, _>>()?;
        let states = vec![""; nodes.len()];
        let network = Network { nodes, show, drawn: 0, states, printed: Instant::now() };
        network.run(&plan, stop).await
    })
}

impl Network {
    async fn run(mut self, plan: &Plan, mut stop: Stop) -> Result<ExitCode, AppError> {
        self.say(
            format!("{} (chain id {}): {} nodes", plan.network, plan.chain_id, plan.nodes.len()),
            json!({ "event": "started", "network": plan.network, "chainId": plan.chain_id,
                "nodes": self.nodes.iter().map(NodeProcess::json).collect::<Vec<_>>() }),
        );
        let mut faultless = true;
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let signal = loop {
            tokio::select! {
                name = stop.next() => break Some(name),
                _ = ticks.tick() => self.look().await,
                (index, reason) = next_end(&mut self.nodes) => {
                    faultless = false;
                    let name = self.nodes.get(index).map(|node| node.plan.name.clone()).unwrap_or_default();
                    let event = json!({ "event": "ended", "node": name, "reason": reason });
                    self.say(format!("{name} ended and is not started again: {reason}"), event);
                    self.draw(true);
                    if !self.nodes.iter().any(NodeProcess::runs) {
                        break None;
                    }
                }
            }
        };
        self.stop(signal, &mut stop).await;
        Ok(if faultless { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Asks all nodes, and shows what they answered.
    async fn look(&mut self) {
        let began = join_all(self.nodes.iter_mut().map(NodeProcess::look)).await;
        for index in began.into_iter().enumerate().filter_map(|(index, began)| began.then_some(index)) {
            let Some((node, endpoints)) = self.nodes.get(index).and_then(|node| Some((node, node.endpoints()?))) else {
                continue;
            };
            let (name, rpc, admin) = (node.plan.name.clone(), endpoints.rpc.clone(), endpoints.admin.clone());
            let event = json!({ "event": "listens", "node": name, "pid": node.pid(), "rpc": rpc, "admin": admin });
            self.say(format!("{name} serves {rpc}, admin {admin}"), event);
        }
        self.draw(false);
    }

    /// One event, above the lines of the nodes.
    fn say(&mut self, text: String, event: serde_json::Value) {
        match self.show {
            Show::Json => output::line(event),
            Show::Plain => output::line(text),
            Show::Live => {
                self.erase();
                output::line(text);
            }
        }
    }

    fn erase(&mut self) {
        if self.drawn > 0 {
            // Up to the first of our lines, and clear from there to the end of the screen.
            output::raw(format!("\x1b[{}A\x1b[J", self.drawn).as_bytes());
            self.drawn = 0;
        }
    }

    fn draw(&mut self, now: bool) {
        let states: Vec<_> = self.nodes.iter().map(NodeProcess::state).collect();
        let changed = states != self.states;
        match self.show {
            Show::Json => {
                let nodes: Vec<_> = self.nodes.iter().map(NodeProcess::json).collect();
                output::line(json!({ "event": "status", "nodes": nodes }));
            }
            Show::Live => {
                self.erase();
                // Without line wrap: a line that is too long is cut, and the count of lines stays right.
                let lines: String = self.nodes.iter().map(|node| format!("{}\n", node.line())).collect();
                output::raw(format!("\x1b[?7l{lines}\x1b[?7h").as_bytes());
                self.drawn = self.nodes.len();
            }
            Show::Plain if now || changed || self.printed.elapsed() >= REPEAT => {
                for node in &self.nodes {
                    output::line(node.line());
                }
                self.printed = Instant::now();
            }
            Show::Plain => {}
        }
        self.states = states;
    }

    /// Stops whatever still runs, within [`STOP_TIME_MAX`].
    async fn stop(&mut self, signal: Option<&'static str>, stop: &mut Stop) {
        let began = Instant::now();
        if let Some(name) = signal {
            self.say(format!("{name}: stopping all nodes"), json!({ "event": "stopping", "signal": name }));
        }
        self.nodes.iter_mut().for_each(NodeProcess::ask_to_stop);
        let in_time = tokio::select! {
            () = all_ended(&mut self.nodes) => true,
            () = tokio::time::sleep(STOP_TIME_MAX) => false,
            () = stop.again() => false,
        };
        let mut killed = Vec::new();
        if !in_time {
            for node in self.nodes.iter_mut().filter(|node| node.runs()) {
                killed.push(node.plan.name.clone());
                node.kill();
            }
            all_ended(&mut self.nodes).await;
        }
        let took = began.elapsed().as_millis();
        let text = if killed.is_empty() {
            format!("all nodes have stopped, in {took} ms")
        } else {
            format!("all nodes have ended, in {took} ms; killed: {}; nothing acknowledged is lost", killed.join(", "))
        };
        self.say(
            text,
            json!({ "event": "stopped", "tookMs": u64::try_from(took).unwrap_or(u64::MAX), "killed": killed }),
        );
    }
}

/// The next node that ends by itself. Never, where none runs.
async fn next_end(nodes: &mut [NodeProcess]) -> (usize, String) {
    let running: Vec<_> = nodes
        .iter_mut()
        .enumerate()
        .filter(|(_, node)| node.runs())
        .map(|(index, node)| Box::pin(async move { (index, node.ended().await) }))
        .collect();
    if running.is_empty() {
        return std::future::pending().await;
    }
    futures::future::select_all(running).await.0
}

async fn all_ended(nodes: &mut [NodeProcess]) {
    join_all(nodes.iter_mut().filter(|node| node.runs()).map(NodeProcess::ended)).await;
}
