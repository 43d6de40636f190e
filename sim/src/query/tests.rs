use super::*;

struct Instance;

impl Subject for Instance {
    fn values(&self, name: &str) -> Option<Vec<String>> {
        let value = match name {
            "attribute:ecs.instance-type" => "m5.large",
            "attribute:stack" => "prod",
            "ec2InstanceId" => "i-0abc",
            "agentConnected" => "true",
            "runningTasksCount" => "2",
            "task:group" => return Some(vec!["service:web".to_owned(), "database".to_owned()]),
            _ => return None,
        };
        Some(vec![value.to_owned()])
    }
}

#[test]
fn expressions_hold_or_do_not() {
    let table = [
        ("attribute:stack == prod", true),
        ("attribute:stack != prod", false),
        ("attribute:stack exists", true),
        ("attribute:stack !exists", false),
        ("attribute:other !exists", true),
        ("not(attribute:other exists)", true),
        ("attribute:stack in [test, 'prod']", true),
        ("attribute:stack !in [test, prod]", false),
        ("attribute:stack not_in [test]", true),
        ("attribute:ecs.instance-type =~ m5.*", true),
        ("attribute:ecs.instance-type =~ t[0-9].*", false),
        ("attribute:ecs.instance-type !~ t2.*", true),
        ("attribute:ecs.instance-type matches m.\\.larg+e", true),
        ("ec2InstanceId in ['i-0abc', 'i-1']", true),
        ("agentConnected == true", true),
        ("runningTasksCount >= 2", true),
        ("runningTasksCount<2", false),
        ("runningTasksCount > 10", false),
        ("task:group == database", true),
        ("not(task:group == database)", false),
        (
            "task:group == service:web and attribute:stack == prod",
            true,
        ),
        (
            "(attribute:stack == test or attribute:stack == prod) && !(agentConnected == false)",
            true,
        ),
        ("attribute:stack == test || attribute:stack == dev", false),
    ];
    for (text, wanted) in table {
        let parsed = parse(text);
        assert_eq!(
            parsed.map(|expression| expression.holds(&Instance)),
            Ok(wanted),
            "{text}"
        );
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let table = [
        ("", "the expression ends too early"),
        ("colour == red", "unknown subject `colour`"),
        ("attribute:a is b", "unknown operator `is`"),
        ("attribute:a in b", "expected `[`, found `b`"),
        ("(attribute:a exists", "the expression ends too early"),
        ("attribute:a exists )", "unexpected `)`"),
    ];
    for (text, why) in table {
        assert_eq!(parse(text).err().as_deref(), Some(why), "{text}");
    }
}
