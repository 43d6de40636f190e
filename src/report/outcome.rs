//! How a run ended, in the words of the public contract, and its exit code.

macro_rules! outcomes {
    ($($(#[$doc:meta])* $variant:ident => $name:literal, $exit:literal;)+) => {
        /// How a run or the deploy of one service ended; the words are the public contract. Ordered
        /// from best to worst, so that the worst of several is the greatest.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Outcome { $($(#[$doc])* $variant),+ }

        impl Outcome {
            pub const ALL: &[Outcome] = &[$(Outcome::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Outcome::$variant => $name),+ }
            }

            /// The exit code of the process.
            pub fn exit_code(self) -> u8 {
                match self { $(Outcome::$variant => $exit),+ }
            }
        }
    };
}

outcomes! {
    /// The service already runs this revision.
    Unchanged => "unchanged", 0;
    /// A dry run, or `register-only`.
    Planned => "planned", 0;
    /// No wait was asked for.
    Started => "started", 0;
    /// Our deployment is complete, and its revision serves.
    Succeeded => "succeeded", 0;
    /// Another deployment took this one's place.
    Superseded => "superseded", 6;
    /// Still moving when the time ran out.
    TimedOut => "timed-out", 7;
    /// The previous revision was put back.
    RolledBack => "rolled-back", 5;
    /// Proven before the deploy; nothing was changed.
    Blocked => "blocked", 3;
    /// Bad input, or a check before the deploy failed.
    Invalid => "invalid", 2;
    /// No room, or the percentages forbid it.
    Stuck => "stuck", 4;
    /// Tasks don't start, don't stay up or don't get healthy.
    Failed => "failed", 1;
    /// AWS, Docker or GitHub could not be used.
    Error => "error", 8;
    /// SIGINT.
    Interrupted => "cancelled", 130;
    /// SIGTERM.
    Terminated => "cancelled", 143;
}

impl Outcome {
    /// Whether the run did what it was asked to do.
    pub fn is_good(self) -> bool {
        self.exit_code() == 0
    }
}
