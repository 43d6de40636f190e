use super::*;

#[test]
fn a_picture_has_few_points_however_long_it_took() {
    let timeline = |seconds: i64| {
        let sample = |at: i64, running| Sample {
            at: Timestamp(at * 1000),
            desired: 2,
            running,
            pending: 0,
            failed: 0,
            old_running: 1,
            event: None,
        };
        [sample(7, 0), sample(7 + seconds, 2)]
    };
    for seconds in [1, 5, 39, 40, 599, 600, 601, 1800, 3599, 86_400, 30 * 86_400] {
        let timeline = timeline(seconds);
        let chart = chart(&timeline, timeline[1].at).unwrap();
        let lines: Vec<Vec<&str>> = chart
            .lines()
            .filter_map(|line| line.trim().strip_prefix("line ["))
            .map(|line| line.trim_end_matches(']').split(", ").collect())
            .collect();
        let points = lines[0].len();
        assert!(
            lines.len() == 3 && (2..=40).contains(&points),
            "{seconds} s: {points}"
        );
        assert!(lines.iter().all(|line| line.len() == points));
        assert_eq!(
            (lines[2][0], lines[2][points - 1]),
            ("0", "100"),
            "{seconds} s"
        );
        // Mermaid 10 takes them for (length + 1) / points apart, and draws none beyond the end.
        let length: usize = chart
            .split("0 --> ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(length + 1 >= points, "{seconds} s: {points} on {length}");
    }
    let still = timeline(0);
    assert_eq!(chart(&still[..1], Timestamp(7000)), None);
    insta::assert_snapshot!(chart(&still[..1], Timestamp(67_000)).unwrap(),
        @"From the first look to the last, 1 min 0 s, 0 new and 1 old tasks ran.");
}
