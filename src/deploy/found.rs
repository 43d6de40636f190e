//! What a run found before anything is changed: the services, what they start from, the images.
//!
//! Plain values; nothing is read or decided here.

use super::base::Base;
use super::pinned::Images;
use crate::snapshot::Service;

/// What a plan is made of.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    /// In the order of the request.
    pub(super) services: Vec<Service>,
    /// Each definition that services start from once.
    pub(super) bases: Vec<Base>,
    pub(super) images: Images<'a>,
}
