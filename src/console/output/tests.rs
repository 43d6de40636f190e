use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// A reader that takes a text when it is let.
struct Reader {
    let_through: Receiver<()>,
    taken: Sender<String>,
}

impl Write for Reader {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.let_through.recv().is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let _ = self.taken.send(String::from_utf8_lossy(text).into_owned());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read() -> (Output, Sender<()>, Receiver<String>) {
    let (through, let_through) = channel();
    let (taken, texts) = channel();
    (Output::to(Reader { let_through, taken }), through, texts)
}

#[test]
fn lines_go_out_whole_and_in_their_order() {
    let (mut output, through, texts) = read();
    for number in 0..100 {
        output
            .write_all(format!("line {number}\n").as_bytes())
            .unwrap();
        through.send(()).unwrap();
    }
    output.finish();
    let all: Vec<String> = texts.try_iter().collect();
    let expected: Vec<String> = (0..100).map(|number| format!("line {number}\n")).collect();
    assert_eq!(all, expected);
}

#[test]
fn once_in_a_hurry_nothing_waits_for_a_reader_and_no_command_is_left_out() {
    let (mut output, through, texts) = read();
    output.hurry();
    let line = format!("{}\n", "x".repeat(1000));
    let start = Instant::now();
    let lines = 3 * WAITING_BYTES / line.len();
    for _ in 0..lines {
        output.write_all(line.as_bytes()).unwrap();
    }
    let debug = format!("::debug::{line}");
    output.write_all(debug.as_bytes()).unwrap();
    output.write_all(b"::add-mask::hush\n").unwrap();
    output.finish();
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    for _ in 0..=lines {
        through.send(()).unwrap();
    }
    output.finish();
    let all: Vec<String> = texts.try_iter().collect();
    let kept = all.iter().filter(|text| **text == line).count();
    assert!(kept < lines / 2, "{kept} of {lines} lines were kept");
    let tail: Vec<&String> = all.iter().skip(kept).collect();
    let left_out = lines - kept + 1;
    assert_eq!(
        tail,
        [
            &format!("… {left_out} lines left out: nobody read the log\n"),
            "::add-mask::hush\n"
        ]
    );
}

#[test]
fn a_reader_that_is_gone_costs_nothing_but_the_log() {
    let (mut output, through, texts) = read();
    drop(through);
    output.write_all(b"one\n").unwrap();
    output.write_all(b"two\n").unwrap();
    output.finish();
    assert_eq!(texts.try_iter().count(), 0);
}
