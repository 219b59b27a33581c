//! See `listenfd_fuzz::variables`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(variables);
