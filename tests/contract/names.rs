//! What a reader of the sources can go by: a type's name is the name of one type, parameters have
//! names and are few, an error and a field are explained where they are declared.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use syn::{
    Attribute, Expr, Field, Fields, FnArg, ImplItem, Item, Lit, Meta, Pat, ReturnType, Signature,
    TraitItem, Type, Visibility,
};

use crate::files;

/// More than this is a struct that has no name yet. `self` isn't counted.
const MAX_PARAMETERS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// No two public types have one name.
    OneName,
    /// No parameter is a tuple that is taken apart in the signature.
    NamedParameters,
    /// A function has at most `MAX_PARAMETERS`.
    FewParameters,
    /// A public function that gives a `Result` has a section `# Errors`.
    Errors,
    /// A public field of a public struct has a docstring.
    Fields,
}

/// One place that breaks a rule.
struct Break {
    rule: Rule,
    file: String,
    what: String,
}

/// What was read of all sources.
#[derive(Default)]
struct Sources {
    breaks: Vec<Break>,
    /// The files that declare a public type of this name.
    types: BTreeMap<String, Vec<String>>,
    functions: usize,
}

/// One source while it is read.
struct Reader<'a> {
    file: &'a str,
    sources: &'a mut Sources,
}

impl Reader<'_> {
    fn broken(&mut self, rule: Rule, what: String) {
        let file = self.file.to_owned();
        self.sources.breaks.push(Break { rule, file, what });
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Mod(one) if !only_in_tests(&one.attrs) => {
                if let Some((_, items)) = &one.content {
                    self.items(items);
                }
            }
            Item::Fn(one) if !only_in_tests(&one.attrs) => {
                self.function(&one.sig);
                self.errors(&one.vis, &one.attrs, &one.sig);
            }
            Item::Impl(one) if !only_in_tests(&one.attrs) => self.methods(&one.items),
            Item::Trait(one) => {
                self.named(&one.vis, one.ident.to_string());
                for item in &one.items {
                    if let TraitItem::Fn(method) = item {
                        self.function(&method.sig);
                    }
                }
            }
            Item::Struct(one) => {
                let name = one.ident.to_string();
                self.named(&one.vis, name.clone());
                if let (Visibility::Public(_), Fields::Named(fields)) = (&one.vis, &one.fields) {
                    fields
                        .named
                        .iter()
                        .for_each(|field| self.field(&name, field));
                }
            }
            Item::Enum(one) => self.named(&one.vis, one.ident.to_string()),
            Item::Union(one) => self.named(&one.vis, one.ident.to_string()),
            Item::Type(one) => self.named(&one.vis, one.ident.to_string()),
            _ => {}
        }
    }

    fn methods(&mut self, items: &[ImplItem]) {
        for item in items {
            if let ImplItem::Fn(method) = item
                && !only_in_tests(&method.attrs)
            {
                self.function(&method.sig);
                self.errors(&method.vis, &method.attrs, &method.sig);
            }
        }
    }

    /// A type that other modules can name.
    fn named(&mut self, visibility: &Visibility, name: String) {
        if matches!(visibility, Visibility::Public(_)) {
            let files = self.sources.types.entry(name).or_default();
            files.push(self.file.to_owned());
        }
    }

    fn function(&mut self, signature: &Signature) {
        self.sources.functions += 1;
        let typed = signature.inputs.iter().filter_map(|one| match one {
            FnArg::Typed(one) => Some(&*one.pat),
            FnArg::Receiver(_) => None,
        });
        let parameters: Vec<&Pat> = typed.collect();
        let name = &signature.ident;
        if parameters.iter().any(|one| is_tuple(one)) {
            self.broken(Rule::NamedParameters, format!("`{name}`"));
        }
        if parameters.len() > MAX_PARAMETERS {
            let what = format!("`{name}` has {}", parameters.len());
            self.broken(Rule::FewParameters, what);
        }
    }

    fn errors(&mut self, visibility: &Visibility, attributes: &[Attribute], signature: &Signature) {
        let public = matches!(visibility, Visibility::Public(_));
        if public && gives_result(signature) && !docs(attributes).contains("# Errors") {
            self.broken(Rule::Errors, format!("`{}`", signature.ident));
        }
    }

    fn field(&mut self, of: &str, field: &Field) {
        let public = matches!(field.vis, Visibility::Public(_));
        if let Some(name) = &field.ident
            && public
            && docs(&field.attrs).is_empty()
        {
            self.broken(Rule::Fields, format!("`{of}::{name}`"));
        }
    }
}

