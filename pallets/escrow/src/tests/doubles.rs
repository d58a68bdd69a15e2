//! Doubles of foreign contracts: tokens and hooks, each with one fault, named by it.

use super::support::OTHER;
use alloy_primitives::{Address, Bytes, U256, address};
use alloy_sol_types::{SolCall, SolValue as _};
use assay_abi::escrow::{ESCROW, ESCROW_BASE, HOOK_INTERFACE, IACPHook, IEscrow, IPaymentToken as T};
use assay_kernel::{CallKind, CallReturn, CallStatus, Host as _, MemoryHost, OutCall};

/// Says `true`.
pub const PLAIN: Address = address!("0x70000000000000000000000000000000000000a1");
/// Says nothing.
pub const SILENT: Address = address!("0x70000000000000000000000000000000000000a2");
/// Moves nothing and says `false`.
pub const LYING: Address = address!("0x70000000000000000000000000000000000000a3");
/// Keeps a tenth of what moves.
pub const TAKING: Address = address!("0x70000000000000000000000000000000000000a4");
/// Calls escrow back while it moves.
pub const REENTRANT: Address = address!("0x70000000000000000000000000000000000000a5");
/// Burns all gas on the way out.
pub const BURNING: Address = address!("0x70000000000000000000000000000000000000a6");
/// Says `true` and moves nothing.
pub const EMPTY: Address = address!("0x70000000000000000000000000000000000000a7");
/// Refuses on the way out.
pub const CLOSED: Address = address!("0x70000000000000000000000000000000000000a8");
/// Credits the receiver with twice the amount.
pub const GENEROUS: Address = address!("0x70000000000000000000000000000000000000a9");

/// Agrees to everything, and writes down what it is told.
pub const HOOK: Address = address!("0x80000000000000000000000000000000000000b1");
/// Calls escrow back.
pub const CALLING_BACK: Address = address!("0x80000000000000000000000000000000000000b2");
/// Burns all gas.
pub const GREEDY: Address = address!("0x80000000000000000000000000000000000000b3");
/// Refuses everything before it is done.
pub const REFUSING: Address = address!("0x80000000000000000000000000000000000000b4");
/// Refuses everything after it was done.
pub const REGRETTING: Address = address!("0x80000000000000000000000000000000000000b5");
/// Has code and knows no ERC-165.
pub const MUTE: Address = address!("0x80000000000000000000000000000000000000b6");
/// Supports every interface, the one that nobody may included.
pub const BOASTING: Address = address!("0x80000000000000000000000000000000000000b7");
/// Fails while it is asked what it is.
pub const BROKEN: Address = address!("0x80000000000000000000000000000000000000b8");

/// Where doubles count what they have seen.
const SEEN: U256 = U256::MAX;
/// First slot of the words that a hook was told.
const TOLD: U256 = U256::from_limbs([0, 0, 0, 1 << 32]);

pub fn install(host: &mut MemoryHost) {
    for token in [PLAIN, SILENT, LYING, TAKING, REENTRANT, BURNING, EMPTY, CLOSED, GENEROUS] {
        host.set_callee(token, token_double);
    }
    for hook in [HOOK, CALLING_BACK, GREEDY, REFUSING, REGRETTING, MUTE, BOASTING, BROKEN] {
        host.set_callee(hook, hook_double);
    }
}

fn answer(output: impl Into<Bytes>) -> CallReturn {
    CallReturn { status: CallStatus::Success, output: output.into() }
}

fn refuse() -> CallReturn {
    CallReturn { status: CallStatus::Reverted, output: Bytes::from_static(b"refused by the double") }
}

fn burn_all(host: &mut MemoryHost) -> CallReturn {
    let left = host.gas_left();
    host.charge(left).unwrap();
    CallReturn { status: CallStatus::Failed, output: Bytes::new() }
}

pub fn slot(account: Address) -> U256 {
    U256::from_be_bytes(account.into_word().0)
}

pub fn mint(host: &mut MemoryHost, token: Address, account: Address, value: u64) {
    let held = host.slot(token, slot(account));
    host.sstore(token, slot(account), held + U256::from(value)).unwrap();
}

pub fn balance(host: &MemoryHost, token: Address, account: Address) -> u64 {
    host.slot(token, slot(account)).to()
}

/// How often a double was refused when it called back, or a hook was called.
pub fn seen(host: &MemoryHost, double: Address) -> u64 {
    host.slot(double, SEEN).to()
}

/// What a hook was told, call by call: before or after, selector, data.
pub fn told(host: &MemoryHost, hook: Address) -> Vec<(bool, [u8; 4], Bytes)> {
    (0..seen(host, hook))
        .map(|call| {
            let base = TOLD + U256::from(call * 1_000);
            let head = host.slot(hook, base).to_be_bytes::<32>();
            let length = usize::from(head[6]) * 256 + usize::from(head[7]);
            let words = (0..length.div_ceil(32))
                .flat_map(|word| host.slot(hook, base + U256::from(1 + word)).to_be_bytes::<32>());
            let data: Vec<u8> = words.take(length).collect();
            (head[1] == 1, head[2..6].try_into().unwrap(), data.into())
        })
        .collect()
}

