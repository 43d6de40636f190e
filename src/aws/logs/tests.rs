use serde_json::json;

use super::lines;

#[test]
fn keeps_the_last_lines_and_their_beginnings() {
    let many: Vec<_> = (0..30)
        .map(|number| json!({"message": format!("line {number}\n\n")}))
        .collect();
    let kept = lines(&json!({"events": many}), 20);
    assert_eq!(
        (kept.len(), kept[0].as_str(), kept[19].as_str()),
        (20, "line 10", "line 29")
    );

    let trace = json!({"events": [{"message": "panic\n  at a\r\n  at b"}, {"message": "é".repeat(900)}, {"message": 7}, {}]});
    let kept = lines(&trace, 20);
    assert_eq!(kept[..3], ["panic", "  at a", "  at b"]);
    assert_eq!(kept[3].chars().count(), 500);
    for other in [json!(null), json!({"events": 3}), json!([])] {
        assert_eq!(lines(&other, 20), Vec::<String>::new());
    }
}
