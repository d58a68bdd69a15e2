//! Families of native modules: accounts that become modules when they are created, at genesis or by a call.

use super::chain::{Chain, Key, spec};
use crate::natives::{Family, NativeModule, NativeModules};
use crate::{Executed, memory_root};
use alloy_primitives::{Address, U256, address, uint};
use alloy_sol_types::{SolCall as _, sol};
use assay_genesis::{ChainSpec, SpecError};
use assay_kernel::{CallError, Ctx, Item, Pallet, StateView as _, calls, dispatch, revert};
use assay_primitives::NetworkKind;

const SPAWNER: Address = address!("0xa55a200000000000000000000000000000000000");

sol! {
    function spawn(uint64 id) external returns (bool created);
    function spawnAndFail(uint64 id) external;
    function add(uint64 amount) external returns (uint64 sum);
    function addTo(uint64 id, uint64 amount) external returns (uint64 sum);
    error Refused();
}

/// Sum of a member -> one number, never deleted.
const SUM: Item<u64> = Item::new("family/sum");
/// The block and network that genesis ran in.
const GENESIS: U256 = uint!(9_U256);

struct Spawner;

impl Pallet for Spawner {
    const ADDRESS: Address = SPAWNER;

    fn entries() -> &'static [assay_kernel::Entry] {
        calls! {
            write(0) spawnCall => spawn,
            write(0) spawnAndFailCall => spawn_and_fail,
            write(0) addToCall => add_to,
        }
    }
}

fn spawn(ctx: &mut Ctx<'_>, call: spawnCall) -> Result<bool, CallError> {
    ctx.create_native(assay_abi::token_address(call.id))
}

fn add(ctx: &mut Ctx<'_>, call: addCall) -> Result<u64, CallError> {
    sum(ctx, call.amount)
}

fn add_to(ctx: &mut Ctx<'_>, call: addToCall) -> Result<u64, CallError> {
    ctx.act_for(assay_abi::token_address(call.id), |ctx| sum(ctx, call.amount))
}

fn spawn_and_fail(ctx: &mut Ctx<'_>, call: spawnAndFailCall) -> Result<spawnAndFailReturn, CallError> {
    assert!(ctx.create_native(assay_abi::token_address(call.id))?);
    revert(Refused {})
}

fn sum(ctx: &mut Ctx<'_>, amount: u64) -> Result<u64, CallError> {
    let sum = SUM.get_or_default(ctx)? + amount;
    SUM.set(ctx, &sum)?;
    Ok(sum)
}

fn genesis(ctx: &mut Ctx<'_>, spec: &ChainSpec) -> Result<(), CallError> {
    let environment = ctx.environment();
    assert_eq!((environment.number, environment.network), (0, spec.kind));
    assert_eq!(environment.timestamp, spec.genesis_time_ms.seconds());
    if spec.network == "refused" {
        return revert(Refused {});
    }
    ctx.sstore(GENESIS, U256::from(spec.kind as u8) + U256::from(1))?;
    let member = assay_abi::token_address(1);
    assert!(ctx.create_native(member)?);
    ctx.act_for(member, |ctx| sum(ctx, 100)).map(|_| ())
}

fn modules() -> NativeModules {
    let family = Family { prefix: assay_abi::TOKEN_PREFIX, call: |host, input| dispatch(host, MEMBER, input) };
    let spawner = NativeModule::of::<Spawner>("spawner");
    NativeModules::new(vec![NativeModule { family: Some(family), genesis: Some(genesis), ..spawner }])
}

const MEMBER: &[assay_kernel::Entry] = calls! { write(0) addCall => add };

fn chain() -> Chain {
    Chain::with(spec(), modules())
}

fn sum_of(chain: &Chain, member: Address) -> u64 {
    chain.state.storage(member, assay_kernel::storage::item_slot("family/sum")).unwrap().to()
}

fn success(executed: &Executed) -> Vec<bool> {
    executed.receipts.iter().map(|receipt| receipt.receipt.success).collect()
}

#[test]
fn a_module_makes_its_first_state_from_the_specification() {
    let mut spec = spec();
    spec.kind = NetworkKind::Test;
    let chain = Chain::with(spec, modules());
    assert_eq!(chain.state.storage(SPAWNER, GENESIS).unwrap(), U256::from(2));
    let member = assay_abi::token_address(1);
    let account = chain.state.account(member).unwrap().unwrap();
    assert_eq!((account.nonce, account.balance), (1, U256::ZERO));
    assert_eq!(chain.state.code(account.code_hash).unwrap().as_ref(), [0xfe]);
    assert_eq!(sum_of(&chain, member), 100);
    assert_eq!(chain.parent.header().state_root, memory_root(&chain.state));
    // Bonds lie with the staking module, which these modules are without.
    let spec = chain.executive.spec();
    assert_eq!(chain.supply() + spec.staked(), spec.total_supply);
}

