//! One run of the program (`program`) and all other child processes: how they start (`launcher`,
//! `exec_shim`) and how they end (`reaper`, `cleanup`).

pub(crate) mod cleanup;
pub(crate) mod exec_shim;
pub(crate) mod fd_store;
pub(crate) mod launcher;
pub(crate) mod open_files;
pub(crate) mod program;
pub(crate) mod reaper;
