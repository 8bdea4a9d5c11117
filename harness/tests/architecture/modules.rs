//! Modules of a crate and what they import from one another, read from the tokens of the sources.
//!
//! Tests are left out. A re-export (`pub use`) is no import: whoever uses a name through it imports
//! the module that defines the name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module's path inside its crate; empty for the crate's root.
pub(crate) type Module = Vec<String>;

/// The sources of a crate by module.
#[derive(Default)]
pub(crate) struct Modules {
    texts: BTreeMap<Module, Parsed>,
}

/// What the tokens of one file say.
#[derive(Default)]
struct Parsed {
    /// Modules that it declares.
    children: BTreeSet<String>,
    /// Children that only tests have.
    test_children: BTreeSet<String>,
    /// Items that it defines at its top.
    defines: BTreeSet<String>,
    /// Re-exports: the name, or `*`, and the path that it stands for.
    exports: Vec<(String, Vec<String>)>,
    /// Every other path that begins with `crate`, `super`, `self` or a child.
    paths: BTreeSet<Vec<String>>,
    /// The lines of `//!` at its top.
    docs: String,
}

/// Who imports what from whom: (importer, imported) and the names.
pub(crate) type Imports = BTreeMap<(Module, Module), BTreeSet<String>>;

impl Modules {
    /// Reads all sources below a `src` folder.
    pub(crate) fn read(src: &Path) -> Self {
        let mut files = Vec::new();
        let mut open = vec![src.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|it| it == "rs") {
                    let name = path.strip_prefix(src).unwrap().to_string_lossy().replace('\\', "/");
                    files.push((name, std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
        Self::of(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// From file names below `src` and their texts.
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut modules = Self::default();
        for (file, text) in files {
            if file != "main.rs" {
                modules.texts.insert(module_of(file), parse(file, text));
            }
        }
        modules.leave_tests_out();
        modules
    }

    /// The modules at the top of the crate, by name.
    pub(crate) fn rooms(&self) -> BTreeSet<&str> {
        self.texts.keys().filter_map(|module| module.first()).map(String::as_str).collect()
    }

    /// The `//!` lines of a module.
    pub(crate) fn docs(&self, module: &[String]) -> &str {
        self.texts.get(module).map_or("", |parsed| &parsed.docs)
    }

    /// Every import between two files of the crate.
    pub(crate) fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (module, parsed) in &self.texts {
            for path in &parsed.paths {
                let Some(path) = self.absolute(module, path) else { continue };
                let owner = self.owner(&path, 0);
                if owner != *module {
                    let name = path.last().cloned().unwrap_or_default();
                    imports.entry((module.clone(), owner)).or_default().insert(name);
                }
            }
        }
        imports
    }

    fn leave_tests_out(&mut self) {
        let tests: BTreeSet<Module> = self
            .texts
            .iter()
            .flat_map(|(module, parsed)| parsed.test_children.iter().map(|it| child(module, it)))
            .collect();
        let is_test = |module: &Module| {
            // A file of tests beside its module is named after both: `timer_queue_tests`.
            let beside = module.last().is_some_and(|name| name.ends_with("_tests"));
            beside || tests.iter().any(|test| module.starts_with(test))
        };
        self.texts.retain(|module, _| !is_test(module));
    }

    /// A path from the crate's root; `None` when it is not of this crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Module> {
        let mut from = module.to_vec();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => return Some(rest[1..].to_vec()),
            "self" => rest = &rest[1..],
            "super" => {}
            first => {
                let parsed = self.texts.get(module)?;
                return parsed.children.contains(first).then(|| [module, path].concat());
            }
        }
        while rest.first().is_some_and(|it| it == "super") {
            from.pop()?;
            rest = &rest[1..];
        }
        Some([from, rest.to_vec()].concat())
    }

    /// The file that defines what a path names, through re-exports.
    fn owner(&self, path: &[String], depth: usize) -> Module {
        let known = (0..=path.len()).rev().find(|&upto| self.texts.contains_key(&path[..upto]));
        let upto = known.unwrap_or(0);
        let (module, rest) = path.split_at(upto);
        let (Some(name), Some(parsed)) = (rest.first(), self.texts.get(module)) else {
            return module.to_vec();
        };
        if depth < 9 && !parsed.defines.contains(name) {
            for (exported, target) in &parsed.exports {
                let Some(mut target) = self.absolute(module, target) else { continue };
                if exported == name {
                    return self.owner(&target, depth + 1);
                }
                if exported == "*" {
                    target.push(name.clone());
                    let owner = self.owner(&target, depth + 1);
                    if self.texts.get(&owner).is_some_and(|it| it.defines.contains(name)) {
                        return owner;
                    }
                }
            }
        }
        module.to_vec()
    }
}

/// The circles of a graph: groups of modules each of which reaches all others of its group.
pub(crate) fn circles(imports: &Imports) -> Vec<Vec<Module>> {
    let mut reach: BTreeMap<&Module, Vec<&Module>> = BTreeMap::new();
    for (from, to) in imports.keys() {
        reach.entry(from).or_default().push(to);
    }
    let mut all: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for &start in reach.keys() {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(at) = open.pop() {
            let next = reach.get(at).into_iter().flatten().copied();
            open.extend(next.filter(|module| seen.insert(*module)));
        }
        all.insert(start, seen);
    }
    let mut found: BTreeSet<Vec<Module>> = BTreeSet::new();
    for (module, seen) in all.iter().filter(|(module, seen)| seen.contains(**module)) {
        let back = |other: &&&Module| all.get(*other).is_some_and(|it| it.contains(*module));
        found.insert(seen.iter().filter(back).map(|&it| it.clone()).collect());
    }
    found.into_iter().collect()
}

/// As it is written: `a::b`, and `lib` for the root.
pub(crate) fn name_of(module: &[String]) -> String {
    if module.is_empty() { "lib".into() } else { module.join("::") }
}

fn child(module: &[String], name: &str) -> Module {
    [module, &[name.to_owned()]].concat()
}

fn module_of(file: &str) -> Module {
    let mut parts: Module = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|it| it == "mod" || it == "lib") {
        parts.pop();
    }
    parts
}

