//! See `waxseal_fuzz::request_device`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waxseal_fuzz::request_device(bytes));
