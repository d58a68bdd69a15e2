//! Everything that the reputation registry stores.

use crate::tags::Tags;
use crate::types::{Feedback, JobTally, TagId};
use alloy_primitives::{Address, U256};
use assay_kernel::{Lists, Map};

/// Every tag in use.
pub const TAGS: Tags = Tags::new("reputation.tags", "reputation.tag_ids", "reputation.tag_texts");
/// Agent -> its clients in the order of their first feedback; grows only.
pub const CLIENTS: Lists<U256, Address> = Lists::new("reputation.clients");
/// (agent, client) -> index of the client's last feedback, counted from 1; grows only.
pub const LAST_INDEX: Map<(U256, Address), u64> = Map::new("reputation.last_index");
/// (agent, client, index) -> the entry; never deleted.
pub const FEEDBACK: Map<(U256, Address, u64), Feedback> = Map::new("reputation.feedback");
/// (agent, client, tag 1 or any, tag 2 or any) -> head of the tally of live entries; deleted at zero entries.
pub const TALLIES: Map<(U256, Address, TagId, TagId), U256> = Map::new("reputation.tallies");
/// The same key and 0 to 3 -> five counters by decimals, of tallies with entries of different decimals.
pub const TALLY_COUNTS: Map<(U256, Address, TagId, TagId, u8), U256> = Map::new("reputation.tally_counts");
/// (agent, client, index) -> how many responses it has; grows only.
pub const RESPONSES: Map<(U256, Address, u64), u64> = Map::new("reputation.responses");
/// (agent, client, index, responder) -> how many of them are the responder's; grows only.
pub const RESPONSES_OF: Map<(U256, Address, u64, Address), u64> = Map::new("reputation.responses_of");
/// (agent, client) -> the epoch after the one of the client's last job-backed entry.
pub const JOB_EPOCHS: Map<(U256, Address), u64> = Map::new("reputation.job_epochs");
/// (agent, client, index) -> weight of a job-backed entry; never deleted.
pub const WEIGHTS: Map<(U256, Address, u64), u128> = Map::new("reputation.weights");
/// (agent, tag 2 or any) -> count and weight of job-backed entries.
pub const JOB_TALLIES: Map<(U256, TagId), JobTally> = Map::new("reputation.job_tallies");
/// The same key -> sum of score times weight.
pub const JOB_SCORES: Map<(U256, TagId), U256> = Map::new("reputation.job_scores");
