//! The price of a long answer: as the EVM charges memory, so that no view makes a node hold more than a contract could
//! for the same gas.

use assay_kernel::{CallError, Ctx};

/// Words that an answer takes so far, and what was paid for them.
#[derive(Debug, Default)]
pub(super) struct Memory {
    words: u64,
    paid: u64,
}

impl Memory {
    /// Pays for more words: 3 each, and the square of all of them over 512 (yellow paper, H.1).
    ///
    /// # Errors
    /// `Halted(OutOfGas)`.
    pub(super) fn grow(&mut self, ctx: &mut Ctx<'_>, words: u64) -> Result<(), CallError> {
        self.words = self.words.saturating_add(words);
        let square = self.words.saturating_mul(self.words) / 512;
        let price = self.words.saturating_mul(3).saturating_add(square);
        ctx.charge(price.saturating_sub(self.paid))?;
        self.paid = price;
        Ok(())
    }
}
