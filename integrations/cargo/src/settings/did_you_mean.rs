//! Suggestions for mistyped names.

/// The name among `names` that is most like `typed`, if one is like it.
pub(crate) fn nearest<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    const ALIKE: f64 = 0.7;
    let score = |name: &str| strsim::jaro_winkler(typed, name);
    names
        .into_iter()
        .filter(|name| score(name) >= ALIKE)
        .max_by(|a, b| score(a).total_cmp(&score(b)))
}
