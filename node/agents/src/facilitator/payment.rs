//! What a payee asks for and what a payer signed, side by side.

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::{Eip712Domain, SolCall as _, SolStruct as _};
use assay_abi::token::INativeToken;

alloy_sol_types::sol! {
    /// What EIP-3009 has payers sign.
    struct TransferWithAuthorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }
}

/// Length of an ECDSA signature: r, s, v.
pub const ECDSA_BYTES: usize = 65;
/// Last bytes of a signature in the form of ERC-6492.
const ERC6492_MARK: [u8; 32] = hex!("6492649264926492649264926492649264926492649264926492649264926492");

/// An EIP-3009 authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The payer.
    pub from: Address,
    /// The payee.
    pub to: Address,
    /// Atomic units.
    pub value: U256,
    /// Valid after this second.
    pub valid_after: U256,
    /// Valid before this second.
    pub valid_before: U256,
    /// Any number that the payer has not used.
    pub nonce: B256,
}

/// What the payee asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// `exact`.
    pub scheme: String,
    /// CAIP-2.
    pub network: String,
    /// The token.
    pub asset: Address,
    /// Atomic units.
    pub amount: U256,
    /// Who is to receive them.
    pub pay_to: Address,
    /// The token's name in its EIP-712 domain.
    pub name: Option<String>,
    /// Its version there.
    pub version: Option<String>,
    /// The payee does not verify before it settles, so that a settlement stands for one delivery.
    pub delivers_once: bool,
}

/// A payment to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The scheme the payer accepted.
    pub scheme: String,
    /// The network the payer accepted.
    pub network: String,
    /// What was signed.
    pub authorization: Authorization,
    /// The signature.
    pub signature: Bytes,
    /// What it is for.
    pub terms: Terms,
}

/// What makes an authorization one of a kind: token, payer, nonce.
pub type PaymentKey = (Address, Address, B256);

impl Payment {
    /// What makes its authorization one of a kind.
    pub const fn key(&self) -> PaymentKey {
        (self.terms.asset, self.authorization.from, self.authorization.nonce)
    }

    /// Whether the signature has the form of ERC-6492: it carries a call that would deploy the payer's wallet.
    pub fn is_counterfactual(&self) -> bool {
        self.signature.ends_with(&ERC6492_MARK)
    }

    /// Call data of `transferWithAuthorization`: with v, r, s for 65 bytes, with bytes for everything else.
    pub fn call_data(&self) -> Bytes {
        let Authorization { from, to, value, valid_after, valid_before, nonce } = self.authorization;
        match <&[u8; ECDSA_BYTES]>::try_from(self.signature.as_ref()) {
            Ok([rs @ .., v]) => {
                let (r, s) = rs.split_at(32);
                let (r, s) = (B256::from_slice(r), B256::from_slice(s));
                let v = if *v < 2 { v.saturating_add(27) } else { *v };
                let call = INativeToken::transferWithAuthorization_0Call {
                    from,
                    to,
                    value,
                    validAfter: valid_after,
                    validBefore: valid_before,
                    nonce,
                    v,
                    r,
                    s,
                };
                call.abi_encode().into()
            }
            Err(_) => {
                let signature = self.signature.clone();
                let call = INativeToken::transferWithAuthorization_1Call {
                    from,
                    to,
                    value,
                    validAfter: valid_after,
                    validBefore: valid_before,
                    nonce,
                    signature,
                };
                call.abi_encode().into()
            }
        }
    }
}

/// The EIP-712 domain of a token, as the token itself tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDomain {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Of the chain.
    pub chain_id: U256,
    /// The token.
    pub token: Address,
}

impl TokenDomain {
    /// What the payer signs.
    pub fn digest(&self, authorization: &Authorization) -> B256 {
        let domain = Eip712Domain::new(
            Some(self.name.clone().into()),
            Some(self.version.clone().into()),
            Some(self.chain_id),
            Some(self.token),
            None,
        );
        let Authorization { from, to, value, valid_after, valid_before, nonce } = *authorization;
        TransferWithAuthorization { from, to, value, validAfter: valid_after, validBefore: valid_before, nonce }
            .eip712_signing_hash(&domain)
    }
}
