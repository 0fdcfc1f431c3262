//! The plots of a document, from its tables.

use std::{fs, path::Path};

use teamwire_benchmarks::{
    document,
    plot::{Plot, Scale, Series},
    table::Table,
};

/// A plot of some columns of a table.
#[derive(Clone, Copy)]
struct Figure {
    /// Its file, in the folder with the name of the document.
    file: &'static str,
    title: &'static str,
    table: &'static str,
    /// The column of the horizontal axis.
    x: &'static str,
    lines: Lines,
    y_label: &'static str,
    scale: Scale,
}

/// The lines of a plot: each of the columns, for each value of the other column, if there is one.
#[derive(Clone, Copy)]
struct Lines {
    columns: &'static [&'static str],
    by: Option<&'static str>,
    /// A column and the only value of it that is drawn.
    only: Option<(&'static str, &'static str)>,
}

const FIGURES: &[Figure] = &[
    Figure {
        file: "feeds-memory.svg",
        title: "Memory of an idle feed",
        table: "feeds",
        x: "feeds in the set",
        lines: Lines { columns: &["memory of an idle feed, bytes"], by: None, only: None },
        y_label: "bytes",
        scale: Scale::Linear,
    },
    Figure {
        file: "feeds-cpu.svg",
        title: "CPU of a set of feeds",
        table: "feeds",
        x: "feeds in the set",
        lines: Lines {
            columns: &[
                "polling the idle set, ns",
                "request, ns",
                "empty response, ns",
                "poll with an event, ns",
                "remove and insert, ns",
            ],
            by: None,
            only: None,
        },
        y_label: "ns",
        scale: Scale::Logarithmic,
    },
    Figure {
        file: "lists.svg",
        title: "CPU of a message in a list",
        table: "lists",
        x: "messages of the list",
        lines: Lines { columns: &["CPU of a message, ns"], by: None, only: None },
        y_label: "ns",
        scale: Scale::Linear,
    },
    Figure {
        file: "concurrency.svg",
        title: "Latency of requests",
        table: "concurrency",
        x: "at once",
        // The connections exist since the first round.
        lines: Lines { columns: &["p50 ms", "p99 ms"], by: Some("adapter"), only: Some(("round", "2")) },
        y_label: "ms",
        scale: Scale::Logarithmic,
    },
    Figure {
        file: "uploads.svg",
        title: "CPU of an upload",
        table: "files",
        x: "MiB",
        lines: Lines { columns: &["upload: CPU, µs/MiB"], by: Some("stack"), only: None },
        y_label: "µs per MiB",
        scale: Scale::Linear,
    },
    Figure {
        file: "downloads.svg",
        title: "CPU of a download",
        table: "files",
        x: "MiB",
        lines: Lines { columns: &["download: CPU, µs/MiB"], by: Some("stack"), only: None },
        y_label: "µs per MiB",
        scale: Scale::Linear,
    },
];

/// Returns the lines of a document that show the plots of a table.
pub(crate) fn images(path: &Path, table: &str) -> String {
    let folder = path.file_stem().unwrap_or_default().to_string_lossy();
    let figures = FIGURES.iter().filter(|figure| figure.table == table);
    let image = |Figure { title, x, file, .. }: &Figure| format!("![{title}, by {x}]({folder}/{file})\n\n");
    figures.map(image).collect::<Vec<_>>().concat()
}

/// Draws the plots of a document into the folder beside it.
///
/// # Errors
/// Fails if the document lacks a table or a column, or if a file cannot be written.
pub(crate) fn draw(path: &Path) -> Result<(), String> {
    let with_path = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(with_path)?;
    let folder = path.with_extension("");
    fs::create_dir_all(&folder).map_err(with_path)?;
    for figure in FIGURES {
        let Some(table) = document::table(&text, figure.table)? else {
            eprintln!("{} is not drawn: the table {:?} has not been measured yet", figure.file, figure.table);
            continue;
        };
        let plot = figure.plot(&table).map_err(|error| format!("{}: {error}", figure.table))?;
        fs::write(folder.join(figure.file), plot.to_string()).map_err(with_path)?;
    }
    Ok(())
}

impl Figure {
    fn plot(&self, table: &Table) -> Result<Plot, String> {
        let column = |name: &str| {
            let position = table.columns().iter().position(|it| it == name);
            position.ok_or_else(|| format!("the table has no column {name:?}"))
        };
        let x = column(self.x)?;
        let Lines { columns, by, only } = self.lines;
        let by = by.map(column).transpose()?;
        let only = only.map(|(name, value)| Ok::<_, String>((column(name)?, value))).transpose()?;
        let mut series: Vec<Series> = Vec::new();
        for name in columns {
            let y = column(name)?;
            // Without the unit, which is the label of the axis.
            let title = name.rsplit_once(", ").map_or(*name, |(title, _)| title);
            for row in table.rows().iter().filter(|row| only.is_none_or(|(column, value)| row[column] == value)) {
                let name = match by {
                    Some(by) if columns.len() > 1 => format!("{}, {title}", row[by]),
                    Some(by) => row[by].clone(),
                    None => title.to_owned(),
                };
                let point = (number(&row[x])?, number(&row[y])?);
                match series.iter_mut().find(|it| it.name == name) {
                    Some(line) => line.points.push(point),
                    None => series.push(Series { name, points: vec![point] }),
                }
            }
        }
        Ok(Plot {
            title: self.title.to_owned(),
            x_label: self.x.to_owned(),
            y_label: self.y_label.to_owned(),
            scale: self.scale,
            series,
        })
    }
}

/// Returns the number at the start of a cell, without its unit.
fn number(cell: &str) -> Result<f64, String> {
    let digits: String = cell.chars().take_while(|it| matches!(it, '0'..='9' | ',' | '.')).collect();
    digits.replace(',', "").parse().map_err(|error| format!("{cell:?}: {error}"))
}
