//! Protocol changes by height. Rules change only here, never by a build feature or by config.

use crate::Height;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A change of the rules of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Upgrade {
    /// The rules a chain starts with: Ethereum's Osaka and Assay's first native modules.
    Genesis,
}

/// At which height each upgrade takes effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UpgradeSchedule(BTreeMap<Upgrade, Height>);

impl UpgradeSchedule {
    /// Whether an upgrade is in force at a height. [`Upgrade::Genesis`] always is.
    pub fn active(&self, upgrade: Upgrade, height: Height) -> bool {
        upgrade == Upgrade::Genesis || self.0.get(&upgrade).is_some_and(|from| height >= *from)
    }

    /// The upgrades and their heights, in order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (Upgrade, Height)> + '_ {
        self.0.iter().map(|(upgrade, height)| (*upgrade, *height))
    }
}
