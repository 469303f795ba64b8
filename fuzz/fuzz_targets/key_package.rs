//! See `waxseal_fuzz::key_package`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::key_package(bytes));
