//! The environment of the process, read once: a value that parts of the edge look things up in.
//!
//! It never shows a value: anything may be secret.

use std::fmt;

/// Variables in the order in which they were found.
#[derive(Clone, Default)]
pub struct Variables(Vec<(String, String)>);

impl Variables {
    /// The value of a variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.set(name).filter(|value| !value.is_empty())
    }

    /// The value of a variable that is set, perhaps to nothing.
    pub fn set(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Variables {
        let variables = variables.into_iter();
        Variables(
            variables
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Variables;

    #[test]
    fn names_are_shown_and_values_are_not() {
        let environment: Variables = [("TOKEN", "hunter2"), ("EMPTY", "")].into_iter().collect();
        assert_eq!(format!("{environment:?}"), r#"{"TOKEN", "EMPTY"}"#);
        assert_eq!(environment.var("TOKEN"), Some("hunter2"));
        assert_eq!(
            (environment.var("EMPTY"), environment.set("EMPTY")),
            (None, Some(""))
        );
    }
}
