//! What the project promises about itself: inputs and outputs said once, examples that work, the
//! lines between modules, names and words, what is linked in, how a release is made, what holds the
//! threat model.
//!
//! `UPDATE=1 cargo test --test contract` writes `action.yml` and the tables of `docs/reference.md`.

#[cfg(test)]
mod action;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod image;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod links;
#[cfg(test)]
mod lock;
#[cfg(test)]
mod names;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod release;
#[cfg(test)]
mod reproduce;
#[cfg(test)]
mod rust;
#[cfg(test)]
mod tags;
#[cfg(test)]
mod threats;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod words;
#[cfg(test)]
mod workflows;

#[cfg(test)]
mod files {
    use std::path::{Path, PathBuf};

    /// The text of a file of the project; its name in the message where it isn't there.
    pub(crate) fn read(name: &str) -> String {
        let path = root().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// Holds `name` against `wanted`, or writes it where that was asked for.
    pub(crate) fn check(name: &str, wanted: &str) {
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(root().join(name), wanted).unwrap();
        }
        let is = read(name);
        let differs = is
            .lines()
            .zip(wanted.lines())
            .enumerate()
            .find(|(_, (is, want))| is != want);
        if let Some((index, (is, want))) = differs {
            panic!(
                "{name}, line {}:\n  is     {is}\n  wanted {want}\nrun with UPDATE=1",
                index + 1
            );
        }
        assert_eq!(
            is.lines().count(),
            wanted.lines().count(),
            "{name}: run with UPDATE=1"
        );
    }

    /// Every file under `folder` whose name ends in `.rs`, by its path inside the project.
    pub(crate) fn sources(folder: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders: Vec<PathBuf> = vec![root().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    found.push(path.strip_prefix(root()).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        found
    }
}
