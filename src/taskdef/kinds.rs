//! What a member has to be, where a slip is common or where the member is read or edited here.
//!
//! ECS says of a wrong kind no more than `STRING_VALUE can not be converted to an Integer`, after
//! the image was built and pushed. Members that aren't listed are left to ECS.

use crate::definition::CONTAINERS;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Item(usize),
}

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
    Text,
    Number,
    Flag,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Object => "an object",
            Kind::List => "an array",
            Kind::Text => "a string",
            Kind::Number => "a number",
            Kind::Flag => "a boolean",
        }
    }
}

/// Of the definition; `*` stands for any item of a list, or a name of the user's own (API reference, RegisterTaskDefinition).
#[rustfmt::skip]
const DEFINITION: &[(&[&str], Kind)] = &[
    (&[], Kind::Object),
    (&["taskDefinition"], Kind::Object),
    (&["family"], Kind::Text),
    (&["taskRoleArn"], Kind::Text),
    (&["executionRoleArn"], Kind::Text),
    (&["networkMode"], Kind::Text),
    (&["cpu"], Kind::Text),
    (&["memory"], Kind::Text),
    (&["requiresCompatibilities"], Kind::List),
    (&["requiresCompatibilities", "*"], Kind::Text),
    (&["runtimePlatform"], Kind::Object),
    (&["runtimePlatform", "cpuArchitecture"], Kind::Text),
    (&["runtimePlatform", "operatingSystemFamily"], Kind::Text),
    (&["volumes"], Kind::List),
    (&["tags"], Kind::List),
    (&["tags", "*"], Kind::Object),
    (&["tags", "*", "key"], Kind::Text),
    (&["tags", "*", "value"], Kind::Text),
    (&[CONTAINERS], Kind::List),
    (&[CONTAINERS, "*"], Kind::Object),
];

/// Of one container (API reference, ContainerDefinition).
#[rustfmt::skip]
const CONTAINER: &[(&[&str], Kind)] = &[
    (&["name"], Kind::Text),
    (&["image"], Kind::Text),
    (&["cpu"], Kind::Number),
    (&["memory"], Kind::Number),
    (&["memoryReservation"], Kind::Number),
    (&["essential"], Kind::Flag),
    (&["command"], Kind::List),
    (&["command", "*"], Kind::Text),
    (&["entryPoint"], Kind::List),
    (&["entryPoint", "*"], Kind::Text),
    (&["environment"], Kind::List),
    (&["environment", "*"], Kind::Object),
    (&["environment", "*", "name"], Kind::Text),
    (&["environment", "*", "value"], Kind::Text),
    (&["environmentFiles"], Kind::List),
    (&["environmentFiles", "*"], Kind::Object),
    (&["secrets"], Kind::List),
    (&["secrets", "*"], Kind::Object),
    (&["secrets", "*", "name"], Kind::Text),
    (&["secrets", "*", "valueFrom"], Kind::Text),
    (&["dockerLabels"], Kind::Object),
    (&["dockerLabels", "*"], Kind::Text),
    (&["logConfiguration"], Kind::Object),
    (&["logConfiguration", "logDriver"], Kind::Text),
    (&["logConfiguration", "options"], Kind::Object),
    (&["logConfiguration", "options", "*"], Kind::Text),
    (&["portMappings"], Kind::List),
    (&["portMappings", "*"], Kind::Object),
    (&["portMappings", "*", "containerPort"], Kind::Number),
    (&["portMappings", "*", "hostPort"], Kind::Number),
    (&["mountPoints"], Kind::List),
    (&["healthCheck"], Kind::Object),
    (&["healthCheck", "command"], Kind::List),
    (&["dependsOn"], Kind::List),
];

/// What the value at `path` has to be, where that is known.
pub(super) fn wanted(path: &[Step]) -> Option<Kind> {
    let (table, path) = match path {
        [Step::Member(list), Step::Item(_), rest @ ..]
            if list == CONTAINERS && !rest.is_empty() =>
        {
            (CONTAINER, rest)
        }
        _ => (DEFINITION, path),
    };
    let fits = |pattern: &[&str]| {
        let mut steps = pattern.iter().zip(path);
        pattern.len() == path.len()
            && steps.all(|(pattern, step)| match step {
                Step::Member(name) => *pattern == "*" || pattern == name,
                Step::Item(_) => *pattern == "*",
            })
    };
    table
        .iter()
        .find(|(pattern, _)| fits(pattern))
        .map(|(_, kind)| *kind)
}

/// `a string is needed, this is a number: put it in quotes`.
pub(super) fn mismatch(wanted: Kind, found: Kind) -> String {
    let help = match (wanted, found) {
        (Kind::Text, Kind::Number | Kind::Flag) => ": put it in quotes",
        (Kind::Number | Kind::Flag, Kind::Text) => ": write it without quotes",
        _ => "",
    };
    format!(
        "{} is needed, this is {}{help}",
        wanted.words(),
        found.words()
    )
}
