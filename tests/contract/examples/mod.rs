//! Every YAML and JSON block of the README and the docs is what a reader may copy: a workflow, the
//! steps of one, a policy, a report.
//!
//! `EXAMPLES=<folder> cargo test --test contract examples` also writes each as a workflow of its
//! own, for the linters of `script/lint-workflows`.

mod blocks;
mod expressions;
mod json;
mod workflow;

use std::path::PathBuf;

use blocks::{Block, blocks};

/// What a block may be written in; another word is most often a slip of the pen.
const LANGUAGES: &[&str] = &["text", "sh", "yaml", "json", "hcl", "mermaid", "dockerfile"];

/// The documents that are read by people who copy.
fn documents() -> Vec<String> {
    let docs = std::fs::read_dir(crate::files::root().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = docs
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    names.push("README.md".to_owned());
    names.sort();
    names
}

fn blocks_of(name: &str) -> Vec<Block> {
    blocks(name, &crate::files::read(name))
}

fn in_language(language: &str) -> Vec<Block> {
    let all = documents();
    let all = all.iter().flat_map(|name| blocks_of(name)).collect();
    let wanted = |block: &Block| block.language == language;
    Vec::into_iter(all).filter(wanted).collect()
}

/// Fails with everything that `check` found wrong, by file and line.
fn all_hold(language: &str, check: impl Fn(&Block) -> Vec<String>) {
    let blocks = in_language(language);
    assert!(blocks.len() > 5, "the {language} blocks were not found");
    let wrong: Vec<String> = blocks
        .iter()
        .flat_map(|block| {
            let place = block.place();
            let told = move |wrong| format!("{place}: {wrong}");
            check(block).into_iter().map(told)
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_block_names_its_language() {
    let strange: Vec<String> = documents()
        .iter()
        .flat_map(|name| blocks_of(name))
        .filter(|block| !LANGUAGES.contains(&block.language.as_str()))
        .map(|block| format!("{}: `{}`", block.place(), block.language))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn each_yaml_block_is_a_workflow_or_steps_that_work() {
    all_hold("yaml", |block| match workflow::whole(block) {
        Ok(text) => workflow::problems(&text),
        Err(why) => vec![why],
    });
}

#[test]
fn each_json_block_has_its_known_shape() {
    all_hold("json", |block| json::problems(&block.text));
}

/// For the linters: without `EXAMPLES` this only holds that no two would take the same name.
#[test]
fn each_yaml_block_has_a_file_of_its_own() {
    let folder = std::env::var_os("EXAMPLES").map(PathBuf::from);
    let mut names = Vec::new();
    for block in in_language("yaml") {
        let name = format!("{}.yml", block.place().replace(['/', ':'], "-"));
        assert!(!names.contains(&name), "{name} twice");
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(folder.join(&name), workflow::whole(&block).unwrap()).unwrap();
        }
        names.push(name);
    }
}

/// The checks see what they are there for.
#[test]
fn what_is_wrong_is_found() {
    let found = |text: &str| {
        let block = Block {
            file: "x.md".to_owned(),
            line: 1,
            language: "yaml".to_owned(),
            text: text.to_owned(),
        };
        match workflow::whole(&block) {
            Ok(whole) => workflow::problems(&whole).join("; "),
            Err(why) => why,
        }
    };
    let step = |with: &str| {
        found(&format!(
            "- uses: plimsoll-dev/plimsoll@v1\n  id: deploy\n  with:\n    service: hello\n    {with}\n"
        ))
    };
    insta::assert_snapshot!(step("cluster: web"), @"");
    insta::assert_snapshot!(step("clustre: web"), @"there is no input `clustre`");
    insta::assert_snapshot!(step("on-stuck: panic"), @"`on-stuck` is `panic`: allowed are `fail`, `rollback`, `wait`");
    insta::assert_snapshot!(step("image-tag: ${{ github.sha"), @"`repository` isn't given: `image-tag` is a tag in it (`sample`); `${{` without `}}` in `${{ github.sha`");
    insta::assert_snapshot!(step("image-tag: ${{ githb.sha }}"), @"`repository` isn't given: `image-tag` is a tag in it (`sample`); `githb.sha`: there is no context `githb`");
    insta::assert_snapshot!(step("image-tag: ${{ inputs.tag }}"), @"`repository` isn't given: `image-tag` is a tag in it (`sample`); `inputs.tag`: the workflow has no such input");
    insta::assert_snapshot!(found("- uses: plimsoll-dev/plimsoll@v1\n  with:\n    cluster: web\n"), @"`service` isn't given: name at least one, or set `register-only: true` to stop after the registration");
    insta::assert_snapshot!(found("- run: echo ${{ steps.deploy.outputs.outcome }}\n"), @"`steps.deploy.outputs.outcome`: the job has no step of that id");
    insta::assert_snapshot!(found("- uses: plimsoll-dev/plimsoll@v1\n  id: d\n  with: {service: a}\n- run: \"true\"\n  if: steps.d.outputs.outcom == 'x'\n"), @"`steps.d.outputs.outcom`: the action has no such output");
    insta::assert_snapshot!(found("steps: []\n"), @"neither a workflow nor steps nor the top of a workflow");

    let policy = |text: &str| json::problems(text).join("; ");
    insta::assert_snapshot!(policy(r#"{"a": 1}"#), @"neither a policy nor a statement, a task definition or a report");
    insta::assert_snapshot!(policy(r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecs", "Ressource": "*"}]}"#), @"a statement has no `Ressource`; `ecs` is not written like `ecs:UpdateService`; one of `Principal` and `Resource` is needed");
    insta::assert_snapshot!(policy(r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}}]}"#), @"no condition on `sub`");
}