fn parse(file: &str, text: &str) -> Parsed {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines = text.lines().filter_map(|line| line.strip_prefix("//!"));
    let mut parsed = Parsed { docs: lines.collect::<Vec<_>>().join("\n"), ..Parsed::default() };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    declarations(&tokens, &mut parsed);
    paths(&tokens, 0, &mut parsed);
    parsed
}

fn ident(tree: Option<&TokenTree>) -> Option<String> {
    match tree {
        Some(TokenTree::Ident(it)) => Some(it.to_string()),
        _ => None,
    }
}

fn is_punct(tree: Option<&TokenTree>, wanted: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(it)) if it.as_char() == wanted)
}

/// Whether an attribute begins here that keeps what follows out of all but tests.
fn is_for_tests(tokens: &[TokenTree], at: usize) -> bool {
    let Some(TokenTree::Group(group)) = tokens.get(at + 1) else { return false };
    is_punct(tokens.get(at), '#') && group.to_string().replace(' ', "") == "[cfg(test)]"
}

/// Where the item behind an attribute ends: behind its `;` or its braces.
fn end_of_item(tokens: &[TokenTree], mut at: usize) -> usize {
    while let Some(tree) = tokens.get(at) {
        at += 1;
        let braces =
            matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if braces || is_punct(Some(tree), ';') {
            break;
        }
    }
    at
}

/// Notes the modules and the names that stand at the top of a file.
fn declarations(tokens: &[TokenTree], parsed: &mut Parsed) {
    const ITEMS: &[&str] =
        &["struct", "enum", "trait", "fn", "type", "const", "static", "union", "macro_rules"];
    for at in 0..tokens.len() {
        if is_for_tests(tokens, at) {
            let end = end_of_item(tokens, at + 2);
            let tests = tokens[at..end].iter().position(|it| ident(Some(it)) == Some("mod".into()));
            parsed.test_children.extend(tests.and_then(|it| ident(tokens.get(at + it + 1))));
        }
        let Some(word) = ident(tokens.get(at)) else { continue };
        if word == "mod" && is_punct(tokens.get(at + 2), ';') {
            parsed.children.extend(ident(tokens.get(at + 1)));
        } else if ITEMS.contains(&word.as_str()) {
            let skip = usize::from(is_punct(tokens.get(at + 1), '!'));
            parsed.defines.extend(ident(tokens.get(at + 1 + skip)));
        }
    }
}

