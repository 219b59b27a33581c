//! Which target of the packages is the program.

use anyhow::anyhow;
use cargo_metadata::{Package, Target};

use crate::settings::did_you_mean::nearest;
use crate::settings::values::ProgramName;

/// Selects the program as `cargo run` would.
///
/// # Errors
///
/// When there is none, or more than one; the error lists them.
pub(crate) fn select<'a>(
    packages: &[&'a Package],
    name: &ProgramName,
) -> anyhow::Result<(&'a Package, &'a Target)> {
    let (is_example, wanted) = match (name.bin.as_deref(), name.example.as_deref()) {
        (Some(bin), _) => (false, Some(bin)),
        (None, Some(example)) => (true, Some(example)),
        (None, None) => (false, None),
    };
    let all = |is_example| {
        let targets = packages.iter().flat_map(move |package| {
            let targets = package.targets.iter();
            targets.filter(move |t| is_runnable(t, is_example)).map(move |t| (*package, t))
        });
        targets.collect::<Vec<_>>()
    };
    let candidates = all(is_example);
    let found: Vec<_> = match wanted {
        Some(name) => candidates.iter().filter(|(_, t)| t.name == name).copied().collect(),
        None => default_of(packages, &candidates),
    };
    match found[..] {
        [found] => Ok(found),
        [] => Err(none_found(packages, wanted, is_example, &candidates, &all(!is_example))),
        _ => Err(too_many(&found, wanted.is_some())),
    }
}

fn is_runnable(target: &Target, is_example: bool) -> bool {
    // An example can also be a library.
    let is_program = target.crate_types.iter().any(|ty| ty.to_string() == "bin");
    is_program && if is_example { target.is_example() } else { target.is_bin() }
}

/// The targets to run if none is named: the package's `default-run`, or all binaries.
fn default_of<'a>(
    packages: &[&'a Package],
    candidates: &[(&'a Package, &'a Target)],
) -> Vec<(&'a Package, &'a Target)> {
    let defaults: Vec<_> = packages.iter().filter_map(|p| p.default_run.as_ref()).collect();
    match defaults[..] {
        [default] => candidates.iter().filter(|(_, t)| t.name == *default).copied().collect(),
        _ => candidates.to_vec(),
    }
}

fn none_found(
    packages: &[&Package],
    wanted: Option<&str>,
    is_example: bool,
    candidates: &[(&Package, &Target)],
    others: &[(&Package, &Target)],
) -> anyhow::Error {
    let kind = |is_example| if is_example { "example" } else { "binary" };
    let place = match packages {
        [package] => format!("package {:?}", package.name.as_str()),
        _ => "this workspace".to_owned(),
    };
    let Some(name) = wanted else {
        return match others {
            [] => anyhow!("{place} has no binary; add src/main.rs, or select a package with -p"),
            others => anyhow!("{place} has no binary; select an example: {}", choices(others)),
        };
    };
    if others.iter().any(|(_, target)| target.name == name) {
        let (wrong, right) = if is_example { ("binary", "bin") } else { ("example", "example") };
        return anyhow!(
            "{name:?} is {} {wrong} of {place}; select it with --{right} {name}",
            if is_example { "a" } else { "an" }
        );
    }
    let names = || candidates.iter().map(|(_, target)| target.name.as_str());
    let hint = match nearest(name, names()) {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None if candidates.is_empty() => "there is none".to_owned(),
        None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
    };
    anyhow!("there is no {} {name:?} in {place}; {hint}", kind(is_example))
}

fn too_many(found: &[(&Package, &Target)], is_named: bool) -> anyhow::Error {
    let cure = if is_named { "select a package" } else { "select one" };
    let default = if is_named { "" } else { ", or set default-run in [package]" };
    anyhow!("there are {} programs; {cure}: {}{default}", found.len(), choices(found))
}

/// The flags that select each program.
fn choices(found: &[(&Package, &Target)]) -> String {
    let several = found.iter().any(|(package, _)| package.id != found[0].0.id);
    let texts = found.iter().map(|(package, target)| {
        let flag = if target.is_example() { "--example" } else { "--bin" };
        let package = if several { format!("-p {} ", package.name) } else { String::new() };
        format!("{package}{flag} {}", target.name)
    });
    texts.collect::<Vec<_>>().join(", ")
}
