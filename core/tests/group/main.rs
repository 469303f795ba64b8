//! Groups between devices with stores of their own, by the public door of `core::group`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod faults;
mod fixture;
mod life;
mod secrecy;
mod town;
