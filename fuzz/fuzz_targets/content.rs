//! See `waxseal_fuzz::content`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::content(bytes));
