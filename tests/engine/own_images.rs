//! The two Dockerfiles of this repository: the action's, and the example service's.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::world::{build, directory, files_of, request, run};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_actions_image_holds_the_binary_and_the_ca_bundle_only() {
    let dockerfile = fs::read_to_string(Path::new(HERE).join("Dockerfile")).unwrap();
    let ignore = fs::read_to_string(Path::new(HERE).join(".dockerignore")).unwrap();
    let folder = directory(&[
        ("Dockerfile", &dockerfile),
        (".dockerignore", &ignore),
        ("dist/ca-certificates.crt", "the bundle\n"),
    ]);
    fs::copy(
        env!("CARGO_BIN_EXE_plimsoll"),
        folder.path().join("dist/plimsoll"),
    )
    .unwrap();
    let mut request = request(folder.path());
    // The stage that compiles needs a base image from Docker Hub: it must not even be looked at.
    request.build_args = vec![("BINARY_FROM".to_owned(), "prebuilt".to_owned())];
    let built = build(&request).await.0.unwrap();
    let mut files = files_of(&built.id);
    // What the engine itself puts into every container.
    files.retain(|file| {
        ![
            "dev",
            "proc",
            "sys",
            ".dockerenv",
            "etc/host",
            "etc/resolv",
            "etc/mtab",
        ]
        .iter()
        .any(|own| file.starts_with(own))
    });
    files.sort();
    assert_eq!(
        files,
        [
            "etc/",
            "etc/ssl/",
            "etc/ssl/certs/",
            "etc/ssl/certs/ca-certificates.crt",
            "plimsoll"
        ]
    );
    let started_as = run(
        "docker",
        &[
            "inspect",
            "--format",
            "{{json .Config.Entrypoint}}{{.Config.User}}",
            &built.id,
        ],
    );
    assert_eq!(started_as, "[\"/plimsoll\"]");
    // Static, so it starts where there is no loader; what it then says is not this test's matter.
    let output = Command::new("docker")
        .args(["run", "--rm", &built.id, "--help"])
        .output()
        .unwrap();
    let code = output.status.code();
    assert!(
        code.is_some_and(|code| code < 125),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_service_is_healthy() {
    let hello = Path::new(HERE).join("examples/hello");
    run(hello.join("build").to_str().unwrap(), &[]);
    let built = build(&request(&hello)).await.0.unwrap();
    assert_eq!(built.context.files, 3, "the Dockerfile, bin and the binary");
    let container = run(
        "docker",
        &[
            "run",
            "--detach",
            "--rm",
            "--publish",
            "127.0.0.1::8080",
            "--env",
            "GREETING=ahoy",
            &built.id,
        ],
    );
    let address = run("docker", &["port", &container, "8080/tcp"]);
    let get = |path: &str| {
        let url = format!("http://{address}{path}");
        Command::new("curl")
            .args(["--silent", "--fail", "--max-time", "5", &url])
            .output()
            .unwrap()
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while !get("/actuator/health").status.success() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let said = (
        get("/actuator/health").stdout,
        get("/").stdout,
        get("/none").status.success(),
    );
    run("docker", &["rm", "--force", &container]);
    assert_eq!(
        said,
        (b"{\"status\":\"UP\"}\n".to_vec(), b"ahoy\n".to_vec(), false)
    );
}
