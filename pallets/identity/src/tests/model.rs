//! The registries as the reference implementation has them: lists, and loops over them.

use alloy_primitives::{Address, I256, U256};

#[derive(Clone, Debug)]
pub struct Entry {
    pub client: Address,
    pub value: i128,
    pub decimals: u8,
    pub tag1: String,
    pub tag2: String,
    pub revoked: bool,
    pub responses: Vec<Address>,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub validator: Address,
    pub answer: Option<(u8, String)>,
}

/// One agent's feedback and requests.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub entries: Vec<Entry>,
    pub requests: Vec<Request>,
}

fn passes(filter: &str, tag: &str) -> bool {
    filter.is_empty() || filter == tag
}

impl Model {
    /// Entry `index` (from 1) of a client.
    pub fn entry(&mut self, client: Address, index: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().filter(|e| e.client == client).nth(usize::try_from(index).ok()?.checked_sub(1)?)
    }

    pub fn last_index(&self, client: Address) -> u64 {
        self.entries.iter().filter(|e| e.client == client).count() as u64
    }

    /// The loop of the reference implementation: sum at 18 decimals, count, and how often each number of decimals
    /// occurs; then the average, cut to the most frequent of them.
    pub fn summary(&self, clients: &[Address], tag1: &str, tag2: &str) -> (u64, i128, u8) {
        let (mut sum, mut count, mut frequency) = (I256::ZERO, 0u64, [0u64; 19]);
        for client in clients {
            for entry in self.entries.iter().filter(|e| e.client == *client) {
                if entry.revoked || !passes(tag1, &entry.tag1) || !passes(tag2, &entry.tag2) {
                    continue;
                }
                let factor = I256::try_from(10i128.pow(18 - u32::from(entry.decimals))).unwrap();
                sum += I256::try_from(entry.value).unwrap() * factor;
                frequency[usize::from(entry.decimals)] += 1;
                count += 1;
            }
        }
        if count == 0 {
            return (0, 0, 0);
        }
        let (mut mode, mut most) = (0u8, 0);
        for decimals in 0..=18u8 {
            if frequency[usize::from(decimals)] > most {
                most = frequency[usize::from(decimals)];
                mode = decimals;
            }
        }
        let average = sum / I256::try_from(count).unwrap();
        let cut = average / I256::try_from(10i128.pow(18 - u32::from(mode))).unwrap();
        let low: U256 = cut.into_raw() & (U256::MAX >> 128);
        (count, low.to::<u128>().cast_signed(), mode)
    }

    pub fn responses(&self, client: Option<Address>, index: u64, responders: &[Address]) -> u64 {
        let mut count = 0;
        let mut seen: std::collections::BTreeMap<Address, u64> = Default::default();
        for entry in &self.entries {
            let at = seen.entry(entry.client).or_default();
            *at += 1;
            if client.is_some_and(|c| c != entry.client || (index != 0 && index != *at)) {
                continue;
            }
            count += if responders.is_empty() {
                entry.responses.len()
            } else {
                responders.iter().map(|r| entry.responses.iter().filter(|by| *by == r).count()).sum()
            } as u64;
        }
        count
    }

    pub fn validation(&self, validators: &[Address], tag: &str) -> (u64, u8) {
        let (mut count, mut sum) = (0u64, 0u64);
        for request in &self.requests {
            let Some((response, tagged)) = &request.answer else { continue };
            if (validators.is_empty() || validators.contains(&request.validator)) && passes(tag, tagged) {
                sum += u64::from(*response);
                count += 1;
            }
        }
        (count, u8::try_from(sum.checked_div(count).unwrap_or(0)).unwrap())
    }
}
