//! Starts a program, and starts it again when the test says so: `again PROGRAM [ARGUMENT]...`
//!
//! It stands between a supplier and the program, as `cargo watch` does. It reads lines from stdin: `stop` asks the
//! program to stop, by the event of the supplier; `kill` ends it; `start` starts the next one. The end of a program
//! is reported as a line of JSON, `{"ended": CODE}`.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it reports to the test")]

use std::process::{Child, Command};

use listenfd_test_windows::request_stop;
use serde_json::json;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let start = || Command::new(&arguments[0]).args(&arguments[1..]).spawn().unwrap();
    let mut program = start();
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "start" => program = start(),
            "stop" => {
                request_stop(program.id()).unwrap();
                report_end(&mut program);
            }
            "kill" => {
                program.kill().unwrap();
                report_end(&mut program);
            }
            line => panic!("there is no {line:?}"),
        }
    }
    // The test has gone.
    let _ = program.kill();
}

fn report_end(program: &mut Child) {
    println!("{}", json!({ "ended": program.wait().unwrap().code() }));
}
