//! Validators, delegation, and bonds of agents. Amounts are whole coins such as `1.5`.

use super::amount::{format_units, parse_units};
use super::report::{Report, pair};
use super::session::{ConsoleError, Session};
use super::token::done;
use alloy_primitives::{Address, B256, Bytes, U256};
use assay_abi::staking::{IStaking as I, STAKING};
use serde_json::{Value, json};

/// Digits of the native coin.
pub(super) const COIN_DECIMALS: u8 = 18;
/// Validators that are listed at most.
const PAGE: u64 = 100;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StakeAction {
    /// All validators, or one and the signer's delegation with it.
    Show(Option<Address>),
    /// Registers the signer's validator and bonds an amount as its own stake.
    Bond(Box<NewValidator>),
    /// Replaces the consensus key of the signer's validator.
    RotateKey(ProvenKey),
    /// Delegates an amount to a validator.
    Delegate(Address, String),
    /// Takes an amount back from a validator; all of it where none is named.
    Unbond(Address, Option<String>),
    /// Pays what was taken back in an epoch and is due; the rewards where none is named.
    Withdraw(Address, Option<u64>),
    /// Makes the signer's jailed validator a candidate again.
    Unjail,
    /// Bonds an amount for an agent in a role: 0 worker, 1 auditor.
    BondAgent {
        /// The agent.
        agent: U256,
        /// As what.
        role: u8,
        /// How much.
        amount: String,
    },
}

/// A key, and the proof that whoever registers it holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenKey {
    /// The public key.
    pub key: B256,
    /// The proof, for this chain and operator.
    pub proof: Bytes,
}

/// A validator that is to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewValidator {
    /// Its own stake.
    pub amount: String,
    /// Signs proposals and votes.
    pub consensus: ProvenKey,
    /// Makes randomness.
    pub randomness: ProvenKey,
    /// Who receives priority fees; the signer where there is none.
    pub fee_address: Option<Address>,
    /// Share of the rewards that the operator keeps, in hundredths of a per cent.
    pub commission: u16,
}

/// Does it.
///
/// # Errors
/// See [`ConsoleError`].
pub async fn run(session: &Session, action: StakeAction) -> Result<Report, ConsoleError> {
    match action {
        StakeAction::Show(None) => list(session).await,
        StakeAction::Show(Some(operator)) => show(session, operator).await,
        StakeAction::Bond(validator) => bond(session, *validator).await,
        StakeAction::RotateKey(new) => {
            let call = I::rotateConsensusKeyCall { publicKey: new.key, proof: new.proof };
            let receipt = session.send(STAKING, &call).await?;
            let rotated: Option<I::ConsensusKeyRotated> = receipt.event();
            let address = rotated.map(|rotated| rotated.consensusAddress);
            let report = done(&receipt, &format!("{} signs from two heights on", new.key));
            Ok(report.with("publicKey", json!(new.key)).with("consensusAddress", json!(address)))
        }
        StakeAction::Delegate(operator, amount) => {
            let value = parse_units(&amount, COIN_DECIMALS)?;
            let receipt = session.pay(STAKING, &I::delegateCall { operator }, value).await?;
            Ok(done(&receipt, &format!("{} delegated to {operator}", coins(value))))
        }
        StakeAction::Unbond(operator, amount) => unbond(session, operator, amount).await,
        StakeAction::Withdraw(operator, Some(epoch)) => {
            let receipt = session.send(STAKING, &I::withdrawCall { operator, epoch }).await?;
            Ok(done(&receipt, &format!("what was taken back in epoch {epoch} is paid")))
        }
        StakeAction::Withdraw(operator, None) => {
            let receipt = session.send(STAKING, &I::withdrawRewardsCall { operator }).await?;
            Ok(done(&receipt, &format!("rewards with {operator} are paid")))
        }
        StakeAction::Unjail => {
            let receipt = session.send(STAKING, &I::unjailCall {}).await?;
            Ok(done(&receipt, "the validator is a candidate again"))
        }
        StakeAction::BondAgent { agent, role, amount } => {
            let value = parse_units(&amount, COIN_DECIMALS)?;
            let receipt = session.pay(STAKING, &I::bondAgentCall { agentId: agent, role }, value).await?;
            Ok(done(&receipt, &format!("{} bonded for agent {agent}", coins(value))))
        }
    }
}

async fn bond(session: &Session, validator: NewValidator) -> Result<Report, ConsoleError> {
    let (operator, value) = (session.account()?, parse_units(&validator.amount, COIN_DECIMALS)?);
    let call = I::createValidatorCall {
        publicKey: validator.consensus.key,
        publicKeyProof: validator.consensus.proof,
        randomnessKey: validator.randomness.key,
        randomnessProof: validator.randomness.proof,
        feeAddress: validator.fee_address.unwrap_or(operator),
        commission: validator.commission,
    };
    let receipt = session.pay(STAKING, &call, value).await?;
    let what = format!("validator of {operator} with {} at stake; more: stake delegate {operator}", coins(value));
    Ok(done(&receipt, &what).with("operator", json!(operator)).with("publicKey", json!(call.publicKey)))
}

