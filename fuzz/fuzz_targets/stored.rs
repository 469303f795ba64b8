//! See `waxseal_fuzz::stored`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::stored(bytes));
