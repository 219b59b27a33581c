//! See `listenfd_fuzz::parcels`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(parcels);
