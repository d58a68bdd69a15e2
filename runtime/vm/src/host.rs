//! The kernel's `Host` over revm's journal: what a native module sees of the machine. Every access charges what the
//! same EVM opcode charges.

use crate::context::VmContext;
use crate::database::DatabaseFault;
use crate::evm::{AssayEvm, FrameError};
use alloy_primitives::{Address, Bytes, LogData, U256};
use assay_abi::NATIVE_CODE;
use assay_kernel::{CallError, CallKind, CallReturn, CallStatus, Environment, Frame, Halt, Host, OutCall};
use assay_primitives::Fault;
use revm::Inspector;
use revm::bytecode::Bytecode;
use revm::context::{Block, Cfg, ContextTr, JournalTr, Transaction};
use revm::context_interface::cfg::GasParams;
use revm::context_interface::host::LoadError;
use revm::context_interface::journaled_state::JournalLoadError;
use revm::handler::handle_reservoir_remaining_gas;
use revm::interpreter::instructions::contract::load_account_delegated;
use revm::interpreter::{CallInput, CallInputs, CallScheme, CallValue, FrameInput, Gas, SharedMemory};

/// LOG's price without topics and data.
const LOG_GAS: u64 = 375;

/// A native frame's view of the machine.
pub(crate) struct NativeHost<'e, 'a, I> {
    evm: &'e mut AssayEvm<'a, I>,
    frame: Frame,
    depth: usize,
    memory: SharedMemory,
    gas: Gas,
}

fn fault(error: DatabaseFault) -> CallError {
    CallError::Fault(error.0)
}

fn frame_fault(error: FrameError) -> CallError {
    match error {
        FrameError::Db(error) => fault(error),
        FrameError::Custom(what) => CallError::Fault(Fault::invariant(what)),
    }
}

fn load_error(error: JournalLoadError<DatabaseFault>) -> CallError {
    match error {
        JournalLoadError::DBError(error) => fault(error),
        JournalLoadError::ColdLoadSkipped => CallError::Halted(Halt::OutOfGas),
    }
}

/// What is known of an account once it is loaded.
struct Accessed {
    balance: U256,
    is_empty: bool,
    has_code: bool,
}

