//! One function per call. Each checks, computes, writes; none calls foreign code.

pub(crate) mod activity;
pub(crate) mod create_validator;
pub(crate) mod delegate;
pub(crate) mod rotate;
pub(crate) mod settings;
pub(crate) mod views;
pub(crate) mod withdraw;
