//! The first bytes of a client that speaks HTTP/2.

/// A client speaks HTTP/2, as it is able to.
#[cfg(feature = "http2")]
pub(crate) fn note_preface() {}

/// A client speaks HTTP/2, and is not understood. Whoever comes from a server that understood it, such as
/// `axum::serve` with axum's feature, would not find out why.
#[cfg(not(feature = "http2"))]
pub(crate) fn note_preface() {
    static TOLD: std::sync::Once = std::sync::Once::new();
    TOLD.call_once(|| {
        tracing::warn!(
            "a client speaks HTTP/2, which this program is built without; enable the feature http2 of \
             axum-listenfd, warp-listenfd or hyper-listenfd (that of axum or hyper is not enough)"
        );
    });
}
