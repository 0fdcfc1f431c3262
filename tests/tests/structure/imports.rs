//! The names that a source file declares, imports and uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::tokens::Token;

/// A path of names, without generic arguments.
pub(crate) type Path = Vec<String>;

/// An import of one name. A glob has no name.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) path: Path,
    pub(crate) name: Option<String>,
    pub(crate) is_public: bool,
}

/// A module: a file, or a module in braces.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The items that it defines, without its child modules.
    pub(crate) items: BTreeSet<String>,
    pub(crate) imports: Vec<Import>,
    /// The paths in its code, each at least one name.
    pub(crate) paths: BTreeSet<Path>,
}

/// The keywords before the name of an item.
const ITEMS: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];

/// Returns the module of a file, which has an empty path, and those in braces in it.
pub(crate) fn modules(tokens: &[Token<'_>]) -> BTreeMap<Path, Module> {
    let mut reader = Reader { tokens, at: 0, modules: BTreeMap::from([(Path::new(), Module::default())]) };
    reader.items(&Path::new());
    reader.modules
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    modules: BTreeMap<Path, Module>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn name(&mut self) -> Option<&'a str> {
        let Some(Token::Name(name)) = self.peek() else { return None };
        self.at += 1;
        Some(name)
    }

    /// Reads a module up to the bracket that ends it.
    fn items(&mut self, module: &Path) {
        let mut depth = 0_usize;
        let mut is_public = false;
        while let Some(token) = self.peek() {
            match token {
                Token::Name("use") if !matches!(self.tokens.get(self.at + 1), Some(Token::Other('<'))) => {
                    self.at += 1;
                    let mut imports = Vec::new();
                    self.use_tree(Path::new(), &mut imports);
                    let is_public = is_public && depth == 0;
                    self.of(module).imports.extend(imports.into_iter().map(|it| Import { is_public, ..it }));
                }
                Token::Name("mod") => {
                    self.at += 1;
                    let Some(name) = self.name() else { continue };
                    if self.peek() == Some(Token::Other('{')) {
                        self.at += 1;
                        let child = [module.as_slice(), &[name.to_owned()]].concat();
                        self.items(&child);
                    }
                }
                Token::Name("pub") => {
                    self.at += 1;
                    // The restriction of `pub(in path)`.
                    if let [Token::Other('('), Token::Name("crate" | "super" | "self" | "in"), ..] =
                        self.tokens[self.at..]
                    {
                        let end = self.tokens[self.at..].iter().position(|it| *it == Token::Other(')'));
                        self.at += end.map_or(0, |end| end + 1);
                    }
                    is_public = true;
                    continue;
                }
                Token::Name(keyword) if ITEMS.contains(&keyword) => {
                    self.at += 1;
                    if self.peek() == Some(Token::Other('!')) {
                        self.at += 1;
                    }
                    if let (0, Some(Token::Name(name))) = (depth, self.peek()) {
                        self.of(module).items.insert(name.to_owned());
                    }
                }
                Token::Name(_) => {
                    let path = self.path();
                    self.of(module).paths.insert(path);
                }
                Token::Other('{') => (self.at, depth) = (self.at + 1, depth + 1),
                Token::Other('}') if depth == 0 => {
                    self.at += 1;
                    return;
                }
                Token::Other('}') => (self.at, depth) = (self.at + 1, depth - 1),
                Token::Other(_) | Token::Path => self.at += 1,
            }
            is_public = false;
        }
    }

    fn of(&mut self, module: &Path) -> &mut Module {
        self.modules.entry(module.clone()).or_default()
    }

    /// Reads a path that begins here.
    fn path(&mut self) -> Path {
        let mut path = Path::new();
        while let Some(name) = self.name() {
            path.push(name.to_owned());
            if self.peek() != Some(Token::Path) || !matches!(self.tokens.get(self.at + 1), Some(Token::Name(_))) {
                break;
            }
            self.at += 1;
        }
        path
    }

    /// Reads the tree of an import behind this path.
    fn use_tree(&mut self, prefix: Path, imports: &mut Vec<Import>) {
        let mut path = prefix;
        let is_public = false;
        loop {
            match self.peek() {
                Some(Token::Path) => self.at += 1,
                Some(Token::Name("as")) => {
                    self.at += 1;
                    let name = self.name().map(str::to_owned);
                    imports.push(Import { path, name, is_public });
                    return;
                }
                // `self` in braces stands for the path before it.
                Some(Token::Name("self")) if !path.is_empty() => self.at += 1,
                Some(Token::Name(name)) => {
                    self.at += 1;
                    path.push(name.to_owned());
                }
                Some(Token::Other('*')) => {
                    self.at += 1;
                    imports.push(Import { path, name: None, is_public });
                    return;
                }
                Some(Token::Other('{')) => {
                    self.at += 1;
                    while let Some(token) = self.peek() {
                        match token {
                            Token::Other('}') => {
                                self.at += 1;
                                return;
                            }
                            Token::Other(',') => self.at += 1,
                            _ => self.use_tree(path.clone(), imports),
                        }
                    }
                    return;
                }
                _ => {
                    let name = path.last().cloned();
                    imports.push(Import { path, name, is_public });
                    return;
                }
            }
        }
    }
}
