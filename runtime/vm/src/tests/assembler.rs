//! A few bytes of assembler, and the contracts of the tests.

use revm::bytecode::opcode as op;

/// Bytecode under construction.
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    code: Vec<u8>,
    /// Positions of two-byte operands, and the label each jumps to.
    jumps: Vec<(usize, &'static str)>,
    labels: Vec<(&'static str, usize)>,
}

impl Assembler {
    pub fn ops(mut self, ops: &[u8]) -> Self {
        self.code.extend_from_slice(ops);
        self
    }

    pub fn push(mut self, value: u64) -> Self {
        let bytes = value.to_be_bytes();
        let skip = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
        self.code.push(op::PUSH1 + (7 - skip) as u8);
        self.code.extend_from_slice(&bytes[skip..]);
        self
    }

    pub fn push_bytes(mut self, bytes: &[u8]) -> Self {
        self.code.push(op::PUSH1 + (bytes.len() - 1) as u8);
        self.code.extend_from_slice(bytes);
        self
    }

    pub fn jump_if(mut self, label: &'static str) -> Self {
        self.code.push(op::PUSH2);
        self.jumps.push((self.code.len(), label));
        self.code.extend_from_slice(&[0, 0, op::JUMPI]);
        self
    }

    pub fn label(mut self, label: &'static str) -> Self {
        self.labels.push((label, self.code.len()));
        self.code.push(op::JUMPDEST);
        self
    }

    pub fn build(mut self) -> Vec<u8> {
        for (at, label) in &self.jumps {
            let target = self.labels.iter().find(|(name, _)| name == label).unwrap().1 as u16;
            self.code[*at..*at + 2].copy_from_slice(&target.to_be_bytes());
        }
        self.code
    }
}

/// A contract that counts its calls in slot 0 and logs them (where `counts`), then passes calldata from byte 64 on to
/// the address in word 0 with the given call opcode. Word 1 is the mode: 0 returns (success, return data), 1 reverts
/// with the callee's reason if it failed, 2 reverts in any case.
pub fn forwarder(call: u8, counts: bool) -> Vec<u8> {
    let mut code = Assembler::default();
    if counts {
        code = code.push(0).ops(&[op::SLOAD]).push(1).ops(&[op::ADD]).push(0).ops(&[op::SSTORE]);
        code = code.push(0xaa).push(0).push(0).ops(&[op::LOG1]);
    }
    code = code.push(64).ops(&[op::CALLDATASIZE, op::SUB]).push(64).push(0).ops(&[op::CALLDATACOPY]);
    code = code.push(0).push(0).push(64).ops(&[op::CALLDATASIZE, op::SUB]).push(0);
    if matches!(call, op::CALL | op::CALLCODE) {
        code = code.ops(&[op::CALLVALUE]);
    }
    code = code.push(0).ops(&[op::CALLDATALOAD, op::GAS, call]);
    code = code.ops(&[op::RETURNDATASIZE]).push(0).push(32).ops(&[op::RETURNDATACOPY]);
    code = code.ops(&[op::DUP1]).push(0).ops(&[op::MSTORE, op::ISZERO]);
    code = code.push(32).ops(&[op::CALLDATALOAD]).push(1).ops(&[op::EQ, op::AND]);
    code = code.push(32).ops(&[op::CALLDATALOAD]).push(2).ops(&[op::EQ, op::OR]).jump_if("revert");
    code = code.ops(&[op::RETURNDATASIZE]).push(32).ops(&[op::ADD]).push(0).ops(&[op::RETURN]);
    code.label("revert").ops(&[op::RETURNDATASIZE]).push(32).ops(&[op::REVERT]).build()
}

/// Init code that deploys `code`.
pub fn deployer(code: &[u8]) -> Vec<u8> {
    let length = code.len() as u64;
    let head = Assembler::default().push(length).ops(&[op::DUP1]).push(0x0b).push(0).ops(&[op::CODECOPY]);
    let mut init = head.push(0).ops(&[op::RETURN]).build();
    assert!(length < 256 && init.len() <= 0x0b, "the offset of the code is fixed");
    init.resize(0x0b, op::STOP);
    init.extend_from_slice(code);
    init
}

/// A contract that calls itself with all its gas, ignores how that ended, and then calls `to` with `input` (at most 36
/// bytes).
pub fn recursive_then(to: alloy_primitives::Address, input: &[u8]) -> Vec<u8> {
    let mut code = Assembler::default();
    code = code.push(0).push(0).push(0).push(0).push(0).ops(&[op::ADDRESS, op::GAS, op::CALL, op::POP]);
    let (head, tail) = input.split_at(4);
    code = code.push_bytes(head).push(224).ops(&[op::SHL]).push(0).ops(&[op::MSTORE]);
    code = code.push_bytes(tail).push(4).ops(&[op::MSTORE]);
    code = code.push(0).push(0).push(input.len() as u64).push(0).push(0).push_bytes(to.as_slice());
    code.ops(&[op::GAS, op::CALL, op::STOP]).build()
}

/// A contract that calls an empty account with 100,000 bytes of input until its gas is used up.
pub fn call_with_large_input_forever() -> Vec<u8> {
    let code = Assembler::default().label("again").push(0).push(0).push(100_000).push(0).push(0).push(0xdead);
    code.push(30_000).ops(&[op::CALL, op::POP]).push(1).jump_if("again").build()
}
