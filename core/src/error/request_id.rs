use core::fmt;

use crate::escaped::Escaped;

/// Writes the request id at the end of an error message, if there is one.
pub(super) fn request_id(f: &mut fmt::Formatter<'_>, id: Option<&str>) -> fmt::Result {
    id.map_or(Ok(()), |id| write!(f, " (request {})", Escaped(id)))
}
