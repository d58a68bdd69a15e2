//! The seeded scheduler: one queue of everything that is to happen, in virtual time, and the run from start to end.

use super::adversary::{Adversary, Outgoing, Twins};
use super::checker::Checker;
use super::clients::Clients;
use super::machine::{CHAIN_ID, Crash, GENESIS_MS, Machine, Running, consensus_key, randomness};
use super::network::{Network, Traffic};
use super::plan::{Behaviour, CALM_HEIGHTS, CALM_MS_MAX, FAULTS_MS_MAX, Plan, Planted};
use super::rng::Rng;
use super::trace::Trace;
use alloy_primitives::{Address, B256};
use assay_chain::{BlockRef, Chain};
use assay_consensus::simulation::{Action, Channel, End, Event, Forger, Peer};
use assay_executive::Executive;
use assay_genesis::{ChainSpec, GenesisValidator};
use assay_primitives::{ConsensusAddress, Height, TimestampMs};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Most steps of a run; one that needs more does not come to rest.
const STEPS_MAX: u64 = 2_000_000;

enum Item {
    Deliver {
        from: usize,
        to: usize,
        channel: Channel,
        bytes: Bytes,
    },
    Timer {
        node: usize,
        life: u32,
        number: u64,
    },
    Job {
        node: usize,
        life: u32,
    },
    Start(usize),
    /// The next fault of machines or network is due.
    Fault,
    /// A partition ends.
    Join,
    /// A client sends its next transaction.
    Submit,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub seed: u64,
    /// Over every event and action, and the blocks decided.
    pub digest: B256,
    pub heights: u64,
    pub validators: usize,
    pub steps: u64,
    pub virtual_ms: u64,
    pub rounds_max: u32,
    /// Until the first block after the faults.
    pub healed_ms: u64,
    pub transactions: usize,
    pub evidence: u64,
    /// Faults by name.
    pub faults: BTreeMap<String, u64>,
    /// Readable, where that was asked for.
    pub trace: Vec<String>,
}

/// Why a run failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub reason: String,
    /// Who is proven to have signed two blocks.
    pub accused: BTreeSet<ConsensusAddress>,
    pub trace: Vec<String>,
}

pub struct World {
    plan: Plan,
    rng: Rng,
    now: u64,
    queue: BTreeMap<(u64, u64), Item>,
    queued: u64,
    machines: Vec<Machine>,
    adversaries: BTreeMap<usize, Adversary>,
    /// Reads what is published; signs nothing.
    reader: Forger,
    network: Network,
    checker: Checker,
    clients: Clients,
    trace: Trace,
    executive: Arc<Executive>,
    clock_ms: Arc<AtomicU64>,
    faults: BTreeMap<String, u64>,
    calm_since: Option<(u64, Height)>,
    /// How long after the end of the faults the first block came, in microseconds.
    first_calm: Option<u64>,
    crashes: u64,
    spread: bool,
    without_log: BTreeSet<usize>,
    rounds_max: u32,
    _folder: TempDir,
}

/// Memory, where the system has a file system in it: nothing here needs to survive the machine.
fn scratch() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

fn executive(plan: &Plan, accounts: &[Address]) -> Arc<Executive> {
    let validators: Vec<GenesisValidator> = (0u8..)
        .zip(&plan.members)
        .map(|(index, member)| {
            let (key, secret) = (consensus_key(index), randomness(index));
            GenesisValidator {
                address: key.address(),
                public_key: key.public_key(),
                power: member.power,
                randomness_key: secret.public(),
                possession: secret.prove_possession(key.address().0.as_slice()),
                fee_address: Address::repeat_byte(0xf0 + index),
                operator: None,
            }
        })
        .collect();
    let mut spec = ChainSpec::dev(validators[0].clone(), TimestampMs(GENESIS_MS)).unwrap();
    let account = spec.alloc.0.values().next().unwrap().clone();
    spec.alloc.0 = accounts.iter().map(|address| (*address, account.clone())).collect();
    spec.validators = validators;
    spec.total_supply = spec.supply();
    spec.validate().unwrap();
    Arc::new(Executive::new(Arc::new(spec)).unwrap())
}

