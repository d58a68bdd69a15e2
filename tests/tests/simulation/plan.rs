//! What a seed means: who takes part, who breaks the rules and how, what the network does, which faults come.

use super::rng::Rng;

/// How a validator behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behaviour {
    Honest,
    /// Receives and says nothing.
    Silent,
    /// Proposes two blocks and votes twice, to different peers and to both.
    Equivocating,
    /// As before, but strictly: half of the peers never hear of the other block, and all of its kind keep to that.
    Colluding,
    /// Everything arrives seconds late.
    Late,
    /// Sends damaged messages and noise.
    Malformed,
    /// Sends old messages of everybody again, at random.
    Stale,
    /// Keeps the rules, by a clock that is half a minute off.
    OffClock,
}

pub const ADVERSARIES: [Behaviour; 7] = [
    Behaviour::Silent,
    Behaviour::Equivocating,
    Behaviour::Colluding,
    Behaviour::Late,
    Behaviour::Malformed,
    Behaviour::Stale,
    Behaviour::OffClock,
];

/// One validator of the plan.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub power: u64,
    pub behaviour: Behaviour,
    /// How far its clock is off, in milliseconds.
    pub skew_ms: i64,
}

/// A bug planted in the simulated machines, never in the node's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// After a crash, a validator starts with a guard that knows the last height only, and without its log: what it
    /// signed at the current height is forgotten. (An operator who resets the guard too low.)
    GuardForgets,
    /// The disk acknowledges syncs and forgets the last ones: guard and log after a crash are those of some seconds ago.
    /// Votes left before their record was durable.
    DiskLies,
}

/// Percent chances of faults, and delays, of one run.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub delay_ms: (u64, u64),
    pub drop: u64,
    pub duplicate: u64,
    /// A message is held up for seconds.
    pub hold: u64,
    /// Pause between two faults of machines or of the network.
    pub pause_ms: (u64, u64),
    /// Crashes of machines; starting one costs a hundred steps.
    pub crashes: u64,
    pub partitions: bool,
}

/// All that a seed means.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub members: Vec<Member>,
    pub weather: Weather,
    /// Faults end when the highest honest node has decided this height.
    pub fault_heights: u64,
    pub planted: Option<Planted>,
}

/// Heights that follow the faults in every run.
pub const CALM_HEIGHTS: u64 = 5;
/// Virtual time after which faults end whatever has been decided, in milliseconds.
pub const FAULTS_MS_MAX: u64 = 90_000;
/// Virtual time after the end of the faults in which the calm heights must be decided, in milliseconds.
pub const CALM_MS_MAX: u64 = 120_000;

impl Plan {
    /// Four honest validators and a network without faults.
    pub fn calm(seed: u64) -> Self {
        let member = Member { power: 10, behaviour: Behaviour::Honest, skew_ms: 0 };
        Self {
            seed,
            members: vec![member; 4],
            weather: Weather {
                delay_ms: (5, 50),
                drop: 0,
                duplicate: 0,
                hold: 0,
                pause_ms: (1_000, 1_000),
                crashes: 0,
                partitions: false,
            },
            fault_heights: 20,
            planted: None,
        }
    }

    /// Four of seven together: more than a third breaks the rules, in a network without other faults.
    pub fn collusion(seed: u64) -> Self {
        let mut plan = Self::calm(seed);
        plan.members = vec![plan.members[0]; 7];
        for member in &mut plan.members[..4] {
            member.behaviour = Behaviour::Colluding;
        }
        plan
    }

    /// Everything that a seed can bring, with less than a third of the power against the rules.
    pub fn of_seed(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x706c_616e);
        // Mostly four: more validators cost the square of their number.
        let count = [4, 4, 4, 4, 5, 5, 6, 7, 7, 10][rng.below(10)];
        let weighted = rng.percent(40);
        let mut members: Vec<Member> = (0..count)
            .map(|_| Member {
                power: if weighted { rng.between(1, 10) } else { 10 },
                behaviour: Behaviour::Honest,
                skew_ms: rng.between(0, 200) as i64 - 100,
            })
            .collect();
        if rng.percent(70) {
            corrupt(&mut members, &mut rng);
        }
        let calm_network = rng.percent(20);
        let weather = Weather {
            delay_ms: [(5, 40), (20, 120), (1, 300)][rng.below(3)],
            drop: if calm_network { 0 } else { rng.between(0, 8) },
            duplicate: if calm_network { 0 } else { rng.between(0, 10) },
            hold: if calm_network { 0 } else { rng.between(0, 3) },
            pause_ms: [(700, 2_000), (1_500, 4_000), (3_000, 8_000)][rng.below(3)],
            crashes: if rng.percent(80) { rng.between(2, 12) } else { 0 },
            partitions: rng.percent(50),
        };
        Self { seed, members, weather, fault_heights: rng.between(16, 20), planted: None }
    }
}

/// Turns validators against the rules while their power stays below a third.
fn corrupt(members: &mut [Member], rng: &mut Rng) {
    let total: u64 = members.iter().map(|member| member.power).sum();
    let mut bad = 0;
    for _ in 0..rng.between(1, 3) {
        let index = rng.below(members.len());
        let member = &mut members[index];
        if member.behaviour == Behaviour::Honest && 3 * (bad + member.power) < total {
            bad += member.power;
            member.behaviour = ADVERSARIES[rng.below(ADVERSARIES.len())];
            if member.behaviour == Behaviour::OffClock {
                member.skew_ms = if rng.percent(50) { 30_000 } else { -30_000 };
            }
        }
    }
}
