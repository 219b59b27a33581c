//! For the adapters of this project only. **Not a public API**: any release may change it. The adapters
//! require this very version (`=0.1.0`).

pub use listenfd_core::Address;

pub use crate::drain::{ConnectionGuard, Lifecycle};
#[cfg(unix)]
pub use crate::handoff::KeptChannel;
pub use crate::handoff::{Connection, DrainingServer, Keeper};
pub use crate::listen::{HandedCopies, announce, listen, listen_and_take_over};
pub use crate::option_methods;
pub use crate::options::{OnReady, Options};
pub use crate::reload::Reload;
pub use crate::shutdown::{Shutdown, Trigger};
#[cfg(feature = "tls-no-provider")]
pub use crate::tls::Tls;
#[cfg(feature = "tls-no-provider")]
pub use crate::tls_option_methods;

/// See the module of that name in the source.
pub mod devserver {
    pub use crate::devserver::{
        Devserver, Document, Inserter, Insertion, RelayRequest, Relayed, RelayedBody, RequestLine,
    };
}