impl World {
    pub fn new(plan: Plan, traced: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("assay-simulation-").tempdir_in(scratch()).unwrap();
        let clock_ms = Arc::new(AtomicU64::new(GENESIS_MS));
        let clients = Clients::new(plan.members.len());
        let executive = executive(&plan, &clients.addresses());
        let count = plan.members.len() as Peer;
        let machine = |(index, member): (u8, &_)| Machine::new(index, *member, folder.path(), Arc::clone(&clock_ms));
        let machines: Vec<Machine> = (0u8..).zip(&plan.members).map(machine).collect();
        let honest = machines.iter().filter(|machine| machine.honest()).map(|machine| machine.key.address()).collect();
        let validators = executive.spec().validator_set().unwrap();
        let forger = |key: &_| Forger { chain_id: CHAIN_ID, key: Clone::clone(key) };
        let twins = Twins::default();
        let adversaries = machines.iter().enumerate().filter(|(_, machine)| !machine.honest());
        let adversaries = adversaries
            .map(|(i, m)| {
                let forger = forger(&m.key);
                (i, Adversary::new(m.member.behaviour, i as Peer, count, forger, Arc::clone(&twins)))
            })
            .collect();
        let mut world = Self {
            rng: Rng::new(plan.seed),
            now: 0,
            queue: BTreeMap::new(),
            queued: 0,
            adversaries,
            reader: Forger { chain_id: CHAIN_ID, key: consensus_key(0) },
            network: Network::new(plan.weather),
            checker: Checker::new(CHAIN_ID, validators, honest),
            clients,
            trace: Trace::new(traced),
            executive,
            clock_ms,
            faults: BTreeMap::new(),
            calm_since: None,
            first_calm: None,
            crashes: 0,
            spread: false,
            without_log: BTreeSet::new(),
            rounds_max: 0,
            _folder: folder,
            machines,
            plan,
        };
        for node in 0..world.machines.len() {
            let after = world.rng.between(0, 200_000);
            world.schedule(after, Item::Start(node));
        }
        world.schedule(500_000, Item::Submit);
        if world.plan.weather.crashes > 0 || world.plan.weather.partitions {
            world.schedule(1_000_000, Item::Fault);
        }
        world
    }

    fn schedule(&mut self, after_us: u64, item: Item) {
        self.queued += 1;
        self.queue.insert((self.now + after_us, self.queued), item);
    }

    /// Runs to the end.
    pub fn run(mut self) -> Result<Report, Failure> {
        let mut steps = 0;
        let result = loop {
            steps += 1;
            match self.step() {
                Ok(false) if steps < STEPS_MAX => {}
                Ok(false) => break Err("the run does not come to rest".to_owned()),
                Ok(true) => break self.end(),
                Err(reason) => break Err(reason),
            }
        };
        for machine in &mut self.machines {
            machine.stop();
        }
        if let Err(reason) = result {
            return Err(Failure { reason, accused: self.checker.accused, trace: self.trace.lines() });
        }
        for (height, agreed) in self.checker.agreed() {
            self.trace.event(self.now, &format!("height {height} {agreed:?}"));
        }
        Ok(Report {
            seed: self.plan.seed,
            digest: self.trace.digest(),
            heights: self.checker.height().get(),
            validators: self.machines.len(),
            steps,
            virtual_ms: self.now / 1_000,
            rounds_max: self.rounds_max,
            healed_ms: self.first_calm.unwrap_or_default() / 1_000,
            transactions: self.clients.acknowledged().len(),
            evidence: self.checker.evidence,
            faults: self.count_faults(),
            trace: self.trace.lines(),
        })
    }