#[test]
fn a_specification_that_a_module_refuses_has_no_first_state() {
    let mut spec = spec();
    spec.network = "refused".to_owned();
    let executive = crate::Executive::with_natives(std::sync::Arc::new(spec), modules()).unwrap();
    assert!(matches!(executive.init_chain(), Err(SpecError::Module { module: "spawner", .. })));
}

#[test]
fn an_address_of_the_family_is_an_account_like_any_other_until_it_is_created() {
    let mut chain = chain();
    let (key, member) = (Key::new(0), assay_abi::token_address(7));
    let add = addCall { amount: 5 }.abi_encode();
    let spawn = spawnCall { id: 7 }.abi_encode();
    let (executed, _) = chain.commit(&[key.call(0, member, &add), key.transfer(1, member, 3)]);
    assert_eq!(success(&executed), [true, true]);
    assert_eq!((chain.balance(member), sum_of(&chain, member)), (U256::from(3), 0));

    let txs = [key.call(2, SPAWNER, &spawn), key.call(3, member, &add), key.call(4, SPAWNER, &spawn)];
    let (executed, header) = chain.commit(&txs);
    assert_eq!(success(&executed), [true, true, true]);
    let account = chain.state.account(member).unwrap().unwrap();
    assert_eq!((account.nonce, account.balance), (1, U256::from(3)));
    assert_eq!(chain.state.code(account.code_hash).unwrap().as_ref(), [0xfe]);
    assert_eq!(sum_of(&chain, member), 5);
    assert_eq!(header.state_root, memory_root(&chain.state));
    // What creation costs: CREATE and one byte; the second attempt pays it too and changes nothing.
    let (first, second) = (executed.receipts[0].gas_used, executed.receipts[2].gas_used);
    assert!(first > 21_000 + 32_200 && first < 21_000 + 32_200 + 3_000, "{first}");
    assert_eq!(first, second);

    // Value sent with a call to a member is refused by the module, as by every native module.
    let (executed, _) = chain.commit(&[key.transfer(5, member, 3)]);
    assert_eq!(success(&executed), [false]);
}

#[test]
fn a_revert_undoes_a_creation() {
    let mut chain = chain();
    let key = Key::new(0);
    let (executed, _) = chain.commit(&[key.call(0, SPAWNER, &spawnAndFailCall { id: 8 }.abi_encode())]);
    assert_eq!(success(&executed), [false]);
    assert_eq!(chain.state.account(assay_abi::token_address(8)).unwrap(), None);
    let spawn = spawnCall { id: 8 }.abi_encode();
    let (executed, _) = chain.commit(&[key.call(1, SPAWNER, &spawn)]);
    assert_eq!(success(&executed), [true]);
    assert!(chain.state.account(assay_abi::token_address(8)).unwrap().is_some());
}

#[test]
fn acting_for_a_member_pays_for_its_cold_account_once() {
    let mut chain = chain();
    let key = Key::new(0);
    let to = |id| addToCall { id, amount: 1 }.abi_encode();
    chain.commit(&[key.call(0, SPAWNER, &spawnCall { id: 2 }.abi_encode())]);
    // Both sums exist from the second round on, so that only the account's access differs.
    chain.commit(&[
        key.call(1, SPAWNER, &to(2)),
        key.call(2, assay_abi::token_address(2), &addCall { amount: 1 }.abi_encode()),
    ]);
    let (executed, _) = chain.commit(&[key.call(3, SPAWNER, &to(2)), key.call(4, SPAWNER, &to(2))]);
    assert_eq!(executed.receipts[0].gas_used, executed.receipts[1].gas_used);
    let (executed, _) = chain.commit(&[key.call(5, assay_abi::token_address(2), &addCall { amount: 1 }.abi_encode())]);
    let direct = executed.receipts[0].gas_used;
    let (executed, _) = chain.commit(&[key.call(6, SPAWNER, &to(2))]);
    let acted = executed.receipts[0].gas_used;
    assert!(acted > direct + 2_500, "{acted} {direct}");
    assert_eq!(sum_of(&chain, assay_abi::token_address(2)), 6);
}
