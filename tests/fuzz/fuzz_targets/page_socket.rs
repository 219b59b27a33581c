//! See `listenfd_fuzz::page_socket`.
#![cfg_attr(fuzzing, no_main)]

listenfd_fuzz::target!(page_socket);
