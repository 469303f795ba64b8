//! Our own account: who this device is, its KeyPackages, its other devices.
//!
//! Called by `turn`. Keeps the device's keys in the encrypted store alone.

pub(crate) use keys::Upload;

mod behind;
mod close;
mod keys;
mod link;
pub(crate) mod me;
pub(crate) mod named;
pub(crate) mod profile;
mod register;
pub(crate) mod siblings;
mod watch;
