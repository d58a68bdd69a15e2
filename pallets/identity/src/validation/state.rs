//! Everything that the validation registry stores.

use crate::tags::Tags;
use crate::types::{AnswerTally, Request, Subject, TagId};
use alloy_primitives::{Address, B256, U256};
use assay_kernel::{Lists, Map};

/// Every tag in use.
pub const TAGS: Tags = Tags::new("validation.tags", "validation.tag_ids", "validation.tag_texts");
/// Request hash -> validator, answer and time; never deleted.
pub const REQUESTS: Map<B256, Request> = Map::new("validation.requests");
/// Request hash -> agent and tag of the answer; never deleted.
pub const SUBJECTS: Map<B256, Subject> = Map::new("validation.subjects");
/// Request hash -> hash of the last answer's evidence.
pub const RESPONSE_HASHES: Map<B256, B256> = Map::new("validation.response_hashes");
/// Agent -> its requests; grows only.
pub const OF_AGENT: Lists<U256, B256> = Lists::new("validation.of_agent");
/// Validator -> requests that name it; grows only.
pub const OF_VALIDATOR: Lists<Address, B256> = Lists::new("validation.of_validator");
/// (agent, validator or zero for any, tag or any) -> tally of the answered requests.
pub const TALLIES: Map<(U256, Address, TagId), AnswerTally> = Map::new("validation.tallies");
