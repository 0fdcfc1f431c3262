//! Documents whose tables are printed by commands. Each is between `<!-- table: NAME -->` and `<!-- end -->`, with the
//! plots of it.

use std::ops::Range;

use crate::table::Table;

const START: &str = "<!-- table: ";
const START_END: &str = " -->\n";
const END: &str = "<!-- end -->\n";

/// A table in a document.
struct Block<'a> {
    name: &'a str,
    content: Range<usize>,
}

/// Returns the names of the tables of a document.
///
/// # Errors
/// Fails if a table has no end.
pub fn names(document: &str) -> Result<Vec<&str>, String> {
    Ok(blocks(document)?.iter().map(|block| block.name).collect())
}

/// Returns the table of this name, or `None` if there is nothing between its comments yet.
///
/// # Errors
/// Fails if the document does not have its comments.
pub fn table(document: &str, name: &str) -> Result<Option<Table>, String> {
    Ok(Table::find_all(&document[find(document, name)?]).pop())
}

/// Returns the document with another table of this name, and with this text before it.
///
/// # Errors
/// Fails if the document does not have it.
pub fn replace(document: &str, name: &str, before: &str, table: &Table) -> Result<String, String> {
    let content = find(document, name)?;
    Ok(format!("{}\n{before}{table}\n{}", &document[..content.start], &document[content.end..]))
}

/// Returns the text outside of the tables.
///
/// # Errors
/// Fails if a table has no end.
pub fn prose(document: &str) -> Result<String, String> {
    let mut prose = document.to_owned();
    for block in blocks(document)?.iter().rev() {
        prose.replace_range(block.content.clone(), "");
    }
    Ok(prose)
}

fn find(document: &str, name: &str) -> Result<Range<usize>, String> {
    let mut blocks = blocks(document)?;
    blocks.retain(|block| block.name == name);
    match &blocks[..] {
        [block] => Ok(block.content.clone()),
        blocks => Err(format!("the document has {} tables of the name {name:?}", blocks.len())),
    }
}

fn blocks(document: &str) -> Result<Vec<Block<'_>>, String> {
    let mut blocks = Vec::new();
    let mut from = 0;
    while let Some(start) = document[from..].find(START) {
        let rest = &document[from + start + START.len()..];
        let (name, rest) = rest.split_once(START_END).ok_or("a comment with the name of a table has no end")?;
        let length = rest.find(END).ok_or_else(|| format!("{name}: the table has no end"))?;
        let start = document.len() - rest.len();
        blocks.push(Block { name, content: start..start + length });
        from = start + length + END.len();
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::{names, prose, replace, table};
    use crate::table::Table;

    const DOCUMENT: &str = "# Title\n\n<!-- table: one -->\n\n| a |\n|---|\n| 1 |\n\n<!-- end -->\n\ntext\n\n\
                            <!-- table: two -->\n<!-- end -->\n";

    fn counting(number: u32) -> Table {
        let mut table = Table::new(["a"]);
        table.push([number.to_string()]);
        table
    }

    #[test]
    fn tables_are_replaced_by_name() {
        assert_eq!(names(DOCUMENT), Ok(vec!["one", "two"]));
        assert_eq!(table(DOCUMENT, "one"), Ok(Some(counting(1))));
        assert_eq!(table(DOCUMENT, "two"), Ok(None));
        let document = replace(DOCUMENT, "two", "![plot](plot.svg)\n\n", &counting(2)).expect("the table exists");
        let document = replace(&document, "one", "", &counting(3)).expect("the table exists");
        assert_eq!(table(&document, "one"), Ok(Some(counting(3))));
        assert_eq!(table(&document, "two"), Ok(Some(counting(2))));
        assert_eq!(prose(&document), prose(DOCUMENT));
        assert!(document.contains("<!-- table: two -->\n\n![plot](plot.svg)\n\n| a |\n"), "{document}");
        assert_eq!(replace(&document, "one", "", &counting(1)).as_deref().map(str::len), Ok(document.len()));
    }

    #[test]
    fn missing_names_and_ends_are_errors() {
        assert!(replace(DOCUMENT, "three", "", &counting(3)).is_err_and(|error| error.contains("three")));
        let unclosed = DOCUMENT.trim_end().trim_end_matches("<!-- end -->");
        assert_eq!(names(unclosed), Err("two: the table has no end".into()));
    }
}
