//! See `listenfd_fuzz::handoff`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(handoff);
