//! One look at a service that lists our deployment, with the time of it: what all judges go by.

use super::look::Look;
use crate::snapshot::{Deployment, Service, Timestamp};

#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) look: &'a Look,
    pub(super) service: &'a Service,
    /// The entry of our deployment.
    pub(super) ours: &'a Deployment,
    /// By this run's clock.
    pub(super) now: Timestamp,
}
