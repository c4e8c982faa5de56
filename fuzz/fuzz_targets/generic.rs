#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| printfarm_exporter_fuzz::sender("generic", bytes));
