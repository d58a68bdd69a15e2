//! What holds after every block; the README explains each.

use crate::handlers::factory::{ids, next_id};
use crate::params::{DECIMALS_MAX, NAME_BYTES_MAX, SYMBOL_BYTES_MAX};
use crate::state::{CONTROL, DOMAIN, HOLDINGS, METADATA, SUPPLY};
use alloy_primitives::{Address, keccak256};
use assay_abi::token::TOKEN_FACTORY;
use assay_abi::{NATIVE_CODE, NATIVE_NONCE, token_address};
use assay_kernel::{StateView, read};
use assay_primitives::Fault;

/// Ids of the invariants, as the README lists them: `check` sees to the first three, [`check_supply`] to the fourth, the
/// property tests to the others.
pub const INVARIANTS: &[&str] = &["TOK-1", "TOK-2", "TOK-3", "TOK-4", "TOK-5", "TOK-6", "TOK-7"];

fn broken(id: &str, what: std::fmt::Arguments<'_>) -> Fault {
    Fault::invariant(format!("{id}: {what}"))
}

/// TOK-1 to TOK-3 over the whole state.
///
/// # Errors
/// A `Fault` that names the broken invariant; one of the view.
pub fn check(view: &dyn StateView) -> Result<(), Fault> {
    let (ids, next) = read(view, TOKEN_FACTORY, |ctx| Ok((ids(ctx)?, next_id(ctx)?)))?;
    if view.account(token_address(next))?.is_some_and(|account| account.nonce != 0) {
        return Err(broken("TOK-1", format_args!("id {next} has an account before its turn")));
    }
    for id in ids {
        let token = token_address(id);
        let account = view.account(token)?.unwrap_or_default();
        if account.nonce != NATIVE_NONCE || account.code_hash != keccak256(NATIVE_CODE) {
            return Err(broken("TOK-1", format_args!("token {id} has no native account")));
        }
        check_token(view, token)?;
    }
    Ok(())
}

fn check_token(view: &dyn StateView, token: Address) -> Result<(), Fault> {
    let (metadata, domain, control) =
        read(view, token, |ctx| Ok((METADATA.get(ctx)?, DOMAIN.get(ctx)?, CONTROL.get(ctx)?)))?;
    let named = metadata.is_some_and(|metadata| {
        (1..=NAME_BYTES_MAX).contains(&metadata.name.len())
            && (1..=SYMBOL_BYTES_MAX).contains(&metadata.symbol.len())
            && metadata.decimals <= DECIMALS_MAX
    });
    if !named || domain.is_none() || control.is_none() {
        return Err(broken("TOK-2", format_args!("token {token} lacks names, domain or owner")));
    }
    // The bound is that of the stored type: a larger word does not read.
    match read(view, token, |ctx| SUPPLY.get_or_default(ctx)) {
        Ok(_) => Ok(()),
        Err(Fault::Corrupt(what)) => Err(broken("TOK-3", format_args!("supply of token {token}: {what}"))),
        Err(fault) => Err(fault),
    }
}

/// TOK-4 for one token: its supply is what these accounts hold, which are all that ever held. State has no list of
/// holders (it would cost every new holder two slots); whoever checks knows them from genesis and `Transfer` events.
///
/// # Errors
/// A `Fault` that names the broken invariant; one of the view.
pub fn check_supply(view: &dyn StateView, token: Address, holders: &[Address]) -> Result<(), Fault> {
    let (supply, sum) = read(view, token, |ctx| {
        let mut sum = Some(0u128);
        for holder in holders {
            let balance = HOLDINGS.get_or_default(ctx, holder)?.balance;
            sum = sum.and_then(|sum| sum.checked_add(balance));
        }
        Ok((SUPPLY.get_or_default(ctx)?, sum))
    })?;
    if sum == Some(supply) {
        return Ok(());
    }
    Err(broken("TOK-4", format_args!("token {token} has a supply of {supply}, held are {sum:?}")))
}
