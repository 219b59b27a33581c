//! Runs each target for some seconds; see the crate for longer runs.

use std::time::Duration;

use listenfd_fuzz::{
    Target, dep_info, env_file, handoff, notify, output, page_socket, request_heads, run, specs,
    variables,
};

/// Checks the seeds, and then random inputs, which are different in each run.
fn some_seconds(target: &Target) {
    const TIME: Duration = Duration::from_secs(3);
    let seed = std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), 0);
    target.seeds.iter().for_each(|seed| (target.check)(seed));
    assert!(run(target, TIME, seed) > 100, "{} is too slow", target.name);
}

#[test]
fn the_variables_of_socket_activation() {
    some_seconds(&variables::TARGET);
}

#[test]
fn specs_and_addresses() {
    some_seconds(&specs::TARGET);
}

#[test]
fn messages_of_sd_notify() {
    some_seconds(&notify::TARGET);
}

#[test]
fn messages_of_the_handoff_channel() {
    some_seconds(&handoff::TARGET);
}

#[test]
fn messages_of_the_page_socket() {
    some_seconds(&page_socket::TARGET);
}

#[test]
fn dep_info_of_cargo_and_what_build_scripts_say() {
    some_seconds(&dep_info::TARGET);
}

#[test]
fn files_of_variables() {
    some_seconds(&env_file::TARGET);
}

#[test]
fn heads_of_requests() {
    some_seconds(&request_heads::TARGET);
}

#[test]
fn output_of_cargo_and_of_programs() {
    some_seconds(&output::TARGET);
}
