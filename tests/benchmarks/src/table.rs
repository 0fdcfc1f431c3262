//! Tables in Markdown, as the benchmarks print them.

use std::fmt;

/// A table. The first row has the names of the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    /// Creates a table with these columns.
    pub fn new<T: Into<String>>(columns: impl IntoIterator<Item = T>) -> Self {
        Self(vec![columns.into_iter().map(Into::into).collect()])
    }

    /// Adds a row.
    pub fn push<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.0.push(row.into_iter().map(Into::into).collect());
    }

    /// Returns the names of the columns.
    pub fn columns(&self) -> &[String] {
        self.0.first().map_or(&[], Vec::as_slice)
    }

    /// Returns the rows below the names of the columns.
    pub fn rows(&self) -> &[Vec<String>] {
        self.0.get(1..).unwrap_or_default()
    }

    /// Returns the tables in a text, in their order.
    pub fn find_all(text: &str) -> Vec<Self> {
        let mut tables = Vec::new();
        let mut rows = Vec::new();
        for line in text.lines().chain([""]) {
            if let Some(line) = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|')) {
                let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
                let is_line = |cell: &String| !cell.is_empty() && cell.chars().all(|it| matches!(it, '-' | ':'));
                if !cells.iter().all(is_line) {
                    rows.push(cells);
                }
            } else if !rows.is_empty() {
                tables.push(Self(std::mem::take(&mut rows)));
            }
        }
        tables
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            row.iter().try_for_each(|cell| if cell.is_empty() { write!(f, "| ") } else { write!(f, "| {cell} ") })?;
            writeln!(f, "|")
        };
        write(f, self.columns())?;
        writeln!(f, "{}|", "|---".repeat(self.columns().len()))?;
        self.rows().iter().try_for_each(|row| write(f, row))
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn printed_tables_are_found() {
        let mut first = Table::new(["", "GET"]);
        first.push(["blocking", "0.60"]);
        let mut second = Table::new(["feeds"]);
        second.push(["1"]);
        second.push(["10"]);
        assert_eq!(first.to_string(), "| | GET |\n|---|---|\n| blocking | 0.60 |\n");
        let text = format!("one\n{first}\ntwo |\n{second}");
        assert_eq!(Table::find_all(&text), [first, second]);
    }

    #[test]
    fn columns_of_printed_tables_may_be_padded() {
        let mut table = Table::new(["operation", "measured"]);
        table.push(["polling", "7 ns"]);
        assert_eq!(
            Table::find_all("| operation | measured |\n| :------ | -------: |\n| polling   |     7 ns |"),
            [table]
        );
    }
}
