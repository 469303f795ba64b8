//! See `waxseal_fuzz::two_devices`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::two_devices(bytes));
