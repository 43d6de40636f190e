//! How much memory a run takes at its most. `PLIMSOLL_BINARY` names another build to measure, as
//! `script/sizes` does with the one that is shipped.

use std::fs;

use crate::building;
use crate::stage::{Stage, usual};

/// Resident at the most, in kB of 1024 bytes as the kernel counts: 40 MB.
const REDEPLOY_MOST: u64 = 40_000_000 / 1024;
/// 80 MB: a context is streamed, however large it is.
const BUILD_MOST: u64 = 80_000_000 / 1024;
const CONTEXT_BYTES: u64 = 300_000_000;

fn check(what: &str, most: u64, stage: &Stage) {
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    println!("peak of {what}: {} kB", ended.peak);
    assert!(ended.peak > 0, "the peak was not seen");
    assert!(
        ended.peak <= most,
        "{what} took {} kB, and {most} are allowed",
        ended.peak
    );
}

#[test]
fn a_redeploy_is_small() {
    check("a redeploy", REDEPLOY_MOST, &Stage::new(usual).redeploy());
}

#[test]
fn a_large_context_is_streamed() {
    let stage = building::stage("FROM scratch\nCOPY small /\n");
    fs::write(stage.path("workspace/small"), "a file\n").unwrap();
    let large = fs::File::create(stage.path("workspace/large")).unwrap();
    // Zeros without blocks on the disk, read as any others.
    large.set_len(CONTEXT_BYTES).unwrap();
    check("a build with a context of 300 MB", BUILD_MOST, &stage);
}
