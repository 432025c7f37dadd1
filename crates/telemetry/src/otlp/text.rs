//! Cutting texts.

/// Where to cut a text, unless it is short enough.
pub(crate) fn end_of(text: &str, characters: usize) -> Option<usize> {
    // No text has more characters than bytes.
    if text.len() <= characters {
        return None;
    }
    text.char_indices().nth(characters).map(|(end, _)| end)
}
