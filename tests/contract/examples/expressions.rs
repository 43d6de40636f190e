//! GitHub's expressions: whether one is written as the language has it, and what it refers to.

/// https://docs.github.com/actions/reference/workflows-and-actions/contexts
const CONTEXTS: &[&str] = &[
    "github", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix",
    "needs", "inputs",
];

/// https://docs.github.com/actions/reference/workflows-and-actions/expressions
const FUNCTIONS: &[&str] = &[
    "contains",
    "startswith",
    "endswith",
    "format",
    "join",
    "tojson",
    "fromjson",
    "hashfiles",
    "success",
    "always",
    "cancelled",
    "failure",
    "case",
];

/// `["steps", "deploy", "outputs", "outcome"]`; what is known only at run time is `*`.
pub(crate) type Reference = Vec<String>;

/// What stands between `${{` and `}}` in a text, in order.
///
/// # Errors
/// One is opened and not closed.
pub(crate) fn within(text: &str) -> Result<Vec<&str>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${{") {
        let Some((expression, after)) = after.split_once("}}") else {
            return Err(format!("`${{{{` without `}}}}` in `{text}`"));
        };
        found.push(expression);
        rest = after;
    }
    Ok(found)
}

/// Parses one expression, and says what it refers to.
///
/// # Errors
/// What is wrong, with the expression.
pub(crate) fn references(expression: &str) -> Result<Vec<Reference>, String> {
    let mut parser = Parser {
        rest: expression,
        found: Vec::new(),
    };
    let parsed = parser.operators().and_then(|()| match parser.peek() {
        None => Ok(()),
        Some(_) => Err(format!("`{}` is not expected", parser.rest.trim())),
    });
    match parsed {
        Ok(()) => Ok(parser.found),
        Err(why) => Err(format!("`{}`: {why}", expression.trim())),
    }
}

struct Parser<'a> {
    rest: &'a str,
    found: Vec<Reference>,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn operators(&mut self) -> Result<(), String> {
        loop {
            while self.take("!") {}
            self.operand()?;
            let operators = ["||", "&&", "==", "!=", "<=", ">=", "<", ">"];
            if !operators.iter().any(|operator| self.take(operator)) {
                return Ok(());
            }
        }
    }

    fn operand(&mut self) -> Result<(), String> {
        match self.peek() {
            Some('(') => {
                self.take("(");
                self.operators()?;
                self.close(")")
            }
            Some('\'') => self.string().map(drop),
            Some(c) if c.is_ascii_digit() || c == '-' => {
                self.take_while(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
                Ok(())
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(),
            Some(c) => Err(format!("`{c}` is not expected")),
            None => Err("something is missing at its end".to_owned()),
        }
    }

    fn close(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) {
            return Ok(());
        }
        Err(format!("`{token}` is missing"))
    }

    /// A quote inside is written twice.
    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        self.take("'");
        loop {
            text.push_str(self.take_while(|c| c != '\''));
            if !self.rest.starts_with('\'') {
                return Err("a string doesn't end".to_owned());
            }
            self.rest = &self.rest[1..];
            if !self.rest.starts_with('\'') {
                return Ok(text);
            }
            self.rest = &self.rest[1..];
            text.push('\'');
        }
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    }

    fn name(&mut self) -> Result<(), String> {
        let name = self.word().to_ascii_lowercase();
        if ["true", "false", "null", "nan", "infinity"].contains(&name.as_str()) {
            return Ok(());
        }
        let mut path = Vec::new();
        if self.take("(") {
            if !FUNCTIONS.contains(&name.as_str()) {
                return Err(format!("there is no function `{name}`"));
            }
            self.arguments()?;
        } else if CONTEXTS.contains(&name.as_str()) {
            path.push(name);
        } else {
            return Err(format!("there is no context `{name}`"));
        }
        loop {
            if self.take(".") {
                let member = if self.take("*") { "*" } else { self.word() };
                if member.is_empty() {
                    return Err("a name is missing after `.`".to_owned());
                }
                path.push(member.to_owned());
            } else if self.take("[") {
                if self.peek() == Some('\'') {
                    path.push(self.string()?);
                } else {
                    self.operators()?;
                    path.push("*".to_owned());
                }
                self.close("]")?;
            } else {
                break;
            }
        }
        if path
            .first()
            .is_some_and(|root| CONTEXTS.contains(&root.as_str()))
        {
            self.found.push(path);
        }
        Ok(())
    }

    fn arguments(&mut self) -> Result<(), String> {
        if self.take(")") {
            return Ok(());
        }
        loop {
            self.operators()?;
            if !self.take(",") {
                return self.close(")");
            }
        }
    }
}

#[test]
fn expressions_are_read() {
    let read = |text: &str| match references(text) {
        Ok(found) => found
            .iter()
            .map(|path| path.join("."))
            .collect::<Vec<_>>()
            .join(" "),
        Err(why) => why,
    };
    insta::assert_snapshot!(read("steps.deploy.outputs.outcome == 'stuck' && !cancelled()"), @"steps.deploy.outputs.outcome");
    insta::assert_snapshot!(read("fromJSON(needs.plan.outputs.list)[0].name || format('it''s {0}', matrix['a'])"), @"needs.plan.outputs.list matrix.a");
    insta::assert_snapshot!(read("(github.ref == 'x'"), @"`(github.ref == 'x'`: `)` is missing");
    insta::assert_snapshot!(read("github.ref = 'x'"), @"`github.ref = 'x'`: `= 'x'` is not expected");
    insta::assert_snapshot!(read("github.ref == \"x\""), @r#"`github.ref == "x"`: `"` is not expected"#);
    insta::assert_snapshot!(read("github.ref =="), @"`github.ref ==`: something is missing at its end");
    insta::assert_snapshot!(read("secret.TOKEN"), @"`secret.TOKEN`: there is no context `secret`");
    insta::assert_snapshot!(read("contain('a', 'b')"), @"`contain('a', 'b')`: there is no function `contain`");
}
