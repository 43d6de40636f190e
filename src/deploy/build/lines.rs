//! What a build and a push tell, as lines of the log, and what a build did last. Pure.

use crate::docker::{BuildEvent, PushEvent};

/// The steps that run, as far as they were told.
#[derive(Debug, Default)]
pub(super) struct Last {
    /// Number, name, and the last line that it wrote; the one that told something last is at the end.
    running: Vec<(usize, String, String)>,
}

impl Last {
    pub(super) fn take(&mut self, event: &BuildEvent) {
        match event {
            BuildEvent::Started { step, name } => {
                self.running.push((*step, name.clone(), String::new()));
            }
            BuildEvent::Log { step, line } => {
                let found = self.running.iter().position(|(number, ..)| number == step);
                if let Some(index) = found {
                    let mut told = self.running.remove(index);
                    told.2.clone_from(line);
                    self.running.push(told);
                }
            }
            BuildEvent::Done { step, .. }
            | BuildEvent::Cached { step, .. }
            | BuildEvent::Failed { step, .. } => {
                self.running.retain(|(number, ..)| number != step);
            }
            _ => {}
        }
    }

    /// As a part of a sentence.
    pub(super) fn words(&self) -> String {
        match self.running.last() {
            None => "no step had begun, or the next one had not".to_owned(),
            Some((_, name, line)) if line.trim().is_empty() => {
                format!("it was in step `{name}`, which wrote nothing")
            }
            Some((_, name, line)) => {
                format!("it was in step `{name}`, whose last line is `{line}`")
            }
        }
    }
}

pub(super) fn build_line(event: BuildEvent) -> Option<String> {
    Some(match event {
        BuildEvent::ContextSent { files, bytes } => {
            format!("context: {}, {}", counted(files, "file"), size(bytes))
        }
        BuildEvent::Started { step, name } => format!("#{step} {name}"),
        BuildEvent::Cached { step, name } => format!("#{step} {name} (cached)"),
        BuildEvent::Done { step, seconds, .. } if seconds >= 0.5 => {
            format!("#{step} done in {seconds:.1} s")
        }
        BuildEvent::Done { .. } => return None,
        BuildEvent::Failed { step, error, .. } => format!("#{step} failed: {error}"),
        BuildEvent::Log { step, line } => format!("#{step} | {line}"),
        BuildEvent::Warning { message } => format!("warning: {message}"),
        BuildEvent::LogCut { after } => {
            format!("the build said more than {after} lines; the rest is left out")
        }
    })
}

pub(super) fn push_line(event: PushEvent) -> String {
    match event {
        PushEvent::Started { reference } => format!("pushing {reference}"),
        PushEvent::Progress {
            sent,
            total,
            done,
            layers,
        } => format!(
            "  {} of {} sent, {done} of {} there",
            size(sent),
            size(total),
            counted(layers, "layer")
        ),
        PushEvent::Retrying { layer, seconds } => format!(
            "  layer {layer} was not taken: the engine tries again in {seconds} s (the cause it tells only when it gives up)"
        ),
        PushEvent::RetriesCut { after } => {
            format!("  layers were not taken more than {after} times; the rest is left out")
        }
        PushEvent::Again {
            reference,
            cause,
            pause,
        } => format!(
            "  the push of {reference} failed and is repeated in {} s: {cause}",
            pause.as_secs()
        ),
        PushEvent::Done {
            uploaded,
            present,
            digest,
            ..
        } => {
            format!(
                "{digest}: {} uploaded, {present} there already",
                counted(uploaded, "layer")
            )
        }
    }
}

fn counted(count: impl TryInto<u64>, what: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::{BuildEvent, Last};

    #[test]
    fn what_ran_last_is_the_step_that_told_something_last() {
        let mut last = Last::default();
        assert!(last.words().starts_with("no step"));
        let started = |step: usize, name: &str| BuildEvent::Started {
            step,
            name: name.to_owned(),
        };
        last.take(&started(1, "[a 1/2] RUN make"));
        last.take(&started(2, "[b 1/2] RUN sleep 9"));
        assert_eq!(
            last.words(),
            "it was in step `[b 1/2] RUN sleep 9`, which wrote nothing"
        );
        last.take(&BuildEvent::Log {
            step: 1,
            line: "compiling".to_owned(),
        });
        assert_eq!(
            last.words(),
            "it was in step `[a 1/2] RUN make`, whose last line is `compiling`"
        );
        last.take(&BuildEvent::Done {
            step: 1,
            name: String::new(),
            seconds: 1.0,
        });
        assert!(last.words().contains("sleep 9"));
    }
}
