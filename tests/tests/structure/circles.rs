//! Circles of files that depend on each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::package::Dependencies;

/// Returns the circles: the largest sets of files of which each depends on every other one, directly or through others.
pub(crate) fn circles(dependencies: &Dependencies) -> Vec<BTreeSet<&str>> {
    let reachable: BTreeMap<&str, BTreeSet<&str>> =
        dependencies.keys().map(|file| (file.as_str(), reachable(dependencies, file))).collect();
    let mut circles: Vec<BTreeSet<&str>> = Vec::new();
    for (file, targets) in &reachable {
        if targets.contains(file) && !circles.iter().any(|circle| circle.contains(file)) {
            let is_tied = |other: &&&str| reachable.get(**other).is_some_and(|back| back.contains(file));
            circles.push(targets.iter().filter(is_tied).copied().collect());
        }
    }
    circles
}

/// Returns the files that a file depends on, directly or through others.
fn reachable<'a>(dependencies: &'a Dependencies, file: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next = vec![file];
    while let Some(file) = next.pop() {
        for target in dependencies.get(file).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(target.as_str()) {
                next.push(target);
            }
        }
    }
    found
}

/// Describes a circle: each dependency in it, with its names.
pub(crate) fn describe(dependencies: &Dependencies, circle: &BTreeSet<&str>) -> String {
    let mut lines = vec![format!("{} files:", circle.len())];
    for from in circle {
        for (to, names) in dependencies.get(*from).into_iter().flatten().filter(|(to, _)| circle.contains(to.as_str()))
        {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            lines.push(format!("  {from} -> {to}: {}", names.join(", ")));
        }
    }
    lines.join("\n")
}
