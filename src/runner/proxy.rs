//! What the addresses of proxies hold that must not be seen. A runner behind a proxy hands its
//! addresses to the step, in variables of upper and of lower case.
//!
//! Which of them is used for what is the HTTP client's matter.

use crate::secret::Secret;

const VARIABLES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// The user and password of each proxy, together and the password alone, as they are written there.
pub fn secrets(env: &[(String, String)]) -> Vec<Secret> {
    let mut found: Vec<&str> = Vec::new();
    for (name, address) in env {
        if !VARIABLES.iter().any(|one| name.eq_ignore_ascii_case(one)) {
            continue;
        }
        let Some((before, _)) = address.rsplit_once('@') else {
            continue;
        };
        let login = before.split_once("://").map_or(before, |(_, login)| login);
        let password = login.split_once(':').map(|(_, password)| password);
        for secret in [Some(login), password].into_iter().flatten() {
            if !secret.is_empty() && !found.contains(&secret) {
                found.push(secret);
            }
        }
    }
    found.into_iter().map(Secret::new).collect()
}

#[cfg(test)]
mod tests {
    use super::secrets;

    #[test]
    fn logins_of_proxies_in_any_form() {
        let check = |name: &str, address: &str| -> Vec<String> {
            let found = secrets(&[(name.to_owned(), address.to_owned())]);
            found.iter().map(|one| one.expose().to_owned()).collect()
        };
        let both = ["ci:s3cret", "s3cret"];
        assert_eq!(check("HTTPS_PROXY", "http://ci:s3cret@proxy:3128"), both);
        assert_eq!(check("https_proxy", "ci:s3cret@proxy:3128/"), both);
        assert_eq!(check("all_proxy", "http://ci:a@b@proxy"), ["ci:a@b", "a@b"]);
        assert_eq!(check("HTTP_PROXY", "http://token@proxy"), ["token"]);
        for (name, address) in [
            ("HTTP_PROXY", "http://proxy:3128"),
            ("HTTP_PROXY", ""),
            ("NO_PROXY", "a:b@c"),
        ] {
            assert!(check(name, address).is_empty(), "{name} {address}");
        }
    }
}
