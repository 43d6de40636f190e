use std::sync::{Arc, Mutex};

use super::*;

/// What was written.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn written(style: Style, tell: impl FnOnce(&mut Console)) -> String {
    let page = Page::default();
    let mut console = Console::new(Box::new(page.clone()), style, Clock::system());
    tell(&mut console);
    console.finish();
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn ten_annotations_of_a_level_and_no_more() {
    let warnings = |count: usize| {
        written(Style::Action, |console| {
            (1..=count).for_each(|number| console.warning(&format!("number {number}")));
            console.error("stuck", "no room");
            console.annotate(AnnotationLevel::Notice, "planned", "nothing");
        })
    };
    for (count, annotations, last) in [
        (9, 9, "::warning title=Plimsoll::number 9"),
        (
            10,
            10,
            "::warning title=Plimsoll::1 more warning in the log of this step",
        ),
        (
            200,
            10,
            "::warning title=Plimsoll::191 more warnings in the log of this step",
        ),
    ] {
        let log = warnings(count);
        let of_level: Vec<&str> = log
            .lines()
            .filter(|line| line.starts_with("::warning"))
            .collect();
        assert_eq!(
            (of_level.len(), of_level.last()),
            (annotations, Some(&last)),
            "{log}"
        );
        assert!(
            log.contains("::error title=Plimsoll%3A stuck::no room\n"),
            "{log}"
        );
        assert!(
            log.contains("::notice title=Plimsoll%3A planned::nothing\n"),
            "{log}"
        );
        assert_eq!(log.matches("number ").count(), count, "each is in the log");
    }
}

#[test]
fn a_terminal_gets_no_commands() {
    let log = written(Style::Plain, |console| {
        console.mask("hush");
        (0..12).for_each(|_| console.warning("careful"));
        console.annotate(AnnotationLevel::Notice, "succeeded", "all is well");
    });
    assert!(
        !log.contains("::") && log.matches("warning: careful").count() == 12,
        "{log}"
    );
}

fn lines(style: Style) -> Vec<String> {
    let page = Page::default();
    let mut console = Console::new(Box::new(page.clone()), style, Clock::system());
    let redactor = console.redactor();
    redactor.learn("the-first");
    console.words("a");
    let fence = console.fence();
    redactor.learn("the-second");
    console.words("b");
    console.end_fence(fence);
    console.words("c");
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    let kept = text.lines().filter(|line| !line.contains("plimsoll-"));
    kept.map(str::to_owned).collect()
}

#[test]
fn a_mask_is_printed_before_the_next_line_and_never_to_a_deaf_runner() {
    let told = lines(Style::Action);
    assert_eq!(
        told,
        [
            "::add-mask::the-first",
            "a",
            "b",
            "::add-mask::the-second",
            "c"
        ]
    );
    assert_eq!(lines(Style::Plain), ["a", "b", "c"]);
}
