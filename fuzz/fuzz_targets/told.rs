//! See `waxseal_fuzz::told`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::told(bytes));