    fn count_faults(&self) -> BTreeMap<String, u64> {
        let mut faults = self.faults.clone();
        let Traffic { dropped, duplicated, held, cut, .. } = self.network.traffic;
        for (name, count) in [("dropped", dropped), ("duplicated", duplicated), ("held up", held), ("cut off", cut)] {
            *faults.entry(name.to_owned()).or_default() += count;
        }
        for (node, adversary) in &self.adversaries {
            let name = format!("adversary {:?}", self.machines[*node].member.behaviour).to_lowercase();
            *faults.entry(name).or_default() += 1;
            *faults.entry("adversarial messages".to_owned()).or_default() += adversary.acts;
        }
        faults
    }

    fn count(&mut self, fault: &str) {
        *self.faults.entry(fault.to_owned()).or_default() += 1;
    }

    /// One step; true at the end of the run.
    fn step(&mut self) -> Result<bool, String> {
        let ((time, _), item) = self.queue.pop_first().ok_or("nothing is left to happen")?;
        self.now = time;
        self.clock_ms.store(GENESIS_MS + time / 1_000, Ordering::SeqCst);
        match item {
            Item::Deliver { from, to, channel, bytes } => {
                if let Some(adversary) = self.adversaries.get_mut(&to) {
                    adversary.overhear(&mut self.rng, channel, &bytes);
                }
                self.feed(to, Event::Message { from: from as Peer, channel, bytes })?;
            }
            Item::Timer { node, life, number } if life == self.machines[node].life => {
                self.feed(node, Event::Timer(number))?;
            }
            Item::Job { node, life } if life == self.machines[node].life => self.feed(node, Event::Job)?,
            Item::Timer { .. } | Item::Job { .. } => {}
            Item::Start(node) => self.start(node)?,
            Item::Fault => self.fault()?,
            Item::Join => self.network.sides = None,
            Item::Submit => self.submit(),
        }
        self.progress()
    }

    /// Whether faults are over, and whether the run is.
    fn progress(&mut self) -> Result<bool, String> {
        let height = self.checker.height();
        let Some((since, from)) = self.calm_since else {
            if height.get() >= self.plan.fault_heights || self.now >= FAULTS_MS_MAX * 1_000 {
                self.calm();
            }
            return Ok(false);
        };
        if height > from && self.first_calm.is_none() {
            self.first_calm = Some(self.now - since);
        }
        let goal = from.get() + CALM_HEIGHTS;
        let lowest = self.honest().map(|(_, chain)| chain.head().number()).min().unwrap_or_default();
        let all_up = self.honest().count() == self.machines.iter().filter(|machine| machine.honest()).count();
        if all_up && lowest >= goal {
            if self.honest().all(|(_, chain)| self.clients.settled(&chain)) {
                return Ok(true);
            }
            if !std::mem::replace(&mut self.spread, true) {
                let chains: Vec<Chain> = self.honest().map(|(_, chain)| chain).collect();
                self.clients.spread(&chains);
            }
        }
        if self.now > since + CALM_MS_MAX * 1_000 {
            let heads: Vec<_> = self.honest().map(|(node, chain)| (node, chain.head().number())).collect();
            return Err(format!("{CALM_MS_MAX} ms after the faults: heads {heads:?}, goal {goal}, all up: {all_up}"));
        }
        Ok(false)
    }