fn count(host: &mut MemoryHost, double: Address) -> u64 {
    let seen = host.slot(double, SEEN);
    host.sstore(double, SEEN, seen + U256::ONE).unwrap();
    seen.to()
}

/// Calls every state-changing function of escrow that could hurt, and counts the refusals.
fn call_back(host: &mut MemoryHost, from: Address) {
    let job = U256::ONE;
    let inputs = [
        IEscrow::claimRefundCall { jobId: job }.abi_encode(),
        IEscrow::setProviderCall { jobId: job, provider: OTHER, optParams: Bytes::new() }.abi_encode(),
        IEscrow::fundCall { jobId: job, expectedBudget: U256::from(100), optParams: Bytes::new() }.abi_encode(),
        IEscrow::withdrawCall { token: from }.abi_encode(),
        super::support::create(OTHER, OTHER, Address::ZERO).abi_encode(),
    ];
    for to in [ESCROW, ESCROW_BASE] {
        for input in &inputs {
            let input = Bytes::from(input.clone());
            let call = OutCall { kind: CallKind::Call, from, to, value: U256::ZERO, input, gas: None };
            if host.call(call).unwrap().status != CallStatus::Success {
                count(host, from);
            }
        }
    }
}

fn move_tokens(host: &mut MemoryHost, token: Address, from: Address, to: Address, value: U256) -> CallReturn {
    if token == LYING {
        return answer(false.abi_encode());
    }
    if token == EMPTY {
        return answer(true.abi_encode());
    }
    if token == REENTRANT {
        call_back(host, token);
    }
    let Some(left) = host.slot(token, slot(from)).checked_sub(value) else { return refuse() };
    host.sstore(token, slot(from), left).unwrap();
    let arrives = match token {
        TAKING => value - value / U256::from(10),
        GENEROUS => value * U256::from(2),
        _ => value,
    };
    let held = host.slot(token, slot(to));
    host.sstore(token, slot(to), held + arrives).unwrap();
    answer(if token == SILENT { Vec::new() } else { true.abi_encode() })
}

fn token_double(host: &mut MemoryHost, call: &OutCall) -> CallReturn {
    if let Ok(asked) = T::balanceOfCall::abi_decode(&call.input) {
        return answer(host.slot(call.to, slot(asked.account)).abi_encode());
    }
    if let Ok(asked) = T::transferFromCall::abi_decode(&call.input) {
        return move_tokens(host, call.to, asked.from, asked.to, asked.value);
    }
    let Ok(asked) = T::transferCall::abi_decode(&call.input) else { return refuse() };
    match call.to {
        BURNING => burn_all(host),
        CLOSED => refuse(),
        token => move_tokens(host, token, call.from, asked.to, asked.value),
    }
}

fn write_down(host: &mut MemoryHost, hook: Address, before: bool, selector: [u8; 4], data: &[u8]) {
    let base = TOLD + U256::from(count(host, hook) * 1_000);
    let mut head = [0u8; 32];
    head[0] = 1;
    head[1] = u8::from(before);
    head[2..6].copy_from_slice(&selector);
    head[6..8].copy_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
    host.sstore(hook, base, U256::from_be_bytes(head)).unwrap();
    for (index, chunk) in (1u64..).zip(data.chunks(32)) {
        let mut word = [0u8; 32];
        word[..chunk.len()].copy_from_slice(chunk);
        host.sstore(hook, base + U256::from(index), U256::from_be_bytes(word)).unwrap();
    }
}

fn hook_double(host: &mut MemoryHost, call: &OutCall) -> CallReturn {
    let hook = call.to;
    if let Ok(asked) = IACPHook::supportsInterfaceCall::abi_decode(&call.input) {
        let known = [[0x01, 0xff, 0xc9, 0xa7], HOOK_INTERFACE].contains(&asked.interfaceId.0);
        return match hook {
            MUTE => answer(Bytes::new()),
            BOASTING => answer(true.abi_encode()),
            BROKEN => burn_all(host),
            _ => answer(known.abi_encode()),
        };
    }
    let (before, selector, data) = match IACPHook::beforeActionCall::abi_decode(&call.input) {
        Ok(told) => (true, told.selector.0, told.data),
        Err(_) => {
            let told = IACPHook::afterActionCall::abi_decode(&call.input).unwrap();
            (false, told.selector.0, told.data)
        }
    };
    match hook {
        CALLING_BACK => call_back(host, hook),
        GREEDY => return burn_all(host),
        REFUSING if before => return refuse(),
        REGRETTING if !before => return refuse(),
        _ => write_down(host, hook, before, selector, &data),
    }
    answer(Bytes::new())
}
