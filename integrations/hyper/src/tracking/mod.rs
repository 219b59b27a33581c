//! What happens on a connection. `socket` and `service` note it in `activity`, whose parts are `clock` and
//! `reading`; `record_tracker` knows where the records of TLS end.

mod activity;
mod clock;
mod reading;
#[cfg_attr(not(feature = "tls-no-provider"), path = "no_record_tracker.rs")]
mod record_tracker;
mod service;
mod socket;

pub(crate) use activity::Activity;
pub(crate) use clock::later;
pub(crate) use service::TrackedService;
pub(crate) use socket::TrackedSocket;
