//! See `listenfd_fuzz::request_heads`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(request_heads);
