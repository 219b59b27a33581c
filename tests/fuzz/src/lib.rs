//! Fuzz targets: each gives bytes to a parser of this project, and panics when the parser does or when its result
//! cannot be right.
//!
//! The gate runs each for some seconds (`tests/seconds.rs`), with valid inputs that are changed at random. `just fuzz
//! specs 600` does so for ten minutes. `cargo fuzz run --fuzz-dir tests/fuzz specs` is guided by coverage; it needs a
//! nightly compiler and `cargo-fuzz`.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a target fails by panicking")]

mod run;
mod targets;

pub use run::{Target, main, run};
pub use targets::{
    dep_info, env_file, handoff, notify, output, page_socket, request_heads, specs, variables,
};

/// Makes a program of a target: with libFuzzer when cargo-fuzz builds it, and with our own runner otherwise.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| ($crate::$name::TARGET.check)(input));

        #[cfg(not(fuzzing))]
        fn main() {
            $crate::main(&$crate::$name::TARGET);
        }
    };
}
