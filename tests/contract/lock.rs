//! What is linked in: one HTTP stack, one TLS stack, no C library for it.

use std::collections::BTreeMap;

use crate::files;

/// Used by nothing that is shipped: it comes with the SDK's tools for tests.
const TEST_ONLY: &str = "aws-smithy-protocol-test";

/// Name and version of every package, with the names of those that use it.
fn packages() -> BTreeMap<(String, String), Vec<String>> {
    let lock = files::read("Cargo.lock");
    let blocks: Vec<(String, String, Vec<&str>)> = lock
        .split("[[package]]")
        .skip(1)
        .map(|block| {
            let field = |name: &str| {
                let line = block
                    .lines()
                    .find_map(|line| line.strip_prefix(&format!("{name} = ")));
                line.unwrap_or_default().trim_matches('"').to_owned()
            };
            let uses = block.lines().filter_map(|line| line.strip_prefix(" \""));
            (
                field("name"),
                field("version"),
                uses.map(|l| l.trim_end_matches("\",")).collect(),
            )
        })
        .collect();
    let mut packages: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (name, version, _) in &blocks {
        let exact = format!("{name} {version}");
        let uses = |used: &&str| *used == name || *used == exact;
        let users = blocks.iter().filter(|(_, _, used)| used.iter().any(&uses));
        let users = users.map(|(user, ..)| user.clone()).collect();
        packages.insert((name.clone(), version.clone()), users);
    }
    packages
}

#[test]
fn there_is_one_http_and_one_tls_stack() {
    let packages = packages();
    assert!(packages.len() > 100, "Cargo.lock was not understood");
    for wanted in ["rustls", "hyper", "http", "http-body", "h2"] {
        let versions: Vec<&str> = packages
            .iter()
            .filter(|((name, _), users)| {
                name == wanted && users.iter().any(|user| user != TEST_ONLY)
            })
            .map(|((_, version), _)| version.as_str())
            .collect();
        assert_eq!(versions.len(), 1, "{wanted}: {versions:?}");
    }
    for refused in [
        "aws-lc-sys",
        "aws-lc-rs",
        "openssl-sys",
        "native-tls",
        "s2n-tls",
    ] {
        let found = packages.keys().find(|(name, _)| name == refused);
        assert_eq!(found, None);
    }
}
