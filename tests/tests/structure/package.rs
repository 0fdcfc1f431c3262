//! The modules of a package, and the files that depend on each other.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    imports::{self, Import, Module, Path},
    tokens,
};

/// Maximum number of imports through which a name is followed.
const MAX_IMPORTS: usize = 16;

/// The names that a file takes from another one.
pub(crate) type Names = BTreeSet<String>;

/// The files that each file depends on.
pub(crate) type Dependencies = BTreeMap<String, BTreeMap<String, Names>>;

/// A package.
#[derive(Debug, Default)]
pub(crate) struct Package {
    modules: BTreeMap<Path, Module>,
    /// The file of each module.
    files: BTreeMap<Path, String>,
}

/// The target of a path.
enum Target<'a> {
    Module(Path),
    /// An item, by the file that defines it.
    Item(&'a str),
}

impl Package {
    /// Reads a package from the paths and the contents of its files. The paths are relative to the folder of its root.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let has_library = files.iter().any(|(path, _)| *path == "lib.rs");
        let is_test = |module: &Path| {
            files.iter().any(|(path, text)| {
                let parent = module_of(path);
                module.starts_with(&parent)
                    && module.get(parent.len()).is_some_and(|child| tokens::test_modules(text).contains(&&**child))
            })
        };
        let mut package = Self::default();
        for (path, text) in files {
            let file_module = module_of(path);
            // A program beside a library is a package of its own, which uses it.
            if is_test(&file_module) || has_library && *path == "main.rs" {
                continue;
            }
            for (inner, module) in imports::modules(&tokens::of_production(text)) {
                let module_path = [file_module.as_slice(), &inner].concat();
                package.files.insert(module_path.clone(), (*path).to_owned());
                package.modules.insert(module_path, module);
            }
        }
        package
    }

    /// Returns the files that each file takes names from. A file that only passes on the names of its child modules
    /// does not depend on them.
    pub(crate) fn dependencies(&self) -> Dependencies {
        let mut dependencies = Dependencies::new();
        for (module, content) in &self.modules {
            let file = &self.files[module];
            let mut add = |to: &str, name: &str| {
                if to != file {
                    let names = dependencies.entry(file.clone()).or_default().entry(to.to_owned()).or_default();
                    names.insert(name.to_owned());
                }
            };
            let is_used = |name: &str| content.paths.iter().any(|path| path[0] == name);
            for Import { path, name, is_public } in &content.imports {
                match (self.target(module, path), name) {
                    (Some(Target::Item(to)), Some(name)) => {
                        let is_of_child = module_of(to).starts_with(module);
                        if !(*is_public && is_of_child) || is_used(name) {
                            add(to, name);
                        }
                    }
                    (Some(Target::Module(path)), None) if !is_public => add(&self.files[&path], "*"),
                    _ => {}
                }
            }
            for path in content.paths.iter().filter(|path| path.len() > 1) {
                if let Some(Target::Item(to)) = self.target(module, path) {
                    add(to, &path.join("::"));
                }
            }
        }
        dependencies
    }

    fn target(&self, module: &Path, path: &[String]) -> Option<Target<'_>> {
        self.resolve(module, path, &Cell::new(MAX_IMPORTS))
    }

    /// Returns the target of a path in this module; `None` if it is in another package.
    fn resolve(&self, module: &Path, path: &[String], imports: &Cell<usize>) -> Option<Target<'_>> {
        let (first, rest) = path.split_first()?;
        let mut at = match &**first {
            "crate" => Target::Module(Path::new()),
            "self" => Target::Module(module.clone()),
            "super" => Target::Module(module[..module.len().checked_sub(1)?].to_vec()),
            name => self.lookup(module, name, imports)?,
        };
        for name in rest {
            at = match at {
                Target::Module(module) if name == "super" => {
                    Target::Module(module[..module.len().checked_sub(1)?].to_vec())
                }
                // A macro defines names that are not seen.
                Target::Module(module) => {
                    self.lookup(&module, name, imports).unwrap_or(Target::Item(&self.files[&module]))
                }
                item @ Target::Item(_) => return Some(item),
            };
        }
        Some(at)
    }

    /// Returns the target of a name in a module.
    fn lookup(&self, module: &Path, name: &str, imports: &Cell<usize>) -> Option<Target<'_>> {
        let child = [module.as_slice(), &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            return Some(Target::Module(child));
        }
        let content = self.modules.get(module)?;
        if content.items.contains(name) {
            return Some(Target::Item(&self.files[module]));
        }
        imports.set(imports.get().checked_sub(1)?);
        let import = content.imports.iter().find(|import| import.name.as_deref() == Some(name));
        if let Some(import) = import {
            // A package that is imported by its own name.
            let is_package = import.path.len() == 1 && import.path[0] == name;
            return if is_package { None } else { self.resolve(module, &import.path, imports) };
        }
        let globs = content.imports.iter().filter(|import| import.name.is_none());
        globs.into_iter().find_map(|glob| match self.resolve(module, &glob.path, imports)? {
            Target::Module(from) if from != *module => self.lookup(&from, name, imports),
            _ => None,
        })
    }
}

/// Returns the module of a file.
fn module_of(file: &str) -> Path {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').filter(|name| !["lib", "main"].contains(name)).map(Into::into).collect()
}
