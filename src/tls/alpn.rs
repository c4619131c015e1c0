//! Which configuration belongs to which list of application protocols?
//!
//! The lists come from our own code and are few, so a short vector serves better than a map. It is bounded all the same.

use std::sync::{Arc, PoisonError, RwLock};

/// How many different lists are remembered; a configuration for one more is built each time.
const LISTS: usize = 8;

type Built<C> = (Vec<&'static [u8]>, Arc<C>);

/// Configurations of one kind, built once for each list of protocols.
pub struct PerAlpn<C>(RwLock<Vec<Built<C>>>);

impl<C> PerAlpn<C> {
    /// Nothing built yet.
    pub fn new() -> Self {
        Self(RwLock::new(Vec::new()))
    }

    /// The configuration for this list, built now if it is asked for the first time.
    pub fn get_or_build<E>(&self, alpn: &[&'static [u8]], build: impl FnOnce() -> Result<C, E>) -> Result<Arc<C>, E> {
        // What a panicking thread leaves behind here is still a list of complete entries.
        if let Some(found) = find(&self.0.read().unwrap_or_else(PoisonError::into_inner), alpn) {
            return Ok(found);
        }
        let mut lists = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = find(&lists, alpn) {
            return Ok(found);
        }
        let built = Arc::new(build()?);
        if lists.len() < LISTS {
            lists.push((alpn.to_vec(), Arc::clone(&built)));
        }
        Ok(built)
    }
}

fn find<C>(lists: &[Built<C>], alpn: &[&'static [u8]]) -> Option<Arc<C>> {
    lists.iter().find(|(list, _)| list == alpn).map(|(_, built)| Arc::clone(built))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_is_built_once_and_the_lists_are_bounded() {
        let cache = PerAlpn::new();
        let first = cache.get_or_build::<()>(&[b"h2", b"http/1.1"], || Ok(1)).unwrap();
        let again = cache.get_or_build::<()>(&[b"h2", b"http/1.1"], || panic!("built twice")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(*cache.get_or_build::<()>(&[b"http/1.1", b"h2"], || Ok(2)).unwrap(), 2);
        let lists: [&'static [u8]; 16] =
            [b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9", b"a", b"b", b"c", b"d", b"e", b"f"];
        for (value, list) in lists.into_iter().enumerate() {
            assert_eq!(*cache.get_or_build::<()>(&[list], || Ok(value)).unwrap(), value);
        }
        assert_eq!(cache.0.read().unwrap().len(), LISTS);
    }

    #[test]
    fn a_failed_build_is_not_remembered() {
        let cache = PerAlpn::new();
        assert_eq!(cache.get_or_build(&[], || Err("no")), Err("no"));
        assert_eq!(*cache.get_or_build::<()>(&[], || Ok(3)).unwrap(), 3);
    }
}
