//! The limits of inotify: where they are reached, files are polled.

use std::time::Duration;

use crate::doctor::bench::Bench;
use crate::doctor::finding::{Finding, Gain, Write};
use crate::doctor::system::{Inotify, inotify};
use crate::watch::tree::{Found, Tree};

const LEVER: &str = "inotify";

/// Measures, and judges. `polling` is what polling takes more than notifications.
pub(in crate::doctor) fn examine(bench: &Bench, polling: Option<Duration>) -> Option<Finding> {
    Some(judge(&inotify()?, folders(bench), polling.unwrap_or_default()))
}

/// How many folders are watched for this program.
fn folders(bench: &Bench) -> u64 {
    let (mut tree, mut found) = (Tree::default(), Found::default());
    let rules = &bench.plan.rules;
    for (root, listing) in rules.all_folders() {
        tree.add_above(root, &mut found);
        tree.add(root, listing, rules, &mut found);
    }
    tree.folders().len() as u64
}

/// Says what the figures mean for a program that needs so many watches, and one instance.
fn judge(limits: &Inotify, needed: u64, polling: Duration) -> Finding {
    let left = limits.max_watches.saturating_sub(limits.watches);
    let has_instance = limits.instances < limits.max_instances;
    if needed <= left && has_instance {
        return Finding::Fine(LEVER, format!("{needed} of {left} free watches are needed"));
    }
    let (what, name, value) = match has_instance {
        false => (
            format!("all {} instances of inotify are in use", limits.max_instances),
            "max_user_instances",
            limits.max_instances.saturating_mul(2).max(1024),
        ),
        true => (
            format!("{needed} folders are to be watched, and {left} watches of inotify are free"),
            "max_user_watches",
            limits.watches.saturating_add(needed).saturating_mul(2).max(524_288),
        ),
    };
    Finding::Gain(Gain {
        lever: LEVER,
        time: polling,
        what: format!("{what}, so files are polled"),
        write: Write::new(
            "/etc/sysctl.d/60-inotify.conf (then: sudo sysctl --system)",
            format!("fs.inotify.{name} = {value}"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_reached_is_named_with_a_higher_one() {
        let limits =
            Inotify { max_watches: 8192, max_instances: 128, watches: 8000, instances: 20 };
        let polling = Duration::from_millis(240);
        assert!(matches!(judge(&limits, 192, polling), Finding::Fine(..)));
        let Finding::Gain(gain) = judge(&limits, 193, polling) else { panic!() };
        assert_eq!(
            (gain.time, gain.write.text.as_str()),
            (polling, "fs.inotify.max_user_watches = 524288")
        );
        let limits = Inotify { instances: 128, ..limits };
        let Finding::Gain(gain) = judge(&limits, 1, polling) else { panic!() };
        assert_eq!(gain.write.text, "fs.inotify.max_user_instances = 1024");
    }
}
