//! The text of the command line, as transcripts in `tests/cmd`.
//!
//! `TRYCMD=overwrite cargo test -p listenfd-systemfd` writes what the program prints now.

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
