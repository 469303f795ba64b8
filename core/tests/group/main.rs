//! Groups between devices with stores of their own, by the public door of `core::group`.

mod faults;
mod fixture;
mod life;
mod secrecy;
mod town;
