use super::Bounds;

fn check((desired, minimum, maximum): (u32, u32, u32), want: (u32, u32, bool)) {
    let bounds = Bounds::new(desired, minimum, maximum);
    assert_eq!(
        (bounds.lower, bounds.upper, bounds.deadlocked()),
        want,
        "{}",
        crate::wording::bounds(&bounds)
    );
}

#[test]
fn the_documented_sums() {
    check((4, 50, 200), (2, 8, false));
    check((2, 75, 200), (2, 4, false));
    check((4, 100, 200), (4, 8, false));
    check((3, 100, 125), (3, 3, true));
    check((1, 100, 150), (1, 1, true));
    check((1, 50, 150), (1, 1, true));
    check((5, 100, 100), (5, 5, true));
    check((4, 100, 125), (4, 5, false));
    check((1, 0, 100), (0, 1, false));
    check((0, 100, 100), (0, 0, false));
    check((u32::MAX, 100, u32::MAX), (u32::MAX, u32::MAX, true));
    assert_eq!(Bounds::new(4, 50, 150).can_start(5), 1);
    assert_eq!(Bounds::new(4, 50, 150).can_stop(3), 1);
}
