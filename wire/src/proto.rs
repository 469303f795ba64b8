//! The generated half of the published contract, `proto/waxseal.proto`.
//!
//! Used by `frame`, `chain` and `seal`; everyone else sees checked types.
#![allow(missing_docs, unreachable_pub, reason = "generated code")]
#![allow(clippy::all, clippy::pedantic, reason = "generated code")]

include!(concat!(env!("OUT_DIR"), "/waxseal.v1.rs"));
