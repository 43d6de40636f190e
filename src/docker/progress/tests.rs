use super::{BuildEvent, BuildProgress, Log, MAX_LINE, MAX_LINES, Status, TAIL_LINES, Vertex};

fn vertex(digest: &str, started: f64, completed: Option<f64>) -> Vertex {
    Vertex {
        digest: digest.to_owned(),
        name: format!("[1/2] RUN {digest}"),
        started: Some(started),
        completed,
        ..Vertex::default()
    }
}

fn log(digest: &str, message: &str) -> Log {
    Log {
        vertex: digest.to_owned(),
        message: message.as_bytes().to_vec(),
    }
}

fn told(progress: &mut BuildProgress, status: &Status) -> Vec<String> {
    let mut lines = Vec::new();
    progress.feed(status, &mut |event| {
        lines.push(match event {
            BuildEvent::Started { step, name } => format!("#{step} {name}"),
            BuildEvent::Cached { step, .. } => format!("#{step} cached"),
            BuildEvent::Done { step, seconds, .. } => format!("#{step} done {seconds:.1}"),
            BuildEvent::Failed { step, error, .. } => format!("#{step} failed: {error}"),
            BuildEvent::Log { step, line } => format!("#{step} | {line}"),
            other => format!("{other:?}"),
        });
    });
    lines
}

#[test]
fn tells_each_step_once_and_joins_split_lines() {
    let mut progress = BuildProgress::default();
    let first = Status {
        vertexes: vec![vertex("a", 1.0, None)],
        logs: vec![log("a", "one\nt"), log("a", "wo\r\nthr")],
        ..Status::default()
    };
    let second = Status {
        vertexes: vec![
            vertex("a", 1.0, Some(3.5)),
            Vertex {
                cached: true,
                ..vertex("b", 3.5, Some(3.5))
            },
        ],
        logs: vec![log("a", "ee")],
        warnings: vec![b"JSON args\nrecommended".to_vec()],
    };
    assert_eq!(
        told(&mut progress, &first),
        ["#1 [1/2] RUN a", "#1 | one", "#1 | two"]
    );
    assert_eq!(
        told(&mut progress, &second),
        [
            r#"Warning { message: "JSON args recommended" }"#,
            "#1 | three",
            "#1 done 2.5",
            "#2 cached"
        ],
    );
    let again = Status {
        vertexes: second.vertexes,
        ..Status::default()
    };
    assert_eq!(told(&mut progress, &again), [""; 0]);
    assert_eq!(progress.into_failed(), None);
}

#[test]
fn keeps_the_last_lines_of_the_step_that_failed_by_itself() {
    let mut progress = BuildProgress::default();
    let lines: String = (0..TAIL_LINES + 5).map(|n| format!("line {n}\n")).collect();
    told(
        &mut progress,
        &Status {
            vertexes: vec![
                Vertex {
                    error: "context canceled".to_owned(),
                    ..vertex("a", 1.0, Some(2.0))
                },
                Vertex {
                    error: "exit code: 7".to_owned(),
                    ..vertex("b", 1.0, Some(2.0))
                },
            ],
            logs: vec![log("b", &lines)],
            ..Status::default()
        },
    );
    let failed = progress.into_failed().unwrap();
    assert_eq!(
        (failed.name.as_str(), failed.error.as_str()),
        ("[1/2] RUN b", "exit code: 7")
    );
    assert_eq!(failed.log.len(), TAIL_LINES);
    assert_eq!(
        failed.log.last().unwrap(),
        &format!("line {}", TAIL_LINES + 4)
    );
}

#[test]
fn a_flood_is_cut_and_said_once() {
    let mut progress = BuildProgress::default();
    let flood = Status {
        vertexes: vec![vertex("a", 1.0, None)],
        logs: vec![log("a", &"x\n".repeat(MAX_LINES + 100))],
        ..Status::default()
    };
    let lines = told(&mut progress, &flood);
    // The start of the step is one of the lines.
    assert_eq!(lines.len(), MAX_LINES + 1);
    assert_eq!(
        lines.last().unwrap(),
        &format!("LogCut {{ after: {MAX_LINES} }}")
    );
    let endless = Status {
        logs: vec![log("a", &"y".repeat(10_000_000))],
        ..Status::default()
    };
    told(&mut progress, &endless);
    assert!(progress.steps["a"].partial.len() < 10_000);
}

#[test]
fn an_end_that_is_reported_again_and_again_is_one_line_and_counts() {
    let mut progress = BuildProgress::default();
    let failing = |digest: String| Vertex {
        error: "exit code: 7".to_owned(),
        ..vertex(&digest, 1.0, Some(2.0))
    };
    let again = Status {
        vertexes: vec![failing("a".to_owned()); 100],
        ..Status::default()
    };
    let lines = told(&mut progress, &again);
    assert_eq!(lines, ["#1 [1/2] RUN a", "#1 failed: exit code: 7"]);
    // Every step starts and fails: two lines each, and the bound holds for all together.
    let many = Status {
        vertexes: (0..MAX_LINES).map(|n| failing(n.to_string())).collect(),
        ..Status::default()
    };
    let lines = told(&mut progress, &many);
    assert!(lines.len() <= MAX_LINES, "{}", lines.len());
}

#[test]
fn the_reason_behind_a_long_command_is_kept_whole() {
    let mut progress = BuildProgress::default();
    let command = "x".repeat(MAX_LINE * 2);
    let status = Status {
        vertexes: vec![Vertex {
            error: format!("executor failed running [/bin/sh -c {command}]: exit code: 7"),
            ..vertex("a", 1.0, Some(2.0))
        }],
        ..Status::default()
    };
    told(&mut progress, &status);
    let failed = progress.into_failed().unwrap();
    assert!(failed.error.ends_with(" … (cut)"));
    assert!(failed.cause.ends_with("exit code: 7"));
}