/// Notes every path of a token stream; `depth` counts the modules in braces around it.
fn paths(tokens: &[TokenTree], depth: usize, parsed: &mut Parsed) {
    let mut at = 0;
    while at < tokens.len() {
        if is_for_tests(tokens, at) {
            at = end_of_item(tokens, at + 2);
            continue;
        }
        match &tokens[at] {
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let module = at >= 2 && ident(tokens.get(at - 2)) == Some("mod".into());
                paths(&inner, depth + usize::from(module), parsed);
                at += 1;
            }
            TokenTree::Ident(word) if *word == "use" => {
                let end = tokens[at..].iter().position(|it| is_punct(Some(it), ';'));
                let end = at + end.unwrap_or(tokens.len() - at);
                let mut found = Vec::new();
                use_tree(&tokens[at + 1..end], &mut Vec::new(), &mut found);
                let exported = is_exported(&tokens[..at]) && depth == 0;
                for (name, path) in found {
                    if exported {
                        parsed.exports.push((name, path));
                    } else {
                        note(path, depth, parsed);
                    }
                }
                at = end;
            }
            TokenTree::Ident(_) => {
                let (path, end) = path_from(tokens, at);
                if path.len() > 1 {
                    note(path, depth, parsed);
                }
                at = end;
            }
            _ => at += 1,
        }
    }
}

/// Whether `pub` or `pub(..)` stands before a `use`.
fn is_exported(before: &[TokenTree]) -> bool {
    let last = before.last();
    let restricted = matches!(last, Some(TokenTree::Group(group))
        if group.delimiter() == Delimiter::Parenthesis);
    let word = if restricted { before.iter().nth_back(1) } else { last };
    ident(word) == Some("pub".into())
}

fn note(mut path: Vec<String>, depth: usize, parsed: &mut Parsed) {
    // `super` of a module in braces is the file itself.
    for _ in 0..depth {
        if path.first().is_some_and(|it| it == "super") {
            path.remove(0);
            if path.first().is_none_or(|it| it != "super") {
                path.insert(0, "self".into());
            }
        }
    }
    let known = ["crate", "super", "self"].contains(&path[0].as_str());
    if known || parsed.children.contains(&path[0]) {
        parsed.paths.insert(path);
    }
}

/// A path written out, from its first word on, and where it ends.
fn path_from(tokens: &[TokenTree], at: usize) -> (Vec<String>, usize) {
    let mut path: Vec<String> = ident(tokens.get(at)).into_iter().collect();
    let mut end = at + 1;
    while is_punct(tokens.get(end), ':') && is_punct(tokens.get(end + 1), ':') {
        let Some(next) = ident(tokens.get(end + 2)) else { break };
        path.push(next);
        end += 3;
    }
    // What follows a dot or other colons belongs to something that is no module of ours.
    let behind = at > 0 && (is_punct(tokens.get(at - 1), ':') || is_punct(tokens.get(at - 1), '.'));
    if behind { (Vec::new(), end) } else { (path, end) }
}

/// The paths of a `use`, each with the name that it gets.
fn use_tree(
    tokens: &[TokenTree],
    prefix: &mut Vec<String>,
    found: &mut Vec<(String, Vec<String>)>,
) {
    let before = prefix.len();
    let mut at = 0;
    let mut renamed = None;
    let mut ended = true;
    while at <= tokens.len() {
        let tree = tokens.get(at);
        if tree.is_none() || is_punct(tree, ',') {
            if !ended {
                let mut path = prefix.clone();
                if path.last().is_some_and(|it| it == "self") && path.len() > 1 {
                    path.pop();
                }
                let name = renamed.take().or_else(|| path.last().cloned()).unwrap_or_default();
                found.push((name, path));
            }
            prefix.truncate(before);
            ended = true;
        } else if is_punct(tree, '*') {
            found.push(("*".into(), prefix.clone()));
            ended = true;
        } else if let Some(TokenTree::Group(group)) = tree {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            use_tree(&inner, prefix, found);
            ended = true;
        } else if let Some(word) = ident(tree) {
            if word == "as" {
                renamed = ident(tokens.get(at + 1));
                at += 1;
            } else {
                prefix.push(word);
                ended = false;
            }
        }
        at += 1;
    }
    prefix.truncate(before);
}
