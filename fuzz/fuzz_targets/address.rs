//! See `waxseal_fuzz::address`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::address(bytes));
