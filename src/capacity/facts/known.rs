//! Amounts and answers that may not be known.

/// More than anything can be; far from the ends of `i64`, so that sums stay within.
pub(in crate::capacity) const BOUNDLESS: i64 = 1 << 50;

/// An amount that is known within bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// What there is at least.
    pub least: i64,
    /// What there is at most.
    pub most: i64,
}

impl Range {
    /// An amount that is known.
    pub fn known(amount: i64) -> Range {
        let amount = amount.clamp(-BOUNDLESS, BOUNDLESS);
        Range {
            least: amount,
            most: amount,
        }
    }

    /// The amount, where it is known.
    pub fn exact(self) -> Option<i64> {
        (self.least == self.most).then_some(self.least)
    }
}

/// A yes or no that may not be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Yes,
    No,
    /// It may be either.
    Unknown,
}

impl Known {
    /// Both must hold.
    #[must_use]
    pub fn and(self, other: Known) -> Known {
        match (self, other) {
            (Known::No, _) | (_, Known::No) => Known::No,
            (Known::Yes, Known::Yes) => Known::Yes,
            _ => Known::Unknown,
        }
    }
}
