//! What stays as it is for the length of a run, and so is asked for once: what a revision's tasks
//! need, and what an instance type has.
//!
//! A memory, no more: the code that reads puts it in, and asks here first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::capacity::{TaskNeeds, TypeSize};

/// Revisions that are remembered: two for each of a thousand services.
const REVISIONS_MAX: usize = 2000;
/// Instance types that are remembered; AWS has fewer than a thousand.
const TYPES_MAX: usize = 1000;

/// A revision as DescribeTaskDefinition or RegisterTaskDefinition answered it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// `taskDefinitionArn`, with the revision.
    pub arn: String,
    /// `family`: the name without the revision.
    pub family: String,
    /// Counts from 1 within the family.
    pub revision: i64,
    /// The whole definition with every member that AWS sent; `tags` are moved inside.
    pub document: Value,
}

/// An instance type as far as tasks on it depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InstanceType {
    pub(super) name: String,
    /// A little more memory than an instance registers with ECS.
    pub(super) size: Option<TypeSize>,
    /// Network interfaces, the primary one included.
    pub(super) interfaces: Option<u32>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Facts(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    needs: BTreeMap<String, TaskNeeds>,
    types: BTreeMap<String, InstanceType>,
}

impl Facts {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tasks of a revision need, by its ARN.
    pub(super) fn needs(&self, arn: &str) -> Option<TaskNeeds> {
        self.lock().needs.get(arn).cloned()
    }

    pub(super) fn note_revision(&self, described: &Described) {
        let mut known = self.lock();
        if known.needs.len() < REVISIONS_MAX && !known.needs.contains_key(&described.arn) {
            let needs = TaskNeeds::of(&described.document);
            known.needs.insert(described.arn.clone(), needs);
        }
    }

    /// Those of the types that are known, and the names of the others.
    pub(super) fn types(&self, names: &BTreeSet<String>) -> (Vec<InstanceType>, Vec<String>) {
        let known = self.lock();
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            match known.types.get(name) {
                Some(one) => found.push(one.clone()),
                None => missing.push(name.clone()),
            }
        }
        (found, missing)
    }

    pub(super) fn note_types(&self, types: &[InstanceType]) {
        let mut known = self.lock();
        for one in types {
            if known.types.len() < TYPES_MAX {
                known.types.insert(one.name.clone(), one.clone());
            }
        }
    }
}