fn coins(wei: U256) -> String {
    format_units(wei, COIN_DECIMALS)
}

const fn status(code: u8) -> &'static str {
    match code {
        0 => "active",
        1 => "inactive",
        2 => "jailed",
        3 => "tombstoned",
        _ => "unknown",
    }
}

/// The least shares that are worth an amount, of a delegation's shares and what they are worth.
pub(super) fn shares_for(amount: U256, shares: U256, value: U256) -> Option<U256> {
    let product = amount.checked_mul(shares)?;
    let up = product.checked_add(value.checked_sub(U256::from(1))?)?;
    up.checked_div(value).filter(|asked| *asked <= shares)
}

async fn unbond(session: &Session, operator: Address, amount: Option<String>) -> Result<Report, ConsoleError> {
    let delegator = session.account()?;
    let held = session.view(STAKING, &I::delegationCall { operator, delegator }).await?;
    let shares = match amount {
        None => held.shares,
        Some(amount) => {
            let amount = parse_units(&amount, COIN_DECIMALS)?;
            let less = || ConsoleError::Answer(format!("{delegator} has {} with {operator}", coins(held.value)));
            shares_for(amount, held.shares, held.value).ok_or_else(less)?
        }
    };
    let receipt = session.send(STAKING, &I::undelegateCall { operator, shares }).await?;
    let taken: I::Undelegated =
        receipt.event().ok_or_else(|| ConsoleError::Answer("the receipt says nothing of it".to_owned()))?;
    let call = I::unbondingCall { operator, delegator, epoch: taken.epoch };
    let due = session.view(STAKING, &call).await?.dueEpoch;
    let what = format!("{} taken back in epoch {}, due in epoch {due}", coins(taken.amount), taken.epoch);
    let report = done(&receipt, &what).with("amount", coins(taken.amount));
    Ok(report.with("epoch", taken.epoch).with("dueEpoch", due))
}

fn validator_json(of: &I::Validator) -> Value {
    json!({
        "operator": of.operator, "status": status(of.status), "stake": coins(of.stake), "power": of.power,
        "commissionHundredths": of.commission, "feeAddress": of.feeAddress, "publicKey": of.publicKey,
        "consensusAddress": of.consensusAddress, "randomnessKey": of.randomnessKey, "unbonding": coins(of.unbonding),
        "commissionEarned": coins(of.commissionEarned), "jailedUntil": of.jailedUntil, "missed": of.missed,
    })
}

fn percent(hundredths: u16) -> String {
    format!("{} %", format_units(U256::from(hundredths), 2))
}

async fn list(session: &Session) -> Result<Report, ConsoleError> {
    let page = session.view(STAKING, &I::operatorsCall { start: 0, count: PAGE }).await?;
    let head = ["operator", "status", "stake", "power", "commission"].map(str::to_owned).to_vec();
    let (mut validators, mut lines) = (Vec::new(), vec![head]);
    for operator in page.page {
        let of = session.view(STAKING, &I::validatorCall { operator }).await?;
        let cells = [
            operator.to_string(),
            status(of.status).to_owned(),
            coins(of.stake),
            of.power.to_string(),
            percent(of.commission),
        ];
        lines.push(cells.to_vec());
        validators.push(validator_json(&of));
    }
    Ok(Report::new(&json!({ "total": page.total, "validators": validators }), lines))
}

async fn show(session: &Session, operator: Address) -> Result<Report, ConsoleError> {
    let of = session.view(STAKING, &I::validatorCall { operator }).await?;
    let mut json = validator_json(&of);
    let mut lines = vec![
        pair("operator", operator),
        pair("status", status(of.status)),
        pair("stake", coins(of.stake)),
        pair("power", of.power),
        pair("commission", percent(of.commission)),
        pair("fees to", of.feeAddress),
        pair("key", of.publicKey),
    ];
    // Who does not sign has no delegation of its own to look at.
    if let Ok(delegator) = session.account() {
        let held = session.view(STAKING, &I::delegationCall { operator, delegator }).await?;
        lines.extend([pair("your stake", coins(held.value)), pair("your rewards", coins(held.rewards))]);
        if let Some(fields) = json.as_object_mut() {
            let own = json!({ "value": coins(held.value), "shares": held.shares.to_string(), "rewards": coins(held.rewards) });
            fields.insert("delegation".to_owned(), own);
        }
    }
    Ok(Report::new(&json, lines))
}
