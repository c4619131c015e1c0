//! How do a message's header fields stand, in the order and spelling in which they arrived?
//!
//! An ordered list and nothing more: no merging, no lower-casing, no lookup table. A head has a dozen fields, so a
//! linear search is as fast as a map and keeps duplicates where they were.

use bytes::Bytes;

/// One field line: the name as it was spelt, and the value without the whitespace around it (RFC 9110 §5.5).
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// The name in its original spelling.
    pub name: Bytes,
    /// The value's bytes; not necessarily UTF-8.
    pub value: Bytes,
}

impl Field {
    /// Builds a field from anything that owns, or can share, its bytes.
    pub fn new(name: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// Whether this field has the given name; case does not count (RFC 9110 §5.1).
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The name as text. Names are ASCII tokens; anything else shows as replacement characters.
    pub fn name_str(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }
}

/// A value may be anybody's number: only its length is shown.
impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: <{} bytes>", self.name_str(), self.value.len())
    }
}

/// The fields of one head or trailer section, in the order received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty list with room for so many field lines.
    pub fn with_capacity(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// Appends a field line.
    pub fn push(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.0.push(Field::new(name, value));
    }

    /// How many field lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field line at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The field line at `index`, counted from zero in the order received.
    pub fn get(&self, index: usize) -> Option<&Field> {
        self.0.get(index)
    }

    /// The field line at `index`, to be edited in place.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Field> {
        self.0.get_mut(index)
    }

    /// All field lines in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.0.iter()
    }

    /// The values of every line with this name, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> {
        self.0.iter().filter(move |field| field.is(name)).map(|field| &field.value)
    }

    /// The value of the first line with this name.
    pub fn first(&self, name: &str) -> Option<&Bytes> {
        self.0.iter().find(|field| field.is(name)).map(|field| &field.value)
    }

    /// Keeps the lines for which `keep` holds; the others vanish, the order stays.
    pub fn retain(&mut self, keep: impl FnMut(&Field) -> bool) {
        self.0.retain(keep);
    }

    /// Removes the lines at these indices (ascending, each once) in one pass.
    pub fn remove_all(&mut self, indices: &[usize]) {
        let mut at = 0;
        self.0.retain(|_| {
            let gone = indices.binary_search(&at).is_ok();
            at += 1;
            !gone
        });
    }
}

impl<N: Into<Bytes>, V: Into<Bytes>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| Field::new(name, value)).collect())
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Fields {
        [("Host", "example.org"), ("x-a", "1"), ("X-A", "2"), ("Accept", "*/*")].into_iter().collect()
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let values: Vec<_> = sample().values("X-a").cloned().collect();
        assert_eq!(values, ["1", "2"]);
        assert_eq!(sample().first("ACCEPT").unwrap(), "*/*");
    }

    #[test]
    fn removing_keeps_the_order_of_the_rest() {
        let mut fields = sample();
        fields.remove_all(&[0, 2]);
        let names: Vec<_> = fields.iter().map(|f| f.name_str().into_owned()).collect();
        assert_eq!(names, ["x-a", "Accept"]);
    }

    #[test]
    fn debug_shows_no_value() {
        let fields: Fields = [("x-msisdn", "447700900123")].into_iter().collect();
        assert!(!format!("{fields:?}").contains("447700"));
    }
}
