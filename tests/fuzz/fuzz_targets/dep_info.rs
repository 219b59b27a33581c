//! See `listenfd_fuzz::dep_info`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(dep_info);
