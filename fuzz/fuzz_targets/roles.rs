//! See `waxseal_fuzz::roles`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::roles(bytes));
