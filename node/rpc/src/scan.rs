//! The shape of a JSON text, found in one pass without recursion and before any parser sees it.

/// How deep a text nests, and how many entries its outermost array has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Entries of the outermost array; `None` where the text is no array.
    pub entries: Option<usize>,
}

/// Scans a text. What is no valid JSON has some shape, too.
pub fn shape(text: &[u8]) -> Shape {
    let mut shape = Shape::default();
    let (mut depth, mut in_string, mut escaped, mut seen) = (0usize, false, false, false);
    let (mut commas, mut entry_seen) = (0usize, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        if !seen {
            seen = true;
            shape.entries = (*byte == b'[').then_some(0);
        } else if *byte != b']' || depth != 1 {
            entry_seen = true;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                shape.depth = shape.depth.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => commas += 1,
            _ => {}
        }
    }
    if shape.entries.is_some() {
        shape.entries = Some(if entry_seen { commas + 1 } else { 0 });
    }
    shape
}
