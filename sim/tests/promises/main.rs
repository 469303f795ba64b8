//! The promises of SECURITY.md, each shown on the real client and the real server.
//!
//! One module a row. Each looks with a function that is also shown something
//! broken on purpose, and must see it: a test that cannot fail shows nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it is wrong")]

mod at_rest;
mod by_hand;
mod contacts;
mod copied;
mod dump;
mod forward_secrecy;
mod ghost;
mod healing;
mod honest_server;
mod hostile_directory;
mod hostile_mailbox;
mod quantum;
mod removed_member;
mod rows;
mod scene;
mod split_view;
mod thief;
mod witnesses;
