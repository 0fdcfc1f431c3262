//! JSON from templates, of an exact length, so that the same amount is compared.

const SENTENCE: &str = "Ward 7: the second lift is out of order until four o'clock; beds go by the north lift. ";

/// Returns a template without its line breaks and indents, and with these values for names such as `$TEXT`.
pub(crate) fn render(template: &str, values: &[(&str, &str)]) -> String {
    let mut text: String = template.lines().map(str::trim_start).collect();
    for (name, value) in values {
        text = text.replace(name, value);
    }
    text
}

/// Returns JSON of this length, with a text that fills it. The closure inserts the text.
///
/// # Panics
/// If the JSON is longer without any text.
pub(crate) fn fill(length: usize, json: impl Fn(&str) -> String) -> String {
    let missing = length.checked_sub(json("").len()).expect("the JSON without its text is shorter");
    json(&SENTENCE.chars().cycle().take(missing).collect::<String>())
}
