//! See `listenfd_fuzz::output`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(output);
