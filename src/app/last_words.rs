//! How the run ended, said everywhere: in the log, as an annotation, in the outputs, in the report and
//! in the job summary. It is said once, whatever the end is, and none is silent.
//!
//! Nothing here decides about the outcome.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Surroundings;
use super::bug::Bug;
use super::closing::{self, Closing, Part, within};
use super::unfinished::{self, Unfinished};
use crate::clock::Clock;
use crate::console::output::Output;
use crate::console::{AnnotationLevel, Console, Style, Tail};
use crate::redact::Redactor;
use crate::report::{self, Outcome, Report};
use crate::run::{Ending, Journal, Record};

/// The log's last lines are made within milliseconds.
const LINES: Duration = Duration::from_millis(500);

/// What has to be known to say how the run ended, at any moment. Clones share it.
#[derive(Clone, Debug)]
pub struct LastWords {
    output: Output,
    redactor: Redactor,
    record: Record,
    about: Arc<Mutex<About>>,
    /// A bug is being reported: nobody else says anything any more.
    is_told: Arc<AtomicBool>,
}

#[derive(Clone, Debug, Default)]
struct About {
    /// This is the process after the job, which has no outcome of its own.
    is_after: bool,
    /// Where files go, once that is known.
    surroundings: Option<Surroundings>,
    tail: Tail,
    job_summary: bool,
    /// The file with the step's state, in an action.
    state: Option<PathBuf>,
}

impl LastWords {
    /// Last words that go to `output`, and to no file yet, without what `redactor` knows.
    pub fn new(output: Output, redactor: Redactor) -> LastWords {
        LastWords {
            output,
            redactor,
            record: Record::default(),
            about: Arc::default(),
            is_told: Arc::default(),
        }
    }

    /// The secrets that the process knows.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// From now on this is the process after the job.
    pub fn after_the_job(&self) {
        self.change(|about| about.is_after = true);
    }

    /// From now on the files are written that these surroundings name.
    pub fn at(&self, surroundings: &Surroundings) {
        let state = surroundings.var("GITHUB_STATE").map(PathBuf::from);
        let state = state.filter(|_| surroundings.style == Style::Action);
        self.change(|about| {
            about.surroundings = Some(surroundings.clone());
            about.job_summary = true;
            about.state = state;
        });
    }

    /// Notes that the run has begun, and that `console` is where it speaks.
    pub(super) fn begin(&self, console: &Console, job_summary: bool) {
        self.change(|about| {
            about.tail = console.tail();
            about.job_summary = job_summary;
        });
        if let Some(file) = self.about().state {
            unfinished::note(&file, &Unfinished::Yes);
            self.record.to_state(file);
        }
    }

    /// Where the run keeps its report.
    pub(super) fn record(&self) -> Record {
        self.record.clone()
    }

    /// Says how the run ended; the exit code.
    pub(super) fn say(&self, journal: Journal) -> u8 {
        let (mut console, report, clock) = journal.close();
        self.record.keep(&report, clock);
        in_the_log(&mut console, &report);
        let about = self.about();
        if let Some(surroundings) = about.surroundings {
            let closing = Closing {
                report: report.clone(),
                surroundings,
                job_summary: about.job_summary,
                now: clock.now(),
                redactor: self.redactor.clone(),
            };
            let limit = match self.output.is_in_a_hurry() {
                true => closing::ONE_FILE_IN_A_HURRY,
                false => closing::ONE_FILE,
            };
            for problem in closing::write(&Arc::new(closing), limit) {
                console.warning(&problem);
            }
        }
        console.finish();
        // A panic while the files were made is reported by the thread that panicked, which ends the process.
        if self.is_told.load(Ordering::SeqCst) {
            rest();
        }
        if let Some(file) = &about.state {
            unfinished::note(file, &Unfinished::No);
        }
        report.exit_code()
    }

