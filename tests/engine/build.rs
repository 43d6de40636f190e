//! Builds: what they tell, what they end as.

use std::time::{Duration, Instant};

use plimsoll::docker::{BuildEvent, BuildSecret, DockerError};
use plimsoll::secret::Secret;

use crate::world::{base_image, build, directory, engine, files_of, request, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_and_log_lines_are_reported_in_order() {
    let dockerfile = format!(
        "FROM {} AS made\nARG WHO\nRUN echo hello $WHO; echo done >/out\nFROM scratch\nCOPY --from=made /out /\n",
        base_image()
    );
    let folder = directory(&[("Dockerfile", &dockerfile)]);
    let mut request = request(folder.path());
    request.build_args = vec![("WHO".to_owned(), "world".to_owned())];
    request.labels = vec![("org.example.a".to_owned(), "b=c".to_owned())];
    request.inline_cache = true;
    request.no_cache = true;
    let (built, events) = build(&request).await;
    let built = built.unwrap();
    assert!(built.id.starts_with("sha256:"));
    let at = |wanted: &dyn Fn(&BuildEvent) -> bool| {
        events
            .iter()
            .position(wanted)
            .unwrap_or_else(|| panic!("{events:?}"))
    };
    let started = at(
        &|event| matches!(event, BuildEvent::Started { name, .. } if name.contains("RUN echo hello")),
    );
    let line = at(&|event| matches!(event, BuildEvent::Log { line, .. } if line == "hello world"));
    let done = at(
        &|event| matches!(event, BuildEvent::Done { name, .. } if name.contains("RUN echo hello")),
    );
    assert!(started < line && line < done, "{events:?}");
    request.no_cache = false;
    let (again, events) = build(&request).await;
    again.unwrap();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, BuildEvent::Cached { name, .. } if name.contains("RUN echo hello"))),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_is_the_one_asked_for_whatever_the_host_is() {
    let folder = directory(&[("Dockerfile", "FROM scratch\nLABEL only=arm\n")]);
    let mut arm = request(folder.path());
    arm.platform = "linux/arm64".parse().unwrap();
    assert_eq!(
        build(&arm).await.0.unwrap().platform.to_string(),
        "linux/arm64"
    );
    let other = directory(&[(
        "Dockerfile",
        "FROM --platform=linux/s390x scratch\nLABEL x=y\n",
    )]);
    let built = build(&request(other.path())).await.0;
    // An image for another platform than asked for must never get as far as a push.
    match built {
        Err(DockerError::Platform { built, .. }) => assert_eq!(built.to_string(), "linux/s390x"),
        Ok(built) => assert_eq!(built.platform.to_string(), "linux/amd64"),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_build_stops_it() {
    let marker = format!("sleep 987{}", std::process::id());
    let dockerfile = format!("FROM {}\nRUN echo begun; {marker}\n", base_image());
    let folder = directory(&[("Dockerfile", &dockerfile)]);
    let request = request(folder.path());
    let engine = engine().await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut say = move |event| {
        if matches!(&event, BuildEvent::Log { line, .. } if line == "begun") {
            let _ = tell.send(());
        }
    };
    tokio::select! {
        ended = engine.build(&request, &mut say) => panic!("{ended:?}"),
        begun = told.recv() => assert!(begun.is_some()),
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while is_running(&marker) {
        assert!(Instant::now() < deadline, "the step still runs");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether the host sees a process with this command line: the step's, in the engine's container.
fn is_running(command: &str) -> bool {
    let arguments = command.replace(' ', "\0");
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|line| line.starts_with(arguments.as_bytes()))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_never_reaches_the_image() {
    let folder = directory(&[
        ("Dockerfile", "FROM scratch\nCOPY . /\n"),
        (
            ".dockerignore",
            ".git\n**/*.secret\nnode_modules\n!node_modules/keep\n",
        ),
        (".git/config", "token"),
        ("api.secret", "token"),
        ("deep/er/other.secret", "token"),
        ("node_modules/keep/it", "yes"),
        ("node_modules/drop/it", "no"),
        ("src/main", "yes"),
    ]);
    std::os::unix::fs::symlink("main", folder.path().join("src/link")).unwrap();
    std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let request = request(folder.path());
    let built = build(&request).await.0.unwrap();
    let mut files = files_of(&built.id);
    files.retain(|file| {
        ["git", "secret", "node_modules", "src", "socket"]
            .iter()
            .any(|part| file.contains(part))
    });
    files.sort();
    assert_eq!(
        files,
        [
            "node_modules/",
            "node_modules/keep/",
            "node_modules/keep/it",
            "src/",
            "src/link",
            "src/main",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_own_ignore_file_wins_and_a_dockerfile_may_lie_elsewhere() {
    let folder = directory(&[
        (".dockerignore", "kept\n"),
        ("build/Dockerfile.api.dockerignore", "dropped\nbuild\n"),
        ("build/Dockerfile.api", "FROM scratch\nCOPY . /\n"),
        ("kept", "x"),
        ("dropped", "x"),
    ]);
    let elsewhere = directory(&[("Dockerfile", "FROM scratch\nCOPY . /\n")]);
    for (dockerfile, expected) in [
        (folder.path().join("build/Dockerfile.api"), "kept"),
        (elsewhere.path().join("Dockerfile"), "dropped"),
    ] {
        let mut request = request(folder.path());
        request.dockerfile = Some(dockerfile);
        let built = build(&request).await.0.unwrap();
        let mut files = files_of(&built.id);
        files.retain(|file| ["kept", "dropped"].contains(&file.as_str()));
        assert_eq!(files, [expected]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dockerfile_from_elsewhere_leaves_the_build_cacheable_and_the_image_the_same() {
    let dockerfile = "FROM scratch\nCOPY . /\n";
    let elsewhere = directory(&[("api.Dockerfile", dockerfile)]);
    let mut images = Vec::new();
    for cached in [false, true] {
        // Another checkout each time, with an ignore file that leaves itself out.
        let folder = directory(&[(".dockerignore", ".dockerignore\n"), ("app", "x")]);
        let mut request = request(folder.path());
        request.dockerfile = Some(elsewhere.path().join("api.Dockerfile"));
        request.no_cache = !cached;
        let (built, events) = build(&request).await;
        let copied = |event: &BuildEvent| match event {
            BuildEvent::Cached { name, .. } => name.contains("COPY . /"),
            _ => false,
        };
        assert_eq!(events.iter().any(copied), cached, "{events:?}");
        images.push(built.unwrap().id);
    }
    assert_eq!(images[0], images[1]);
    let mut files = files_of(&images[0]);
    // What the engine itself puts into every container.
    files.retain(|file| {
        !["dev", "etc", "proc", "sys", ".dockerenv"]
            .iter()
            .any(|own| file.starts_with(own))
    });
    files.sort();
    assert_eq!(files, [".dockerfile.aa4fff668c81b045", "app"]);
}

// On a single thread too, since the session is served while the build runs.
#[tokio::test]
async fn a_secret_is_seen_by_its_step_and_is_in_no_layer() {
    let dockerfile = format!(
        "FROM {} AS made\nRUN --mount=type=secret,id=token,required=true read value </run/secrets/token; test ${{#value}} = 12 && echo matched >/out\nFROM made\n",
        base_image()
    );
    let folder = directory(&[("Dockerfile", &dockerfile)]);
    let mut request = request(folder.path());
    request.no_cache = true;
    let (missing, _) = build(&request).await;
    assert!(matches!(missing, Err(DockerError::Build(_))), "{missing:?}");
    request.secrets = vec![BuildSecret {
        id: "token".to_owned(),
        value: Secret::new("s3cret-value\n"),
    }];
    let (built, events) = build(&request).await;
    let built = built.unwrap();
    let tar = folder.path().join("image.tar");
    run(
        "docker",
        &["save", "--output", tar.to_str().unwrap(), &built.id],
    );
    let image = std::fs::read(tar).unwrap();
    assert!(!image.windows(12).any(|window| window == b"s3cret-value"));
    assert!(!format!("{events:?}").contains("s3cret"));
    assert!(!format!("{request:?}").contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_added_hosts_are_known_in_a_step() {
    let dockerfile = format!("FROM {}\nRUN cat /etc/hosts\n", base_image());
    let folder = directory(&[("Dockerfile", &dockerfile)]);
    let mut request = request(folder.path());
    request.no_cache = true;
    request.add_hosts = vec![
        "one.test:10.9.8.1".to_owned(),
        "two.test:10.9.8.2".to_owned(),
    ];
    let (built, events) = build(&request).await;
    built.unwrap();
    for (address, name) in [("10.9.8.1", "one.test"), ("10.9.8.2", "two.test")] {
        let known = |event: &BuildEvent| matches!(event, BuildEvent::Log { line, .. } if line.starts_with(address) && line.ends_with(name));
        assert!(events.iter().any(known), "{name}: {events:?}");
    }
}
