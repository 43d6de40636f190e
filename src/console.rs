//! What a run prints, line by line: the log of a workflow, or a terminal.
//!
//! Everything goes to one stream and is flushed at once, because the runner reads standard output
//! and standard error apart and would mix their order. Every line passes through `commands`, so
//! that no text from outside can be taken for a workflow command, and through the redactor, so that
//! none shows a secret.

pub mod output;

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::redact::{Redactor, Shown};
use crate::runner::commands;

/// Where the lines are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A workflow's log: groups, annotations, masks.
    Action,
    /// A terminal or a file.
    Plain,
}

/// How much an annotation stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnotationLevel {
    Notice,
    Warning,
    Error,
}

/// The one way to print.
pub struct Console {
    out: Box<dyn Write + Send>,
    style: Style,
    clock: Clock,
    notices: usize,
    warnings: usize,
    errors: usize,
    /// What is hidden, and masked before the next line.
    redactor: Redactor,
    fence: OpenFence,
}

/// The fence that is open, if one is: the runner is deaf then, and a mask that it is sent would be
/// printed.
#[derive(Clone, Debug, Default)]
struct OpenFence(Arc<Mutex<Option<String>>>);

impl OpenFence {
    /// Opens one by the line that closes it, or closes it; what was open before.
    fn set(&self, closing: Option<String>) -> Option<String> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *open, closing)
    }

    fn is_open(&self) -> bool {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.is_some()
    }
}

/// What another console has to know to speak in this one's place.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    redactor: Redactor,
    fence: OpenFence,
}

impl fmt::Debug for Console {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Console")
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}

/// Annotations of one level: GitHub keeps ten of a step. Further ones are lines only, and the tenth
/// says how many.
const ANNOTATIONS_MAX: usize = 9;

/// Stands over an annotation, which is shown far from the step that made it.
const TITLE: &str = "Plimsoll";

impl Console {
    pub fn new(out: Box<dyn Write + Send>, style: Style, clock: Clock) -> Console {
        Console {
            out,
            style,
            clock,
            notices: 0,
            warnings: 0,
            errors: 0,
            redactor: Redactor::default(),
            fence: OpenFence::default(),
        }
    }

    /// The same, hiding what `redactor` knows and comes to know.
    #[must_use]
    pub fn hiding(mut self, redactor: &Redactor) -> Console {
        self.redactor = redactor.clone();
        self
    }

    /// What [`Console::in_place_of`] wants.
    pub fn tail(&self) -> Tail {
        Tail {
            redactor: self.redactor.clone(),
            fence: self.fence.clone(),
        }
    }

    /// A console that goes on where another one was cut off, perhaps between fences or in a group.
    pub fn in_place_of(
        tail: Tail,
        out: Box<dyn Write + Send>,
        style: Style,
        clock: Clock,
    ) -> Console {
        let mut console = Console::new(out, style, clock);
        (console.redactor, console.fence) = (tail.redactor, tail.fence);
        if let Some(closing) = console.fence.set(None) {
            console.put(&closing);
        }
        console.end_group();
        console
    }

    pub fn style(&self) -> Style {
        self.style
    }

    /// A line with the time since the run began.
    pub fn line(&mut self, text: &str) {
        let at = self.clock.elapsed().as_secs();
        self.put(&format!(
            "{:>3}:{:02}  {}",
            at / 60,
            at % 60,
            commands::plain(&self.redactor.shown(text))
        ));
    }

    /// A line without a time: closing words and tables.
    pub fn words(&mut self, text: &str) {
        self.put(&commands::plain(&self.redactor.shown(text)));
    }

    pub fn warning(&mut self, text: &str) {
        if !self.annotated(AnnotationLevel::Warning, TITLE, text) {
            self.line(&format!("warning: {text}"));
        }
    }

    /// `about` is a word or two for the title.
    pub fn error(&mut self, about: &str, text: &str) {
        if !self.annotated(AnnotationLevel::Error, &titled(about), text) {
            self.words(&format!("error: {text}"));
        }
    }

    /// An annotation of what the log's lines say anyway: nothing at a terminal.
    pub fn annotate(&mut self, level: AnnotationLevel, about: &str, text: &str) {
        self.annotated(level, &titled(about), text);
    }

    /// Whether there was a place for it.
    fn annotated(&mut self, level: AnnotationLevel, title: &str, text: &str) -> bool {
        let (count, form): (_, fn(Option<&str>, &Shown) -> String) = match level {
            AnnotationLevel::Notice => (&mut self.notices, commands::notice),
            AnnotationLevel::Warning => (&mut self.warnings, commands::warning),
            AnnotationLevel::Error => (&mut self.errors, commands::error),
        };
        *count += 1;
        let has_place = self.style == Style::Action && *count <= ANNOTATIONS_MAX;
        if has_place {
            self.put(&form(Some(title), &self.redactor.shown(text)));
        }
        has_place
    }

    /// The last annotations: how many had no place.
    pub fn finish(&mut self) {
        if self.style != Style::Action {
            return;
        }
        let more = |count: usize, what: &str| {
            let count = count
                .checked_sub(ANNOTATIONS_MAX)
                .filter(|more| *more > 0)?;
            let s = if count == 1 { "" } else { "s" };
            Some(format!("{count} more {what}{s} in the log of this step"))
        };
        let (errors, warnings) = (more(self.errors, "error"), more(self.warnings, "warning"));
        if let Some(text) = errors {
            self.put(&commands::error(Some(TITLE), &self.redactor.shown(&text)));
        }
        if let Some(text) = warnings {
            self.put(&commands::warning(Some(TITLE), &self.redactor.shown(&text)));
        }
    }

    /// Keeps a secret out of the log, wherever it may turn up.
    pub fn mask(&mut self, secret: &str) {
        self.redactor.learn(secret);
        self.tell_masks();
    }

    /// For secrets that turn up where nothing is printed: they are masked before the next line.
    pub fn redactor(&self) -> Redactor {
        self.redactor.clone()
    }

    pub fn group(&mut self, title: &str) {
        match self.style {
            Style::Action => self.put(&commands::group(&self.redactor.shown(title))),
            Style::Plain => self.line(title),
        }
    }

    pub fn end_group(&mut self) {
        if self.style == Style::Action {
            self.put(commands::END_GROUP);
        }
    }

    /// Begins to print what somebody else wrote: no command in it works until `end_fence`.
    pub fn fence(&mut self) -> Option<commands::Fence> {
        let fence = (self.style == Style::Action).then(commands::Fence::new)?;
        self.put(&fence.open());
        self.fence.set(Some(fence.close()));
        Some(fence)
    }

    pub fn end_fence(&mut self, fence: Option<commands::Fence>) {
        if let Some(fence) = fence {
            self.put(&fence.close());
            self.fence.set(None);
        }
    }

    fn tell_masks(&mut self) {
        if self.fence.is_open() {
            return;
        }
        for secret in self.redactor.unmasked() {
            if self.style == Style::Action {
                self.write(&commands::add_mask(secret.expose()));
            }
        }
    }

    fn put(&mut self, line: &str) {
        self.tell_masks();
        self.write(line);
    }

    /// A log that can't be written to is no reason to break off a deploy.
    fn write(&mut self, line: &str) {
        let line = format!("{line}\n");
        let _ = self
            .out
            .write_all(line.as_bytes())
            .and_then(|()| self.out.flush());
    }
}

fn titled(about: &str) -> String {
    format!("{TITLE}: {about}")
}

#[cfg(test)]
mod tests;
