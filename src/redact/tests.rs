use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::Redactor;

const TOKEN: &str = "FwoGZXIvYXdzEBYaDsession/token+0=";

fn knowing(secrets: &[&str]) -> Redactor {
    let redactor = Redactor::default();
    for secret in secrets {
        redactor.learn(secret);
    }
    redactor
}

fn shown(secrets: &[&str], text: &str) -> String {
    knowing(secrets).shown(text).to_string()
}

#[test]
fn a_secret_is_hidden_wherever_it_stands() {
    let text = format!("x-amz-security-token:{TOKEN}\n'{TOKEN}'");
    assert_eq!(shown(&[TOKEN], &text), "x-amz-security-token:***\n'***'");
}

#[test]
fn letters_of_another_case_are_the_same_secret() {
    let text = format!("unknown instruction: {}", TOKEN.to_uppercase());
    assert_eq!(shown(&[TOKEN], &text), "unknown instruction: ***");
}

#[test]
fn a_secret_is_hidden_in_the_escapes_of_a_url() {
    assert_eq!(
        shown(&["pass word&more"], "?p=pass%20word%26more&q"),
        "?p=***&q"
    );
}

#[test]
fn the_longer_secret_goes_first() {
    assert_eq!(
        shown(&["secret", "secret-and-more"], "a secret-and-more b secret"),
        "a *** b ***"
    );
}

#[test]
fn each_line_of_a_secret_is_one() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----";
    assert_eq!(shown(&[key], "got MIIEvQIBADANBg"), "got ***");
}

#[test]
fn what_a_cut_has_left_of_a_secret_is_hidden() {
    assert_eq!(shown(&[TOKEN], "the token FwoGZXIvYX…"), "the token ***…");
    assert_eq!(
        shown(&[TOKEN], "the token FwoGZXIvYX... (more)"),
        "the token ***... (more)"
    );
    assert_eq!(shown(&[TOKEN], "the token FwoGZXIvYXdz"), "the token ***");
    // The end of an ordinary word, as likely as not.
    assert_eq!(
        shown(&["deploy-token-0123"], "it is to deploy"),
        "it is to deploy"
    );
    // Four letters tell nothing, and stand in many words.
    assert_eq!(shown(&[TOKEN], "a word FwoG…"), "a word FwoG…");
}

#[test]
fn what_is_short_is_no_secret() {
    assert_eq!(shown(&["true", "", "  "], "it is true"), "it is true");
}

#[test]
fn json_is_hidden_string_by_string() {
    let value = serde_json::json!({"reason": format!("no: {TOKEN}"), "list": [TOKEN, 7]});
    let shown = knowing(&[TOKEN]).shown_json(value);
    assert_eq!(
        shown.as_value(),
        &serde_json::json!({"reason": "no: ***", "list": ["***", 7]})
    );
}

#[test]
fn nothing_shows_by_debug() {
    assert!(!format!("{:?}", knowing(&[TOKEN])).contains("FwoG"));
}

proptest! {
    /// Whatever stands around it, and however the whole is encoded.
    #[test]
    fn no_base64_of_a_text_with_the_secret_shows_it(
        before in "[ -~]{0,9}",
        after in "[ -~]{0,9}",
        secret in "[!-~]{10,40}",
    ) {
        let redactor = knowing(&[&secret]);
        for text in [
            STANDARD.encode(format!("{before}{secret}{after}")),
            URL_SAFE.encode(format!("{before}{secret}{after}")),
        ] {
            let shown = redactor.shown(&text).to_string();
            prop_assert!(shown.contains("***"), "{text} → {shown}");
            // At most the bits at its edges are left: two characters on each side.
            let kept = shown.replace("***", "").len();
            let around = (before.len() + after.len()) * 4 / 3 + 8;
            prop_assert!(kept <= around, "{text} → {shown}");
        }
    }

    #[test]
    fn what_is_cut_anywhere_shows_no_more_than_a_few_letters(
        secret in "[a-zA-Z0-9/+]{12,40}",
        at in 0_usize..40,
    ) {
        let text = format!("it said {secret} to me");
        let cut: String = text.chars().take(8 + at.min(secret.len())).collect();
        let shown = knowing(&[&secret]).shown(&format!("{cut}…")).to_string();
        prop_assert!(!shown.contains(&secret[..6]), "{cut} → {shown}");
    }

    #[test]
    fn other_texts_stay_as_they_are(text in "[a-z ]{0,60}") {
        prop_assert_eq!(shown(&["NONE-OF-THESE-1234"], &text), text);
    }
}
