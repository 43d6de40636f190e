//! The context on its way: what is wrong with it, and how much memory it takes.

use std::process::Command;

use plimsoll::docker::DockerError;

use crate::world::{base_image, build, directory, engine, request, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_or_dockerfile_that_is_missing_is_said_before_the_engine_is_asked() {
    let folder = directory(&[("a", "x")]);
    let without = request(folder.path());
    let error = build(&without).await.0.unwrap_err();
    assert!(
        matches!(error, DockerError::Context(_)) && error.help().is_some(),
        "{error}"
    );
    let nowhere = request(&folder.path().join("nowhere"));
    assert!(matches!(
        build(&nowhere).await.0,
        Err(DockerError::Context(_))
    ));
}

/// The name of the test below, which runs itself in a process of its own: the peak of a process
/// that other tests share says nothing.
const ALONE: &str = "context::a_big_context_is_never_in_memory";
const CHILD: &str = "PLIMSOLL_TEST_BIG_CONTEXT";

/// MiB.
const CONTEXT: u64 = 300;
const PEAK_BELOW: u64 = 80;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_big_context_is_never_in_memory() {
    if let Ok(folder) = std::env::var(CHILD) {
        let request = request(folder.as_ref());
        let built = engine().await.build(&request, &mut |_| {}).await.unwrap();
        assert_eq!(built.context.bytes >> 20, CONTEXT);
        run("docker", &["rmi", &request.name.to_string()]);
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        let peak = peak
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >> 10;
        println!("peak: {peak} MiB");
        assert!(peak < PEAK_BELOW, "the peak was {peak} MiB");
        return;
    }
    let dockerfile = format!("FROM {}\nCOPY part-0 /\n", base_image());
    let folder = directory(&[("Dockerfile", &dockerfile)]);
    for part in 0..CONTEXT / 50 {
        let file = std::fs::File::create(folder.path().join(format!("part-{part}"))).unwrap();
        file.set_len(50 << 20).unwrap();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", ALONE, "--nocapture"])
        .env(CHILD, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}
