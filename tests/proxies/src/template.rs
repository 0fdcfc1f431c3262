//! Configuration templates: `@NAME@` is replaced by a value.

use crate::Failure;

/// Replaces the names in a template by their values.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> Result<String, Failure> {
    let mut filled = String::new();
    // Every second part is a name.
    for (index, piece) in template.split('@').enumerate() {
        if index % 2 == 0 {
            filled.push_str(piece);
        } else {
            let value = values.iter().find(|(name, _)| *name == piece);
            let (_, value) = value.ok_or_else(|| format!("the template has a name without a value: {piece:?}"))?;
            filled.push_str(value);
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_replace_their_names() {
        let filled = fill("port @PORT@, again @PORT@\n@REST@\n", &[("PORT", "80"), ("REST", "user@host")]);
        assert_eq!(filled.expect("both names have values"), "port 80, again 80\nuser@host\n");
    }

    #[test]
    fn names_without_a_value_are_rejected() {
        let error = fill("port @PORT@", &[]).expect_err("there is no value");
        assert!(error.to_string().contains("PORT"), "{error}");
    }
}
