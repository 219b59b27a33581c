//! A runner without a fuzzing engine: it changes valid inputs at random.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use fastrand::Rng;

/// A parser to fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the target.
    pub name: &'static str,
    /// Gives bytes to the parser, and panics at a wrong result.
    pub check: fn(&[u8]),
    /// Valid inputs, to start from.
    pub seeds: &'static [&'static [u8]],
    /// Words that may matter to the parser.
    pub words: &'static [&'static str],
}

/// The `main` of a target's program: `PROGRAM [SECONDS [SEED]]`.
///
/// # Panics
///
/// When the target does.
#[allow(clippy::print_stdout, reason = "it reports to a person")]
pub fn main(target: &Target) {
    let mut arguments =
        std::env::args().skip(1).map(|argument| argument.parse().expect("a number"));
    let time = Duration::from_secs(arguments.next().unwrap_or(10));
    let seed = arguments.next().unwrap_or_else(|| fastrand::u64(..));
    let inputs = run(target, time, seed);
    println!("{}: {inputs} inputs in {time:?}, seed {seed}", target.name);
}

/// Checks inputs until the time is over, and returns their number.
///
/// # Panics
///
/// When the target does, with the input on stderr.
#[must_use]
pub fn run(target: &Target, time: Duration, seed: u64) -> u64 {
    let (mut random, end, mut count) = (Rng::with_seed(seed), Instant::now() + time, 0);
    while Instant::now() < end {
        let input = input(target, &mut random);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.check)(&input))) {
            // Not `eprintln!`, which the test runner captures.
            let text = input.escape_ascii();
            let _ = writeln!(std::io::stderr(), "{}, seed {seed}: b\"{text}\"", target.name);
            resume_unwind(panic);
        }
        count += 1;
    }
    count
}

fn input(target: &Target, random: &mut Rng) -> Vec<u8> {
    const LONGEST: usize = 8192;
    let mut input = random.choice(target.seeds).map(|seed| seed.to_vec()).unwrap_or_default();
    for _ in 0..random.usize(0..10) {
        change(&mut input, target, random);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, target: &Target, random: &mut Rng) {
    let at = random.usize(0..=input.len());
    let end = at + random.usize(0..=(input.len() - at).min(32));
    match random.u32(0..10) {
        0 => drop(input.drain(at..end)),
        1 => {
            let part = input[at..end].repeat(random.usize(1..8));
            input.splice(at..at, part).for_each(drop);
        }
        2 => {
            let other = random.choice(target.seeds).copied().unwrap_or_default();
            let from = random.usize(0..=other.len());
            input.splice(at..end, other[from..].iter().copied()).for_each(drop);
        }
        3 => input.insert(at, random.u8(..)),
        4 => input.insert(at, *random.choice(b"\0\n\r\t :=,\\\"'#$/@-\x1b\xff").unwrap_or(&0)),
        5 => {
            let number = random.u64(..) >> random.u32(0..64);
            input.splice(at..end, number.to_string().into_bytes()).for_each(drop);
        }
        6 if at < input.len() => input[at] ^= 1 << random.u32(0..8),
        7 => input.splice(at..end, random.char(..).to_string().into_bytes()).for_each(drop),
        _ => {
            let word = random.choice(target.words).copied().unwrap_or_default();
            input.splice(at..end, word.bytes()).for_each(drop);
        }
    }
}