    /// Says that there was no run at all, and why; the exit code.
    pub fn not_started(&self, why: &str) -> u8 {
        let about = self.about();
        let clock = Clock::system();
        let style = about.surroundings.as_ref().map(|one| one.style);
        let out = Box::new(self.output.clone());
        let style = style.unwrap_or(Style::Plain);
        let console = Console::new(out, style, clock).hiding(&self.redactor);
        let mut journal = Journal::begin(console, self.record(), clock);
        journal.ended(Ending {
            help: vec![
                "the machine is short of memory, threads or open files: run it on one with more"
                    .to_owned(),
            ],
            ..Ending::new(Outcome::Error, why)
        });
        self.say(journal)
    }

    /// Says that the run ended by a bug; the exit code. It is called by the thread that panicked, so
    /// that whatever might not come to its end is done by another. The first bug is reported,
    /// and no other one after it.
    pub(super) fn of_a_bug(&self, bug: &Bug) -> u8 {
        if self.is_told.swap(true, Ordering::SeqCst) {
            rest();
        }
        let words = self.clone();
        let about = within(LINES, move || words.about()).unwrap_or_default();
        if about.is_after {
            // The step has its outcome already.
            let warning = bug.warning();
            self.in_place(&about, move |console| console.warning(&warning));
            return 0;
        }
        let path = about.surroundings.as_ref().and_then(|surroundings| {
            let path = surroundings.report_path()?;
            Some(surroundings.on_the_host(&path))
        });
        let known = self.record.known();
        let (full, bare) = bug.reports(known.as_ref(), path.as_deref());
        if let Some(file) = about.state.clone() {
            let place = bug.place.clone();
            within(LINES, move || {
                unfinished::note(&file, &Unfinished::Bug(place.clone()));
            });
        }
        if let Some(surroundings) = &about.surroundings {
            let now = known.map_or_else(Clock::system, |known| known.clock).now();
            let closing = |report: &Report| {
                Arc::new(Closing {
                    report: report.clone(),
                    surroundings: surroundings.clone(),
                    job_summary: about.job_summary,
                    now,
                    redactor: self.redactor.clone(),
                })
            };
            let (whole, least) = (closing(&full), closing(&bare));
            for part in Part::ALL {
                // The bug may be in this very part.
                if whole.part(part, LINES).is_none() {
                    least.part(part, LINES);
                }
            }
        }
        for report in [full, bare] {
            let said = self.in_place(&about, move |console| in_the_log(console, &report));
            if said.is_some() {
                break;
            }
        }
        Outcome::Error.exit_code()
    }

    /// Says something in place of the run's own console.
    fn in_place(
        &self,
        about: &About,
        say: impl Fn(&mut Console) + Send + Sync + 'static,
    ) -> Option<()> {
        let style = about.surroundings.as_ref().map(|one| one.style);
        let style = match about.is_after {
            true => Style::Action,
            false => style.unwrap_or(Style::Plain),
        };
        let (output, tail) = (self.output.clone(), about.tail.clone());
        let said = within(LINES, move || {
            let out = Box::new(output.clone());
            let mut console = Console::in_place_of(tail.clone(), out, style, Clock::system());
            say(&mut console);
            console.finish();
        });
        self.output.hurry();
        self.output.finish();
        said
    }

    fn about(&self) -> About {
        let about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
        about.clone()
    }

    fn change(&self, change: impl FnOnce(&mut About)) {
        change(&mut self.about.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Leaves the rest to the thread that ends the process.
fn rest() -> ! {
    loop {
        std::thread::park();
    }
}

/// How it ended: in the log, and as the annotation that the run's page shows.
pub fn in_the_log(console: &mut Console, report: &Report) {
    let report = &report.shown(&console.redactor());
    for line in report::text::closing(report) {
        console.words(&line);
    }
    let outcome = report.outcome.unwrap_or(Outcome::Error);
    let word = report.title.unwrap_or(outcome.as_str());
    let is_well = report.exit_code() == 0;
    let mut text = report.reason.clone();
    for help in report.help.iter().filter(|_| !is_well) {
        text.push_str(&format!("\n→ {help}"));
    }
    let level = match (is_well, report.is_doubtful()) {
        (true, false) => AnnotationLevel::Notice,
        (true, true) => AnnotationLevel::Warning,
        (false, _) => AnnotationLevel::Error,
    };
    console.annotate(level, word, &text);
}
