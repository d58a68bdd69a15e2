//! What a native module is to the chain, and its Solidity dispatch: a table and nothing else.

use crate::ctx::Ctx;
use crate::error::{CallError, Reverted, revert};
use crate::gas;
use crate::host::Host;
use alloy_primitives::{Address, Bytes, FixedBytes};
use alloy_sol_types::SolCall;
use alloy_sol_types::abi::AbiDecoderConfig;
use assay_abi::errors::{MalformedArguments, NotPayable, UnknownSelector};

/// What a function may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// Reads; it is served while the module is locked, and may not write however it is called.
    View,
    /// Writes; takes no value.
    Write,
    /// Writes; takes value.
    Payable,
}

/// One function of a native module. Rows are made by [`calls!`](crate::calls).
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// First four bytes of the signature's keccak.
    pub selector: [u8; 4],
    /// Solidity signature, for documentation and tests.
    pub signature: &'static str,
    /// What it may do.
    pub mutability: Mutability,
    /// Gas before the handler runs, on top of [`gas::CALL`] and the codec's price per word.
    pub gas: u64,
    /// Decodes, runs the handler, encodes.
    pub run: fn(&mut Ctx<'_>, &[u8]) -> Result<Bytes, CallError>,
}

/// A native module.
pub trait Pallet {
    /// Its account.
    const ADDRESS: Address;

    /// Its functions.
    fn entries() -> &'static [Entry];

    /// Work at the end of every block, bounded by the executive's gas limit for it.
    ///
    /// # Errors
    /// See [`CallError`]; on any error its effects are undone.
    fn end_block(ctx: &mut Ctx<'_>) -> Result<(), CallError> {
        let _ = ctx;
        Ok(())
    }
}

/// Runs a call into a module: finds the function, checks value and lock, decodes, runs.
///
/// # Errors
/// `Reverted(UnknownSelector | NotPayable | Reentrant | MalformedArguments)`, or what the handler returns.
pub fn dispatch(host: &mut dyn Host, entries: &[Entry], input: &[u8]) -> Result<Bytes, CallError> {
    let mut ctx = Ctx::new(host);
    ctx.charge(gas::CALL.saturating_add(gas::codec(input.len())))?;
    let mut selector = [0u8; 4];
    selector.iter_mut().zip(input).for_each(|(to, from)| *to = *from);
    let Some(entry) = entries.iter().find(|entry| input.len() >= 4 && entry.selector == selector) else {
        return revert(UnknownSelector { selector: FixedBytes(selector) });
    };
    if entry.mutability != Mutability::Payable && !ctx.value().is_zero() {
        return revert(NotPayable {});
    }
    ctx.charge(entry.gas)?;
    let arguments = input.get(4..).unwrap_or_default();
    if entry.mutability == Mutability::View {
        return ctx.as_view(|ctx| (entry.run)(ctx, arguments));
    }
    let module = ctx.address();
    ctx.check_unlocked(module)?;
    (entry.run)(&mut ctx, arguments)
}

/// Decodes the arguments of a function, runs its handler and encodes what it returns. Used by [`calls!`](crate::calls).
///
/// # Errors
/// `Reverted(MalformedArguments)`, or what the handler returns.
pub fn run_typed<C: SolCall>(
    ctx: &mut Ctx<'_>,
    arguments: &[u8],
    handler: impl FnOnce(&mut Ctx<'_>, C) -> Result<C::Return, CallError>,
) -> Result<Bytes, CallError> {
    // Canonical encodings only: offsets that alias would make a short input decode into a large value.
    let config = AbiDecoderConfig::new().strict(true).validate_allow_trailing_bytes(true);
    let call = C::abi_decode_raw_with_config(arguments, config)
        .map_err(|_| CallError::Reverted(Reverted::with(&MalformedArguments {})))?;
    let output = C::abi_encode_returns(&handler(ctx, call)?);
    ctx.charge(gas::codec(output.len()))?;
    Ok(output.into())
}

/// The table of a module's functions:
///
/// ```text
/// calls! {
///     view(0) IEscrow::jobCall => handlers::job,
///     write(500) IEscrow::fundCall => handlers::fund,
///     payable(500) IEscrow::depositCall => handlers::deposit,
/// }
/// ```
/// The number is the function's own gas; handlers are `fn(&mut Ctx, Call) -> Result<Call::Return, CallError>`.
#[macro_export]
macro_rules! calls {
    ($($kind:ident($gas:expr) $call:path => $handler:path),* $(,)?) => {
        &[$($crate::pallet::Entry {
            selector: <$call as $crate::SolCall>::SELECTOR,
            signature: <$call as $crate::SolCall>::SIGNATURE,
            mutability: $crate::calls!(@ $kind),
            gas: $gas,
            run: |ctx, arguments| $crate::pallet::run_typed::<$call>(ctx, arguments, $handler),
        }),*]
    };
    (@ view) => { $crate::pallet::Mutability::View };
    (@ write) => { $crate::pallet::Mutability::Write };
    (@ payable) => { $crate::pallet::Mutability::Payable };
}
