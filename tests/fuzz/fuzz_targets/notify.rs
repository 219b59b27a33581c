//! See `listenfd_fuzz::notify`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(notify);
