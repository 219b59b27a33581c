//! See `listenfd_fuzz::env_file`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(env_file);
