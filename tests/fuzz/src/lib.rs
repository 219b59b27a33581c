//! Fuzz targets: each takes bytes from outside, gives them to a parser of ours, and panics where the
//! parser does, or where what came of it cannot be right.
//!
//! The gate runs each for some seconds (`tests/seconds.rs`), with bytes made of good ones by chance.
//! `cargo run -p listenfd-fuzz --bin specs -- 600` does so for ten minutes, and `cargo fuzz run
//! --fuzz-dir tests/fuzz specs` is guided by coverage (a nightly compiler and the `cargo-fuzz` crate).

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a target fails by panicking")]

mod run;
mod targets;

pub use run::{Target, main, run};
pub use targets::{dep_info, env_file, heads, notify, parcels, specs, variables};

/// Makes a program of a target: of libFuzzer's where cargo-fuzz builds it, and our own otherwise.
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
