//! A log read as the runner reads it: which workflow commands it holds.

/// A command that the runner would carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) data: String,
}

/// All commands in `log`, those between `stop-commands` and its token left out, as the runner does.
pub(crate) fn commands(log: &str) -> Vec<Command> {
    let mut found = Vec::new();
    let mut deaf_until: Option<String> = None;
    // A bare carriage return ends a line for the runner.
    for line in log.split(['\n', '\r']) {
        let Some(command) = command(line) else {
            continue;
        };
        match &deaf_until {
            Some(token) if command.name == *token => deaf_until = None,
            Some(_) => {}
            None => {
                if command.name == "stop-commands" {
                    deaf_until = Some(command.data.clone());
                }
                found.push(command);
            }
        }
    }
    found
}

fn command(line: &str) -> Option<Command> {
    if let Some(rest) = line.trim_start().strip_prefix("::") {
        let (head, data) = rest.split_once("::")?;
        return Some(Command {
            name: word(head),
            data: data.to_owned(),
        });
    }
    // The older form stands anywhere in a line.
    let (_, rest) = line.split_once("##[")?;
    let (head, data) = rest.split_once(']')?;
    Some(Command {
        name: word(head),
        data: data.to_owned(),
    })
}

fn word(head: &str) -> String {
    head.split([' ', ';'])
        .next()
        .unwrap_or_default()
        .to_lowercase()
}

#[test]
fn a_fenced_command_is_none_and_the_older_form_is_found_anywhere() {
    let log = "  ::error title=a::b\nx ##[add-mask]y\n::stop-commands::tok\n::error::no\n::tok::\n::debug::z";
    let names: Vec<String> = commands(log)
        .into_iter()
        .map(|command| command.name)
        .collect();
    assert_eq!(names, ["error", "add-mask", "stop-commands", "debug"]);
}
