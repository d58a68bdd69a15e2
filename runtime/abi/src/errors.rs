//! The errors that every native module shares: what its port answers before any handler runs.

alloy_sol_types::sol! {
    /// DELEGATECALL or CALLCODE into a native module: its state lives under its own account only.
    #[derive(Debug, PartialEq, Eq)]
    error NoDelegate();

    /// A state-changing call into a native module that is calling out.
    #[derive(Debug, PartialEq, Eq)]
    error Reentrant();

    /// The native module has no function with this selector (fewer than four bytes of input count as zero-padded).
    #[derive(Debug, PartialEq, Eq)]
    error UnknownSelector(bytes4 selector);

    /// Value was sent to a function that takes none.
    #[derive(Debug, PartialEq, Eq)]
    error NotPayable();

    /// The input does not decode as the function's arguments.
    #[derive(Debug, PartialEq, Eq)]
    error MalformedArguments();

    /// A transfer exceeds the native module's balance.
    #[derive(Debug, PartialEq, Eq)]
    error InsufficientBalance();

    /// A list has no element at this index.
    #[derive(Debug, PartialEq, Eq)]
    error IndexOutOfBounds();

    /// A string, record or page exceeds its bound.
    #[derive(Debug, PartialEq, Eq)]
    error TooLong();
}
