//! `assay_`: what Ethereum has no method for.

use super::Table;
use crate::api::Api;
use crate::args::{Args, Quantity};
use crate::error::Answer;
use crate::revert::Reason;
use alloy_primitives::{Address, B256, Bytes, U64};
use assay_primitives::certificate::Signature64;
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;

pub(super) fn add(table: &mut Table) -> Result<(), RegisterMethodError> {
    table.plain("assay_getCertificate", certificate)?;
    table.plain("assay_decodeError", |_, mut args| {
        let data: Bytes = args.required()?;
        args.end()?;
        Ok(Reason::of(&data))
    })
}

#[derive(Clone, Serialize)]
struct SignatureView {
    address: Address,
    signature: Signature64,
}

/// Precommits of more than two thirds of the voting power for an ordering block. The execution header of its height
/// carries the block id in `extraData`, and is itself certified by the next height.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateView {
    height: U64,
    round: U64,
    block_id: B256,
    signatures: Vec<SignatureView>,
}

fn certificate(api: &Api, mut args: Args) -> Answer<Option<CertificateView>> {
    let Quantity(height) = args.required()?;
    args.end()?;
    Ok(api.chain.certificate(height)?.map(|certificate| CertificateView {
        height: U64::from(certificate.height.get()),
        round: U64::from(certificate.round.get()),
        block_id: certificate.block_id.0,
        signatures: certificate
            .signatures
            .into_iter()
            .map(|vote| SignatureView { address: vote.address.0, signature: vote.signature })
            .collect(),
    }))
}
