//! The files that the SDK reads: whether they can be read at once, and what is wrong with the keys of
//! the profile in use. It blocks on the disk.

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::profile::{self, ProfileSet};
use aws_types::os_shim_internal::{Env, Fs};
use rustls::RootCertStore;
use tokio::runtime::Handle;

use super::{wrong_secret, wrong_switch};
use crate::request::shown;

/// AWS's own files are a few kilobytes, a bundle of certificates a few hundred.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// They are read within milliseconds, from a disk that answers.
const LIMIT: Duration = Duration::from_secs(10);

/// Profiles may lead from one to the next (`source_profile`), a few at most.
const PROFILES_MAX: usize = 10;

/// A file that is read whole.
struct WholeFile {
    /// The variable that names it.
    variable: &'static str,
    /// Where it is if the variable names none, from `HOME`.
    usual: Option<&'static str>,
}

const FILES: [WholeFile; 4] = [
    WholeFile {
        variable: "AWS_CONFIG_FILE",
        usual: Some(".aws/config"),
    },
    WholeFile {
        variable: "AWS_SHARED_CREDENTIALS_FILE",
        usual: Some(".aws/credentials"),
    },
    WholeFile {
        variable: "AWS_WEB_IDENTITY_TOKEN_FILE",
        usual: None,
    },
    WholeFile {
        variable: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        usual: None,
    },
];

/// All that is wrong, one line each. The disk is read apart from the run.
pub(in crate::aws) async fn problems(env: Vec<(String, String)>) -> Vec<String> {
    let runtime = Handle::current();
    let looked = tokio::task::spawn_blocking(move || runtime.block_on(look(&env)));
    match tokio::time::timeout(LIMIT, looked).await {
        Ok(Ok(problems)) => problems,
        _ => vec!["AWS's config files could not be read in time".to_owned()],
    }
}

async fn look(env: &[(String, String)]) -> Vec<String> {
    let mut problems: Vec<String> = FILES
        .iter()
        .filter_map(|file| unreadable(env, file))
        .collect();
    problems.extend(certificates(env));
    if !problems.is_empty() {
        return problems;
    }
    // As the SDK itself reads them.
    let read = profile::load(&Fs::real(), &Env::real(), &Default::default(), None).await;
    match read {
        Ok(profiles) => of_profiles(&profiles),
        Err(error) => {
            let why = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            vec![format!("AWS's config files can't be read: {}", shown(&why))]
        }
    }
}

fn var<'e>(env: &'e [(String, String)], name: &str) -> Option<&'e str> {
    let found = env.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

fn unreadable(env: &[(String, String)], file: &WholeFile) -> Option<String> {
    let WholeFile {
        variable: name,
        usual,
    } = file;
    let home = var(env, "HOME").map(PathBuf::from);
    let path = match (var(env, name), usual) {
        (Some(path), _) => match path.strip_prefix("~/") {
            Some(rest) => home?.join(rest),
            None => PathBuf::from(path),
        },
        (None, Some(usual)) => home?.join(usual),
        (None, None) => return None,
    };
    let why = match fs::metadata(&path) {
        // The SDK does without.
        Err(_) => return None,
        Ok(file) if !file.is_file() => "it is no regular file".to_owned(),
        Ok(file) if file.len() > MOST_BYTES => format!("it is larger than {MOST_BYTES} bytes"),
        Ok(_) if usual.is_some() && !is_text(&path) => "it isn't text (UTF-8)".to_owned(),
        Ok(_) => return None,
    };
    Some(format!(
        "`{}` (`{name}`) can't be read: {why}",
        shown(&path.to_string_lossy())
    ))
}

/// The SDK takes a file that is no text for an empty one. One that may not be read is its own matter.
fn is_text(path: &Path) -> bool {
    fs::read(path).map_or(true, |bytes| String::from_utf8(bytes).is_ok())
}

/// Without a certificate of an authority no endpoint can be called.
fn certificates(env: &[(String, String)]) -> Option<String> {
    let (file, folders) = (var(env, "SSL_CERT_FILE"), var(env, "SSL_CERT_DIR"));
    let set: Vec<String> = [("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folders)]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("`{name}` is `{}`", shown(value?))))
        .collect();
    if set.is_empty() {
        return None;
    }
    let is_readable = |file: &str| {
        let found = fs::metadata(file);
        found.is_ok_and(|file| file.is_file() && file.len() <= MOST_BYTES)
    };
    let usable = match file {
        Some(file) if !is_readable(file) => 0,
        _ => {
            let found = rustls_native_certs::load_native_certs().certs;
            RootCertStore::empty().add_parsable_certificates(found).0
        }
    };
    (usable == 0).then(|| {
        format!(
            "{}: no certificate is there; unset it to use the system's",
            set.join(", ")
        )
    })
}

/// What is wrong in the profile in use, and in those that it leads to.
fn of_profiles(profiles: &ProfileSet) -> Vec<String> {
    let mut problems = Vec::new();
    let mut name = profiles.selected_profile().to_owned();
    for _ in 0..PROFILES_MAX {
        let Some(profile) = profiles.get_profile(&name) else {
            break;
        };
        let shown_name = shown(&name);
        for (key, wrong) in SECRETS {
            let wrong = profile.get(key).and_then(wrong);
            problems.extend(
                wrong.map(|why| format!("`{key}` of profile `{shown_name}` in AWS's files: {why}")),
            );
        }
        for (key, wrong) in SHOWN {
            let Some(value) = profile.get(key) else {
                continue;
            };
            problems.extend(wrong(value).map(|why| {
                let value = shown(value);
                format!(
                    "`{key}` of profile `{shown_name}` in AWS's config file is `{value}`: {why}"
                )
            }));
        }
        match profile.get("source_profile") {
            Some(next) if next != name => name = next.to_owned(),
            _ => break,
        }
    }
    problems
}

type Wrong = fn(&str) -> Option<&'static str>;

const SECRETS: [(&str, Wrong); 3] = [
    ("aws_access_key_id", wrong_secret),
    ("aws_secret_access_key", wrong_secret),
    ("aws_session_token", wrong_secret),
];

const SHOWN: [(&str, Wrong); 2] = [
    ("use_fips_endpoint", wrong_switch),
    ("use_dualstack_endpoint", wrong_switch),
];
