//! The published contract, from outside: what is encoded decodes, what is too
//! large or wrong is refused by name, what was sent once can be read for ever.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod names;
mod refusals;
mod round_trip;
mod samples;
mod sealing;
mod snapshots;
mod strategy;
