//! All integration tests in one binary, so that the node's dependencies are linked once.
#![allow(missing_docs, reason = "tests")]

mod tidy;
