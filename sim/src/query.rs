//! The cluster query language, as the `filter` of ListContainerInstances and `memberOf` have it.
//!
//! Only reads; what a subject's value is comes from the caller.

#[cfg(test)]
mod tests;

/// What expressions are asked about.
pub(crate) trait Subject {
    /// The values of `attribute:NAME`, `ec2InstanceId`, …; none where it doesn't exist.
    fn values(&self, name: &str) -> Option<Vec<String>>;
}

/// A parsed expression.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Compare {
        subject: String,
        operator: Operator,
        arguments: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Differs,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Exists,
    Missing,
    In,
    NotIn,
    Matches,
    NoMatch,
}

const OPERATORS: [(&str, Operator); 24] = [
    ("==", Operator::Equal),
    ("equals", Operator::Equal),
    ("!=", Operator::Differs),
    ("not_equals", Operator::Differs),
    (">=", Operator::GreaterOrEqual),
    ("greater_than_equal", Operator::GreaterOrEqual),
    (">", Operator::Greater),
    ("greater_than", Operator::Greater),
    ("<=", Operator::LessOrEqual),
    ("less_than_equal", Operator::LessOrEqual),
    ("<", Operator::Less),
    ("less_than", Operator::Less),
    ("exists", Operator::Exists),
    ("!exists", Operator::Missing),
    ("not_exists", Operator::Missing),
    ("in", Operator::In),
    ("!in", Operator::NotIn),
    ("not_in", Operator::NotIn),
    ("=~", Operator::Matches),
    ("matches", Operator::Matches),
    ("!~", Operator::NoMatch),
    ("not_matches", Operator::NoMatch),
    ("is_in", Operator::In),
    ("is_not_in", Operator::NotIn),
];

const SUBJECTS: [&str; 6] = [
    "agentConnected",
    "agentVersion",
    "ec2InstanceId",
    "registeredAt",
    "runningTasksCount",
    "task:group",
];

/// Parses an expression, or says what it stumbled over.
pub(crate) fn parse(text: &str) -> Result<Expression, String> {
    let tokens = tokens(text);
    let mut at = 0;
    let expression = or(&tokens, &mut at)?;
    match tokens.get(at) {
        None => Ok(expression),
        Some(token) => Err(format!("unexpected `{token}`")),
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&first) = chars.peek() {
        let mut token = String::new();
        match first {
            c if c.is_whitespace() => {
                chars.next();
                continue;
            }
            '(' | ')' | '[' | ']' | ',' => token.extend(chars.next()),
            '\'' | '"' => {
                chars.next();
                token.push('\'');
                while let Some(c) = chars.next().filter(|c| *c != first) {
                    token.push(c);
                }
            }
            c if "=!<>~&|".contains(c) => {
                while let Some(c) = chars.next_if(|c| "=!<>~&|".contains(*c)) {
                    token.push(c);
                }
                // `!exists` and `!in` are operators of one word.
                if token == "!" && chars.peek().is_some_and(char::is_ascii_alphabetic) {
                    let rest: String = chars
                        .clone()
                        .take_while(char::is_ascii_alphabetic)
                        .collect();
                    if rest == "exists" || rest == "in" {
                        token.push_str(&rest);
                        chars.nth(rest.len() - 1);
                    }
                }
            }
            _ => {
                while let Some(c) =
                    chars.next_if(|c| !c.is_whitespace() && !"()[],=!<>~&|".contains(*c))
                {
                    token.push(c);
                }
                // A regular expression goes on to the next blank.
                if out
                    .last()
                    .is_some_and(|last| last == "=~" || last == "!~" || last == "matches")
                {
                    while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != ')') {
                        token.push(c);
                    }
                }
            }
        }
        out.push(token);
    }
    out
}

fn or(tokens: &[String], at: &mut usize) -> Result<Expression, String> {
    let mut left = and(tokens, at)?;
    while tokens
        .get(*at)
        .is_some_and(|token| token == "||" || token == "or")
    {
        *at += 1;
        left = Expression::Or(Box::new(left), Box::new(and(tokens, at)?));
    }
    Ok(left)
}

fn and(tokens: &[String], at: &mut usize) -> Result<Expression, String> {
    let mut left = not(tokens, at)?;
    while tokens
        .get(*at)
        .is_some_and(|token| token == "&&" || token == "and")
    {
        *at += 1;
        left = Expression::And(Box::new(left), Box::new(not(tokens, at)?));
    }
    Ok(left)
}

fn not(tokens: &[String], at: &mut usize) -> Result<Expression, String> {
    match tokens.get(*at).map(String::as_str) {
        Some("!" | "not") => {
            *at += 1;
            Ok(Expression::Not(Box::new(not(tokens, at)?)))
        }
        Some("(") => {
            *at += 1;
            let inner = or(tokens, at)?;
            expect(tokens, at, ")")?;
            Ok(inner)
        }
        _ => compare(tokens, at),
    }
}