impl<'e, 'a, I: Inspector<VmContext<'a>>> NativeHost<'e, 'a, I> {
    pub(crate) fn new(
        evm: &'e mut AssayEvm<'a, I>,
        frame: Frame,
        depth: usize,
        memory: SharedMemory,
        gas: Gas,
    ) -> Self {
        Self { evm, frame, depth, memory, gas }
    }

    pub(crate) fn into_gas(self) -> Gas {
        self.gas
    }

    fn params(&self) -> &GasParams {
        self.evm.inner.ctx.cfg.gas_params()
    }

    fn journal(&mut self) -> &mut revm::context::Journal<crate::database::BlockState<'a>> {
        self.evm.inner.ctx.journal_mut()
    }

    /// The second look at what `Ctx` has refused before: writes in a static frame, or to what is no native module.
    fn check_write(&self, address: Address) -> Result<(), CallError> {
        if self.frame.is_static {
            return Err(CallError::Fault(Fault::invariant("a write in a static native frame passed Ctx")));
        }
        self.check_native(address)
    }

    fn check_native(&self, address: Address) -> Result<(), CallError> {
        if address == self.frame.address || self.evm.natives.is_native(&address) {
            return Ok(());
        }
        Err(CallError::Fault(Fault::invariant(format!("native code acted for {address}, which is no native module"))))
    }

    /// A module that acts through another's api may be the first to touch that account; the journal reads and writes
    /// slots of loaded accounts only. The accounts on the list of modules are warm; one of a family pays as in the EVM.
    fn reach(&mut self, address: Address) -> Result<(), CallError> {
        if address == self.frame.address {
            return Ok(());
        }
        self.load_account(address).map(drop)
    }

    /// Loads an account and charges warm or cold access.
    fn access_account(&mut self, address: Address) -> Result<Accessed, CallError> {
        self.charge(self.params().warm_storage_read_cost())?;
        self.load_account(address)
    }

    /// Loads an account and charges what a cold one costs more.
    fn load_account(&mut self, address: Address) -> Result<Accessed, CallError> {
        let cold = self.params().cold_account_additional_cost();
        let skip_cold = self.gas.remaining() < cold;
        let load = self.journal().load_account_info_skip_cold_load(address, false, skip_cold).map_err(load_error)?;
        let has_code = !load.account.is_empty_code_hash() && !load.account.code_hash.is_zero();
        let accessed = Accessed { balance: load.account.balance, is_empty: load.is_empty, has_code };
        if load.is_cold {
            self.charge(cold)?;
        }
        Ok(accessed)
    }

    /// Charges a call as CALL and STATICCALL do, and prepares it.
    fn prepare(&mut self, call: OutCall) -> Result<CallInputs, CallError> {
        let transfers = !call.value.is_zero();
        let (warm, value_cost) = (self.params().warm_storage_read_cost(), self.params().transfer_value_cost());
        self.charge(warm)?;
        if transfers {
            self.charge(value_cost)?;
        }
        let (remaining, spec) = (self.gas.remaining(), self.evm.inner.ctx.cfg.spec);
        let create_empty = call.kind == CallKind::Call;
        let context = &mut self.evm.inner.ctx;
        let loaded = load_account_delegated(context, spec, remaining, call.to, transfers, create_empty);
        let (cost, _, bytecode, code_hash) = match loaded {
            Ok(loaded) => loaded,
            Err(LoadError::ColdLoadSkipped) => return Err(CallError::Halted(Halt::OutOfGas)),
            Err(LoadError::DBError) => {
                let error = std::mem::replace(&mut context.error, Ok(()));
                return Err(error.err().map_or(CallError::Fault(Fault::invariant("lost fault")), frame_fault));
            }
        };
        self.charge(cost)?;
        // EIP-150: all but one 64th.
        let most = self.params().call_stipend_reduction(self.gas.remaining());
        let mut gas_limit = call.gas.map_or(most, |gas| gas.min(most));
        self.charge(gas_limit)?;
        if transfers {
            gas_limit = gas_limit.saturating_add(self.params().call_stipend());
        }
        // The payer may be another native module than the one whose frame this is.
        self.journal().load_account(call.from).map_err(fault)?;
        Ok(CallInputs {
            input: CallInput::Bytes(call.input),
            return_memory_offset: 0..0,
            gas_limit,
            reservoir: self.gas.reservoir(),
            bytecode_address: call.to,
            known_bytecode: (code_hash, bytecode),
            target_address: call.to,
            caller: call.from,
            value: CallValue::Transfer(call.value),
            scheme: if call.kind == CallKind::Static { CallScheme::StaticCall } else { CallScheme::Call },
            is_static: self.frame.is_static || call.kind == CallKind::Static,
            charged_new_account_state_gas: false,
        })
    }
}

impl<'a, I: Inspector<VmContext<'a>>> Host for NativeHost<'_, 'a, I> {
    fn frame(&self) -> Frame {
        self.frame
    }

    fn environment(&self) -> Environment {
        let context = &self.evm.inner.ctx;
        Environment {
            chain_id: context.cfg.chain_id(),
            number: context.block.number().saturating_to(),
            timestamp: context.block.timestamp().saturating_to(),
            prevrandao: context.block.prevrandao().unwrap_or_default(),
            beneficiary: context.block.beneficiary(),
            origin: context.tx.caller(),
            network: self.evm.network,
        }
    }

    fn gas_left(&self) -> u64 {
        self.gas.remaining()
    }

    fn charge(&mut self, gas: u64) -> Result<(), CallError> {
        if self.gas.record_regular_cost(gas) { Ok(()) } else { Err(CallError::Halted(Halt::OutOfGas)) }
    }

    fn sload(&mut self, address: Address, slot: U256) -> Result<U256, CallError> {
        self.check_native(address)?;
        let (warm, cold) = (self.params().warm_storage_read_cost(), self.params().cold_storage_additional_cost());
        self.charge(warm)?;
        let skip_cold = self.gas.remaining() < cold;
        self.reach(address)?;
        let load = self.journal().sload_skip_cold_load(address, slot, skip_cold).map_err(load_error)?;
        if load.is_cold {
            self.charge(cold)?;
        }
        Ok(load.data)
    }

