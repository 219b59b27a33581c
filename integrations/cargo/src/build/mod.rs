//! One build: cargo as a child (`cargo`), the profile, what the build depended on (`inputs`), and how a
//! build that changes its own inputs is kept from going round for ever (`rebuild_loop`).

pub(crate) mod cargo;
pub(crate) mod cargo_lock;
pub(crate) mod inputs;
pub(crate) mod profile;
pub(crate) mod rebuild_loop;