fn compare(tokens: &[String], at: &mut usize) -> Result<Expression, String> {
    let subject = next(tokens, at)?;
    if !SUBJECTS.contains(&subject.as_str()) && !subject.starts_with("attribute:") {
        return Err(format!("unknown subject `{subject}`"));
    }
    let word = next(tokens, at)?;
    let Some((_, operator)) = OPERATORS.iter().find(|(name, _)| *name == word) else {
        return Err(format!("unknown operator `{word}`"));
    };
    let mut arguments = Vec::new();
    match operator {
        Operator::Exists | Operator::Missing => {}
        Operator::In | Operator::NotIn => {
            expect(tokens, at, "[")?;
            loop {
                arguments.push(plain(next(tokens, at)?));
                match next(tokens, at)?.as_str() {
                    "," => {}
                    "]" => break,
                    other => return Err(format!("unexpected `{other}`")),
                }
            }
        }
        _ => arguments.push(plain(next(tokens, at)?)),
    }
    Ok(Expression::Compare {
        subject,
        operator: *operator,
        arguments,
    })
}

fn next(tokens: &[String], at: &mut usize) -> Result<String, String> {
    let token = tokens
        .get(*at)
        .cloned()
        .ok_or("the expression ends too early")?;
    *at += 1;
    Ok(token)
}

fn expect(tokens: &[String], at: &mut usize, wanted: &str) -> Result<(), String> {
    let found = next(tokens, at)?;
    if found == wanted {
        Ok(())
    } else {
        Err(format!("expected `{wanted}`, found `{found}`"))
    }
}

fn plain(token: String) -> String {
    token.strip_prefix('\'').map(str::to_owned).unwrap_or(token)
}

impl Expression {
    pub(crate) fn holds(&self, subject: &dyn Subject) -> bool {
        match self {
            Expression::Or(left, right) => left.holds(subject) || right.holds(subject),
            Expression::And(left, right) => left.holds(subject) && right.holds(subject),
            Expression::Not(inner) => !inner.holds(subject),
            Expression::Compare {
                subject: name,
                operator,
                arguments,
            } => compare_values(subject.values(name), *operator, arguments),
        }
    }
}

fn compare_values(values: Option<Vec<String>>, operator: Operator, arguments: &[String]) -> bool {
    let exists = values.is_some();
    let values = values.unwrap_or_default();
    let any = |test: &dyn Fn(&str) -> bool| values.iter().any(|value| test(value));
    let first = arguments.first().map_or("", String::as_str);
    let order = |wanted: &[std::cmp::Ordering]| {
        any(
            &|value| match (value.parse::<f64>(), first.parse::<f64>()) {
                (Ok(value), Ok(first)) => value
                    .partial_cmp(&first)
                    .is_some_and(|found| wanted.contains(&found)),
                _ => wanted.contains(&value.cmp(first)),
            },
        )
    };
    use std::cmp::Ordering::{Equal, Greater, Less};
    match operator {
        Operator::Exists => exists,
        Operator::Missing => !exists,
        Operator::Equal => any(&|value| value == first),
        Operator::Differs => !any(&|value| value == first),
        Operator::In => any(&|value| arguments.iter().any(|argument| argument == value)),
        Operator::NotIn => !any(&|value| arguments.iter().any(|argument| argument == value)),
        Operator::Greater => order(&[Greater]),
        Operator::GreaterOrEqual => order(&[Greater, Equal]),
        Operator::Less => order(&[Less]),
        Operator::LessOrEqual => order(&[Less, Equal]),
        Operator::Matches => any(&|value| matches(first, value)),
        Operator::NoMatch => !any(&|value| matches(first, value)),
    }
}

/// A small part of Java's regular expressions: literals, `.`, `*`, `+`, `?`, `\x`; whole values.
fn matches(pattern: &str, value: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let value: Vec<char> = value.chars().collect();
    here(&pattern, &value)
}

fn here(pattern: &[char], value: &[char]) -> bool {
    let Some(&first) = pattern.first() else {
        return value.is_empty();
    };
    let (one, any, rest) = match (first, pattern.get(1)) {
        ('\\', Some(&literal)) => (literal, false, &pattern[2..]),
        ('.', _) => ('.', true, &pattern[1..]),
        _ => (first, false, &pattern[1..]),
    };
    let fits = |c: Option<&char>| c.is_some_and(|c| any || *c == one);
    match rest.first() {
        Some('*') => here(&rest[1..], value) || (fits(value.first()) && here(pattern, &value[1..])),
        Some('+') => {
            let mut count = 0;
            while fits(value.get(count)) {
                count += 1;
                if here(&rest[1..], &value[count..]) {
                    return true;
                }
            }
            false
        }
        Some('?') => {
            here(&rest[1..], value) || (fits(value.first()) && here(&rest[1..], &value[1..]))
        }
        _ => fits(value.first()) && here(rest, &value[1..]),
    }
}