    fn honest(&self) -> impl Iterator<Item = (usize, Chain)> + '_ {
        let honest = self.machines.iter().enumerate().filter(|(_, machine)| machine.honest());
        honest.filter_map(|(node, machine)| Some((node, machine.running.as_ref()?.chain.clone())))
    }

    /// Faults end: the network is whole and everybody comes back.
    fn calm(&mut self) {
        self.calm_since = Some((self.now, self.checker.height()));
        self.network.calm = true;
        self.network.sides = None;
        for machine in &self.machines {
            machine.fuse.lock().unwrap().countdown = None;
        }
        self.trace.event(self.now, "faults end");
    }

    fn end(&mut self) -> Result<(), String> {
        let blocks = |chain: &Chain| -> Vec<_> {
            let read = |height| chain.block(BlockRef::Number(height)).ok().flatten();
            (1..=chain.head().number()).map_while(read).collect()
        };
        let chains: Vec<_> = self.honest().map(|(node, chain)| (node, blocks(&chain))).collect();
        self.checker.check_end(&chains, self.clients.acknowledged())
    }

    fn start(&mut self, node: usize) -> Result<(), String> {
        if self.machines[node].running.is_some() {
            return Ok(());
        }
        self.trace.event(self.now, &format!("{node} starts"));
        match self.machines[node].start(&self.executive) {
            Ok(()) => {}
            Err(End::Crashed) => return self.crashed(node, Crash::Kill),
            Err(end) if self.machines[node].honest() => return Err(format!("node {node} does not start: {end}")),
            Err(_) => return Ok(()),
        }
        let Some(Running { chain, .. }) = &self.machines[node].running else { return Ok(()) };
        if self.machines[node].honest() {
            self.checker.on_start(node, chain)?;
        }
        self.clients.on_start(node, chain);
        self.act(node)
    }

    fn feed(&mut self, node: usize, event: Event) -> Result<(), String> {
        self.trace.received(self.now, node, &event);
        let now = Duration::from_micros(self.now);
        let machine = &mut self.machines[node];
        let Some(running) = &mut machine.running else { return Ok(()) };
        let before = running.node.height();
        let result = running.node.handle(now, event);
        let entered = running.node.height() != before;
        if entered && self.plan.planted == Some(Planted::DiskLies) {
            machine.remember();
        }
        // What had left before a crash has left.
        self.act(node)?;
        match result {
            Ok(()) => Ok(()),
            Err(end) => {
                let fired = self.machines[node].fuse.lock().unwrap().fired.take();
                match (fired, end) {
                    (Some(place), _) => {
                        self.count(&format!("crash {place}"));
                        let crash = match self.rng.below(20) {
                            _ if self.plan.planted.is_some() => Crash::Kill,
                            0..6 => Crash::Power,
                            6 if self.may_lose_log(node) => Crash::LogGone,
                            7 if self.may_lose_log(node) => Crash::LogDamaged,
                            8 => Crash::GuardFlipped,
                            _ => Crash::Kill,
                        };
                        self.crashed(node, crash)
                    }
                    (None, end) if self.machines[node].honest() => Err(format!("node {node} stopped: {end}")),
                    (None, _) => self.crashed(node, Crash::Kill),
                }
            }
        }
    }

    /// A validator without its log keeps its lock for the rest of the height, whatever the others decide: it counts with
    /// those that break the rules.
    fn may_lose_log(&mut self, node: usize) -> bool {
        let faulty = |(index, machine): &(usize, &Machine)| {
            !machine.honest() || *index == node || self.without_log.contains(index)
        };
        let power: u64 = self.machines.iter().enumerate().filter(faulty).map(|(_, machine)| machine.member.power).sum();
        let total: u64 = self.machines.iter().map(|machine| machine.member.power).sum();
        let may = 3 * power < total;
        if may {
            self.without_log.insert(node);
        }
        may
    }

    /// Carries out what a node did.
    fn act(&mut self, node: usize) -> Result<(), String> {
        let machine = &mut self.machines[node];
        let (life, honest) = (machine.life, machine.honest());
        let Some(running) = &mut machine.running else { return Ok(()) };
        let (actions, chain) = (running.node.take_actions(), running.chain.clone());
        for action in actions {
            self.trace.did(self.now, node, &action);
            match &action {
                Action::Broadcast(channel, bytes) => {
                    if let (true, Channel::Consensus, Some(message)) = (honest, channel, self.reader.read(bytes)) {
                        self.checker.on_published(&message)?;
                    }
                    self.send(node, &action);
                }
                Action::Send(..) | Action::Streams(_) => self.send(node, &action),
                Action::SetTimer(number, after) => {
                    let after = after.as_micros() as u64;
                    self.schedule(after, Item::Timer { node, life, number: *number });
                }
                Action::QueueJob(_) => {
                    let after = self.rng.between(200, 8_000);
                    self.schedule(after, Item::Job { node, life });
                }
                Action::Signed(message, _) => self.checker.on_signed(message)?,
                Action::Decided(certificate) if honest => {
                    self.checker.on_decided(node, certificate, &chain)?;
                }
                Action::Round(_, round) => self.rounds_max = self.rounds_max.max(round.get()),
                Action::Malformed(from, _) if !self.adversaries.contains_key(&usize::from(*from)) => {
                    return Err(format!("node {node} cannot read a message of {from}, who is honest"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn send(&mut self, node: usize, action: &Action) {
        let mut late = false;
        let outgoing: Vec<Outgoing> = match self.adversaries.get_mut(&node) {
            Some(adversary) => {
                late = self.machines[node].member.behaviour == Behaviour::Late;
                adversary.send(&mut self.rng, action)
            }
            None => match action {
                Action::Broadcast(channel, bytes) => (0..self.machines.len())
                    .filter(|to| *to != node)
                    .map(|to| (to as Peer, *channel, bytes.clone()))
                    .collect(),
                Action::Send(to, channel, bytes) => vec![(*to, *channel, bytes.clone())],
                _ => Vec::new(),
            },
        };
        for (to, channel, bytes) in outgoing {
            let to = usize::from(to);
            for after in self.network.route(&mut self.rng, node, to, late) {
                self.schedule(after, Item::Deliver { from: node, to, channel, bytes: bytes.clone() });
            }
        }
    }

    fn crashed(&mut self, node: usize, crash: Crash) -> Result<(), String> {
        self.crashes += 1;
        let lost = self.machines[node].crash(crash, self.plan.planted, &mut self.rng);
        self.trace.event(self.now, &format!("{node} is down: {crash:?}, {lost} unsynced bytes lost"));
        self.count(match crash {
            Crash::Kill => "kills",
            Crash::Power => "power losses",
            Crash::LogGone => "logs gone",
            Crash::LogDamaged => "logs damaged",
            Crash::GuardFlipped => "guards damaged",
        });
        if crash == Crash::Power {
            self.clients.on_power_loss(node);
        }
        let after = self.rng.between(1_000, 3_000_000);
        self.schedule(after, Item::Start(node));
        Ok(())
    }

    /// One fault of machines or network.
    fn fault(&mut self) -> Result<(), String> {
        if self.network.calm {
            return Ok(());
        }
        let weather = self.plan.weather;
        let pause = self.rng.between(weather.pause_ms.0 * 1_000, weather.pause_ms.1 * 1_000);
        self.schedule(pause, Item::Fault);
        if weather.partitions && self.network.sides.is_none() && self.rng.percent(25) {
            let sides: Vec<bool> = self.machines.iter().map(|_| self.rng.percent(50)).collect();
            self.trace.event(self.now, &format!("partition {sides:?}"));
            self.network.sides = Some(sides);
            self.count("partitions");
            let after = self.rng.between(500_000, 8_000_000);
            self.schedule(after, Item::Join);
            return Ok(());
        }
        if self.crashes >= weather.crashes {
            return Ok(());
        }
        if self.rng.percent(6) {
            self.count("all killed at once");
            for node in 0..self.machines.len() {
                if self.machines[node].running.is_some() {
                    self.crashed(node, Crash::Kill)?;
                }
            }
            return Ok(());
        }
        let node = self.rng.below(self.machines.len());
        let countdown = self.rng.between(1, 40);
        self.machines[node].fuse.lock().unwrap().countdown = Some(countdown);
        Ok(())
    }

    fn submit(&mut self) {
        let after = self.rng.between(50_000, 400_000);
        if self.calm_since.is_none() {
            self.schedule(after, Item::Submit);
        }
        let node = self.rng.below(self.machines.len());
        if !self.machines[node].honest() {
            return;
        }
        let Some(Running { chain, .. }) = &self.machines[node].running else { return };
        if let Some(hash) = self.clients.submit(&mut self.rng, node, chain) {
            self.trace.event(self.now, &format!("{node} acknowledges {hash}"));
        }
    }
}
