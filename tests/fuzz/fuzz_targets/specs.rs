//! See `listenfd_fuzz::specs`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(specs);
