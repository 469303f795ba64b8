//! The generated half of the published format, `proto/directory.proto`.
//!
//! Everyone else sees checked types.
#![allow(missing_docs, unreachable_pub, reason = "generated code")]
#![allow(clippy::all, clippy::pedantic, reason = "generated code")]

include!(concat!(env!("OUT_DIR"), "/waxseal.directory.v1.rs"));
