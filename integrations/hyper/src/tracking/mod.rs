//! What happens on a connection. `socket` and `service` note it in `activity`; `record_tracker` knows where
//! the records of TLS end.

mod activity;
#[cfg_attr(not(feature = "tls-no-provider"), path = "no_record_tracker.rs")]
mod record_tracker;
mod service;
mod socket;

pub(crate) use activity::{Activity, later};
pub(crate) use service::TrackedService;
pub(crate) use socket::TrackedSocket;
