//! A repository of images, as it was named. A plain value.

/// An ECR repository as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// `111122223333.dkr.ecr.eu-central-1.amazonaws.com`, where a URI was given.
    pub registry: Option<String>,
    /// `team/app`.
    pub name: String,
}

impl Repository {
    /// The account in the URI.
    pub fn account(&self) -> Option<&str> {
        let first = self.registry.as_deref()?.split('.').next()?;
        is_account(first).then_some(first)
    }

    /// The region in the URI: what stands after `ecr`, `ecr-fips` or `dkr-ecr`.
    pub fn region(&self) -> Option<&str> {
        let mut parts = self.registry.as_deref()?.split('.');
        parts.find(|part| matches!(*part, "ecr" | "ecr-fips" | "dkr-ecr" | "dkr-ecr-fips"))?;
        parts.next()
    }
}

impl std::fmt::Display for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.registry {
            Some(registry) => write!(f, "{registry}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}
