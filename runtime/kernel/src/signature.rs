//! Who signed: what native modules ask about the signatures of accounts and of contract wallets.

use crate::ctx::Ctx;
use crate::error::CallError;
use crate::gas;
use crate::host::CallStatus;
use alloy_primitives::{Address, B256, Bytes, Signature};
use alloy_sol_types::SolCall;
use assay_abi::erc1271::isValidSignatureCall;
use assay_primitives::transaction::recover_sender;

impl Ctx<'_> {
    /// Who made an ECDSA signature over a digest; `None` where nobody can have: `v` is neither 27 nor 28, `s` lies in
    /// the upper half of the curve's order (EIP-2), or no key matches. Costs what the EVM's precompile 1 costs.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`.
    pub fn recover(&mut self, digest: B256, v: u8, r: B256, s: B256) -> Result<Option<Address>, CallError> {
        self.charge(gas::RECOVER)?;
        if v != 27 && v != 28 {
            return Ok(None);
        }
        Ok(recover_sender(&Signature::new(r.into(), s.into(), v == 28), digest).ok())
    }

    /// Whether bytes are an account's signature over a digest: its key's, 65 bytes `r ‖ s ‖ v`, which is tried first, so
    /// that an account that delegates to code (EIP-7702) still signs with its key; or what its code accepts (ERC-1271),
    /// asked by a static call.
    ///
    /// # Errors
    /// `Halted(OutOfGas)`, `Fault`.
    pub fn is_signed_by(&mut self, signer: Address, digest: B256, signature: &[u8]) -> Result<bool, CallError> {
        if let Some((v, r, s)) = split(signature)
            && self.recover(digest, v, r, s)? == Some(signer)
        {
            return Ok(true);
        }
        let call = isValidSignatureCall { hash: digest, signature: Bytes::copy_from_slice(signature) }.abi_encode();
        self.charge(gas::codec(call.len()))?;
        let returned = self.static_call(signer, call.into())?;
        let mut magic = [0u8; 32];
        magic.iter_mut().zip(isValidSignatureCall::SELECTOR).for_each(|(to, from)| *to = from);
        Ok(returned.status == CallStatus::Success && returned.output.starts_with(&magic))
    }
}

/// The parts of a signature of 65 bytes.
fn split(signature: &[u8]) -> Option<(u8, B256, B256)> {
    let (r, rest) = signature.split_first_chunk::<32>()?;
    let (s, rest) = rest.split_first_chunk::<32>()?;
    match rest {
        [v] => Some((*v, B256::new(*r), B256::new(*s))),
        _ => None,
    }
}
