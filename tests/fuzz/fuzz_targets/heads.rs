//! See `listenfd_fuzz::heads`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(heads);
