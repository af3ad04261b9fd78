//! The help of the program and of each command, and a few errors, word by word.

#[test]
fn help_and_errors_read_as_recorded() {
    trycmd::TestCases::new().env("COLUMNS", "100").case("tests/cmd/*.trycmd");
}
