//! The client in a page's Worker: a thin shell around `core`, and its boundary with TypeScript.
//!
//! Called by the Worker's own script (`web/page/src/worker`), which owns the
//! clock, the sockets and the timers. Here a frame, a wish or a look goes in
//! and what is to be done comes out; all of it but `browser` also builds and is
//! tested natively. Never decides anything about the protocol.
//!
//! ```text
//!   page ── bridge ── Worker ──► browser ──► shell ──► core
//!                       ▲  (wasm-bindgen)   (one loop)
//!                       └──── contract: JSON both ways ────┘
//! ```

#[cfg(target_family = "wasm")]
mod browser;
mod chance;
pub mod contract;
pub mod shell;
