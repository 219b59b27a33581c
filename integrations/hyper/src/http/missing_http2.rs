//! The warning about a client that speaks HTTP/2, in a build without it.

/// Nothing to say: this build speaks HTTP/2.
#[cfg(feature = "http2")]
pub(crate) fn note_preface() {}

/// Warns, once, that a client speaks HTTP/2 and this build does not. The feature of axum, which is enough
/// for `axum::serve`, is not enough here, and the log should say why.
#[cfg(not(feature = "http2"))]
pub(crate) fn note_preface() {
    static WARNED: std::sync::Once = std::sync::Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            "a client speaks HTTP/2, and this program is built without it; enable the feature http2 of \
             axum-listenfd, warp-listenfd or hyper-listenfd (that of axum or hyper is not enough)"
        );
    });
}
