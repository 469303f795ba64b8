//! See `waxseal_fuzz::tree`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::tree(bytes));
