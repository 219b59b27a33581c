//! What `--help` prints, as a transcript in `tests/cmd`.
//!
//! `TRYCMD=overwrite cargo test -p listenfd-devserver` writes what the program prints now.

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
