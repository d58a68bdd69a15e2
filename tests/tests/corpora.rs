//! Replays the fuzz corpora: every input that ever found something stays a test.

use crate::support::root;
use assay_tests::fuzz::TARGETS;
use std::fs;

#[test]
fn every_corpus_replays() {
    for (name, target) in TARGETS {
        assert!(root().join(format!("fuzz/fuzz_targets/{name}.rs")).exists(), "no fuzz target {name}");
        let dir = root().join("fuzz/corpus").join(name);
        let mut count = 0;
        for entry in fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let input = fs::read(entry.unwrap().path()).unwrap();
            target(&input);
            // Every prefix and some flipped bytes of a seed are worth a try, too.
            for cut in (0..input.len()).step_by(input.len() / 64 + 1) {
                target(&input[..cut]);
                let mut flipped = input.clone();
                flipped[cut] ^= 0x80;
                target(&flipped);
            }
            count += 1;
        }
        assert!(count > 0, "the corpus of {name} is empty");
    }
    let listed = fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap().count();
    assert_eq!(listed, TARGETS.len(), "a fuzz target is missing from the list");
}