    fn sstore(&mut self, address: Address, slot: U256, value: U256) -> Result<(), CallError> {
        self.check_write(address)?;
        let params = self.params();
        let (stipend, base, cold) = (params.call_stipend(), params.sstore_static_gas(), params.cold_storage_cost());
        // EIP-2200: nothing is written with no more gas than a value transfer passes on.
        if self.gas.remaining() <= stipend {
            return Err(CallError::Halted(Halt::OutOfGas));
        }
        self.charge(base)?;
        let skip_cold = self.gas.remaining() < cold;
        self.reach(address)?;
        let load = self.journal().sstore_skip_cold_load(address, slot, value, skip_cold).map_err(load_error)?;
        self.charge(self.params().sstore_dynamic_gas(true, &load.data, load.is_cold))?;
        let refund = self.params().sstore_refund(true, &load.data);
        self.gas.record_refund(refund);
        Ok(())
    }

    fn tload(&mut self, address: Address, slot: U256) -> Result<U256, CallError> {
        self.check_native(address)?;
        self.charge(self.params().warm_storage_read_cost())?;
        Ok(self.journal().tload(address, slot))
    }

    fn tstore(&mut self, address: Address, slot: U256, value: U256) -> Result<(), CallError> {
        self.check_write(address)?;
        self.charge(self.params().warm_storage_read_cost())?;
        self.journal().tstore(address, slot, value);
        Ok(())
    }

    fn balance(&mut self, address: Address) -> Result<U256, CallError> {
        Ok(self.access_account(address)?.balance)
    }

    fn has_code(&mut self, address: Address) -> Result<bool, CallError> {
        Ok(self.access_account(address)?.has_code)
    }

    fn transfer(&mut self, from: Address, to: Address, amount: U256) -> Result<bool, CallError> {
        self.check_write(from)?;
        let is_empty = self.access_account(to)?.is_empty;
        if !amount.is_zero() {
            self.charge(self.params().transfer_value_cost())?;
            if is_empty {
                self.charge(self.params().new_account_cost(true, true))?;
            }
        }
        Ok(self.journal().transfer(from, to, amount).map_err(fault)?.is_none())
    }

    fn log(&mut self, address: Address, log: LogData) -> Result<(), CallError> {
        self.check_write(address)?;
        let topics = u8::try_from(log.topics().len()).unwrap_or(u8::MAX);
        self.charge(LOG_GAS)?;
        self.charge(self.params().log_cost(topics, log.data.len() as u64))?;
        self.evm.emit(address, log);
        Ok(())
    }

    fn create_native(&mut self, address: Address) -> Result<bool, CallError> {
        self.check_write(address)?;
        let params = self.params();
        let (create, deposit) = (params.create_cost(), params.code_deposit_cost(NATIVE_CODE.len()));
        self.charge(create)?;
        self.charge(deposit)?;
        let (from, spec) = (self.frame.address, self.evm.inner.ctx.cfg.spec);
        let journal = self.journal();
        journal.load_account(address).map_err(fault)?;
        if journal.create_account_checkpoint(from, address, U256::ZERO, spec).is_err() {
            return Ok(false);
        }
        let code = Bytecode::new_legacy(Bytes::from_static(&NATIVE_CODE));
        journal.set_code(address, code);
        journal.checkpoint_commit();
        Ok(true)
    }

    fn call(&mut self, call: OutCall) -> Result<CallReturn, CallError> {
        self.check_native(call.from)?;
        if !call.value.is_zero() && (self.frame.is_static || call.kind == CallKind::Static) {
            return Err(CallError::Fault(Fault::invariant("value in a static call passed Ctx")));
        }
        let inputs = self.prepare(call)?;
        let depth = self.depth.saturating_add(1);
        let result = self.evm.nested(depth, &mut self.memory, FrameInput::Call(Box::new(inputs)));
        let mut result = result.map_err(frame_fault)?;
        let ended = result.instruction_result();
        handle_reservoir_remaining_gas(ended, self.gas.tracker_mut(), result.gas_mut().tracker_mut());
        let status = if ended.is_ok() {
            CallStatus::Success
        } else if ended == revm::interpreter::InstructionResult::Revert {
            CallStatus::Reverted
        } else {
            CallStatus::Failed
        };
        Ok(CallReturn { status, output: result.into_interpreter_result().output })
    }
}
