//! The network between the machines: how long a message takes, whether it arrives, how often, and who is cut off.

use super::plan::Weather;
use super::rng::Rng;

/// Longest that a message is held up, in milliseconds.
const HOLD_MS: (u64, u64) = (500, 4_000);
/// How late the messages of a late validator are, in milliseconds.
const LATE_MS: (u64, u64) = (800, 5_000);

/// What happened to messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub delivered: u64,
    pub dropped: u64,
    pub duplicated: u64,
    pub held: u64,
    pub cut: u64,
}

/// The network.
pub struct Network {
    weather: Weather,
    /// Faults are over: everything arrives soon.
    pub calm: bool,
    /// Which side of a partition each machine is on.
    pub sides: Option<Vec<bool>>,
    pub traffic: Traffic,
}

impl Network {
    pub fn new(weather: Weather) -> Self {
        Self { weather, calm: false, sides: None, traffic: Traffic::default() }
    }

    /// After how many microseconds copies of a message arrive; none where it is lost.
    pub fn route(&mut self, rng: &mut Rng, from: usize, to: usize, late: bool) -> Vec<u64> {
        let weather = self.weather;
        let (low, high) = weather.delay_ms;
        let mut delay = rng.between(low * 1_000, high * 1_000);
        if late {
            delay += rng.between(LATE_MS.0 * 1_000, LATE_MS.1 * 1_000);
        }
        if self.calm {
            self.traffic.delivered += 1;
            return vec![delay];
        }
        if self.sides.as_ref().is_some_and(|sides| sides[from] != sides[to]) {
            self.traffic.cut += 1;
            return Vec::new();
        }
        if rng.percent(weather.drop) {
            self.traffic.dropped += 1;
            return Vec::new();
        }
        if rng.percent(weather.hold) {
            self.traffic.held += 1;
            delay += rng.between(HOLD_MS.0 * 1_000, HOLD_MS.1 * 1_000);
        }
        self.traffic.delivered += 1;
        let mut copies = vec![delay];
        if rng.percent(weather.duplicate) {
            self.traffic.duplicated += 1;
            copies.push(delay + rng.between(0, high * 4_000));
        }
        copies
    }
}
