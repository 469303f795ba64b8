//! See `waxseal_fuzz::directory`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::directory(bytes));
