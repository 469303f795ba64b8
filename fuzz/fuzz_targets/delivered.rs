//! See `waxseal_fuzz::delivered`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::delivered(bytes));
