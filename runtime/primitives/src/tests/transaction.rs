//! Sender recovery against known signatures, and the refusals.

use crate::transaction::{TX_BYTES_MAX, system_transaction};
use crate::{CheckedTx, Receipt, TxError};
use alloy_primitives::{Address, Bytes, Log, LogData, address, hex};

/// The EIP-155 specification's example: key 0x46..46, nonce 9, 20 gwei, 21000 gas, 1 ether.
const EIP155: &[u8] = &hex!(
    "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
);

#[test]
fn the_example_of_eip_155() {
    let tx = CheckedTx::recover(Bytes::from_static(EIP155)).unwrap();
    assert_eq!(tx.sender(), address!("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"));
    assert_eq!(tx.nonce(), 9);
    assert_eq!(tx.cost_max().to_string(), "1000420000000000000");
}

#[test]
fn refusals() {
    let mut trailing = EIP155.to_vec();
    trailing.push(0);
    assert!(matches!(CheckedTx::recover(trailing.into()), Err(TxError::Malformed(_))));
    assert!(matches!(CheckedTx::recover(Bytes::new()), Err(TxError::Malformed(_))));
    assert!(matches!(CheckedTx::recover(vec![0xf8; TX_BYTES_MAX + 1].into()), Err(TxError::TooLarge { .. })));
    assert!(matches!(CheckedTx::recover(system_transaction(7)), Err(TxError::Malformed(_))));
}

#[test]
fn receipts_round_trip_for_every_type() {
    let log = Log { address: Address::repeat_byte(1), data: LogData::new_unchecked(vec![], Bytes::from_static(b"x")) };
    for tx_type in [0, 1, 2, 4, 0x7e] {
        let receipt = Receipt { tx_type, success: true, cumulative_gas_used: 21_000, logs: vec![log.clone()] };
        let mut bytes = Vec::new();
        receipt.encode_2718(&mut bytes);
        assert_eq!(Receipt::decode_2718(&bytes).unwrap(), receipt);
    }
}
