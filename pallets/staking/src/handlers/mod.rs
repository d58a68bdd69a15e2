//! One function per call. Each checks, computes, writes; the identity registry alone is asked, before anything is written.

pub(crate) mod activity;
pub(crate) mod bonds;
pub(crate) mod create_validator;
pub(crate) mod delegate;
pub(crate) mod rotate;
pub(crate) mod settings;
pub(crate) mod views;
pub(crate) mod withdraw;
