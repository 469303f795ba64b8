//! See `waxseal_fuzz::request_anonymous`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::request_anonymous(bytes));
