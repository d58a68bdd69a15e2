//! Newtypes for the quantities of the chain. Units stand in the name; arithmetic is explicit (checked or saturating).

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            BorshSerialize, BorshDeserialize, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The smallest value.
            pub const ZERO: Self = Self(0);

            /// The raw number.
            pub const fn get(self) -> $inner {
                self.0
            }

            /// `self + other`, or `None` where it does not fit.
            pub const fn checked_add(self, other: $inner) -> Option<Self> {
                match self.0.checked_add(other) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }

            /// `self + other`, clamped to the largest value.
            pub const fn saturating_add(self, other: $inner) -> Self {
                Self(self.0.saturating_add(other))
            }

            /// `self - other`, clamped to zero.
            pub const fn saturating_sub(self, other: $inner) -> Self {
                Self(self.0.saturating_sub(other))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    };
}

unit! {
    /// A block's position in the chain; genesis is 0.
    Height(u64)
}
unit! {
    /// A consensus round within a height; the first is 0.
    Round(u32)
}
unit! {
    /// An amount of gas.
    Gas(u64)
}
unit! {
    /// Milliseconds since the Unix epoch.
    TimestampMs(u64)
}
unit! {
    /// Hundredths of a per cent: 10,000 is the whole.
    Bps(u16)
}

impl Height {
    /// The height that follows; saturates at the largest number, which no chain reaches.
    pub const fn next(self) -> Self {
        self.saturating_add(1)
    }

    /// The height before; genesis stays genesis.
    pub const fn previous(self) -> Self {
        self.saturating_sub(1)
    }
}

impl TimestampMs {
    /// Whole seconds, as they stand in an execution header.
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

impl Bps {
    /// The whole: 10,000 hundredths of a per cent.
    pub const WHOLE: Self = Self(10_000);
}