fn only_in_tests(attributes: &[Attribute]) -> bool {
    let for_tests = |one: &Attribute| match &one.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    };
    attributes.iter().any(for_tests)
}

fn is_tuple(pattern: &Pat) -> bool {
    match pattern {
        Pat::Tuple(_) => true,
        Pat::Reference(inner) => is_tuple(&inner.pat),
        Pat::Paren(inner) => is_tuple(&inner.pat),
        _ => false,
    }
}

fn gives_result(signature: &Signature) -> bool {
    let ReturnType::Type(_, given) = &signature.output else {
        return false;
    };
    let Type::Path(path) = &**given else {
        return false;
    };
    path.path
        .segments
        .last()
        .is_some_and(|one| one.ident == "Result")
}

/// The docstring that stands over something.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|one| match &one.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(text) => match &text.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// All that the tests ask about, read once.
static SOURCES: LazyLock<Sources> = LazyLock::new(sources);

fn sources() -> Sources {
    let mut sources = Sources::default();
    let files = files::sources("src");
    for file in files
        .iter()
        .filter(|file| !file.ends_with("tests.rs") && !file.contains("/tests/"))
    {
        let parsed = syn::parse_file(&files::read(file));
        let parsed = parsed.unwrap_or_else(|error| panic!("{file}: {error}"));
        let reader = &mut Reader {
            file,
            sources: &mut sources,
        };
        reader.items(&parsed.items);
    }
    let shared = sources.types.iter().filter(|(_, files)| files.len() > 1);
    for (name, files) in shared {
        for file in files {
            let what = format!("`{name}` is the name of {} types", files.len());
            sources.breaks.push(Break {
                rule: Rule::OneName,
                file: file.clone(),
                what,
            });
        }
    }
    sources
}

/// Fails with every place that breaks a rule.
fn holds(rule: Rule) {
    let sources = &*SOURCES;
    assert!(sources.functions > 1000, "the functions were not found");
    assert!(sources.types.len() > 100, "the types were not found");
    let wrong: Vec<String> = sources
        .breaks
        .iter()
        .filter(|one| one.rule == rule)
        .map(|one| format!("{}: {}", one.file, one.what))
        .collect();
    assert!(wrong.is_empty(), "{rule:?}:\n{}", wrong.join("\n"));
}

#[test]
fn a_name_is_the_name_of_one_type() {
    holds(Rule::OneName);
}

#[test]
fn a_parameter_has_a_name() {
    holds(Rule::NamedParameters);
}

#[test]
fn a_function_has_few_parameters() {
    holds(Rule::FewParameters);
}

#[test]
fn a_function_that_may_fail_says_when() {
    holds(Rule::Errors);
}

#[test]
fn a_public_field_is_explained() {
    holds(Rule::Fields);
}

/// The check sees what it is there for.
#[test]
fn what_breaks_a_rule_is_found() {
    let text = "
        pub struct A { pub named: u8, /** said */ pub explained: u8, hidden: u8 }
        impl A {
            pub fn short(&self, a: u8, b: u8, c: u8, d: u8) -> Result<(), ()> { Ok(()) }
            /// # Errors
            pub fn says(&self) -> io::Result<()> { Ok(()) }
        }
        fn long(a: u8, b: u8, c: u8, d: u8, e: u8) {}
        fn pair(&(a, b): &(u8, u8)) {}
        #[cfg(test)]
        mod tests { fn pair((a, b): (u8, u8)) {} }
    ";
    let mut sources = Sources::default();
    let reader = &mut Reader {
        file: "src/x.rs",
        sources: &mut sources,
    };
    reader.items(&syn::parse_file(text).unwrap().items);
    let found: Vec<String> = sources
        .breaks
        .iter()
        .map(|one| format!("{:?} {}", one.rule, one.what))
        .collect();
    assert_eq!(
        found,
        [
            "Fields `A::named`",
            "Errors `short`",
            "FewParameters `long` has 5",
            "NamedParameters `pair`",
        ]
    );
}
