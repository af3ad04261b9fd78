//! Work that memory cannot hold is refused before it begins, and work that is interrupted leaves nothing that looks complete.

mod support;

use support::Place;

fn with_memory(place: &Place, bytes: &str, line: &str) -> (Option<i32>, String) {
    let before = place.names();
    let answer = place.run_in_shell(&format!("export ZKDX_MEMORY={bytes}"), line);
    assert_eq!(place.names(), before, "{line} left something");
    (answer.code, answer.err)
}

#[test]
fn what_does_not_fit_is_refused_with_numbers_and_advice() {
    let place = Place::proven("logreg", "class");
    let lines = [
        "setup circuit.zkdx --force",
        "register model.zkdx --force",
        "prove --force",
        "bench models/logreg/model.onnx --runs 1",
    ];
    for line in lines {
        let (code, error) = with_memory(&place, "1000000", line);
        assert_eq!(code, Some(1), "{line}: {error}");
        for words in ["constraints", "1.0 MB are available", "ZKDX_MEMORY=unlimited"] {
            assert!(error.contains(words), "{line}: {error}");
        }
    }
    let (code, error) = with_memory(&place, "much", "prove --force");
    assert_eq!(code, Some(2), "{error}");
    assert_eq!(with_memory(&place, "unlimited", "prove --force").0, Some(0));
}

#[test]
fn a_key_that_cannot_be_written_whole_is_not_written_at_all() {
    let place = Place::proven("logreg", "class");
    let before = place.names();
    let answer =
        place.run_in_shell("trap '' XFSZ; ulimit -f 8", "setup circuit.zkdx --proving-key p --verifying-key v");
    assert_eq!(answer.code, Some(4), "{answer:?}");
    assert_eq!(place.names(), before);
}
