//! How is the memory of something kept from growing?
//!
//! A short list with keys in a row of their own, so that looking through it touches few cache lines. What was used least
//! recently makes room.

use serde::{Deserialize, Serialize};

/// Items by key, the least recently used of which are let go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Recent<T> {
    keys: Vec<u64>,
    used: Vec<u64>,
    items: Vec<T>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { keys: Vec::new(), used: Vec::new(), items: Vec::new() }
    }
}

impl<T: Default> Recent<T> {
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn items(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    pub fn items_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }

    pub fn get(&self, key: u64) -> Option<&T> {
        self.position(key).and_then(|at| self.items.get(at))
    }

    /// The item of this key; a new one if there is none, for which another has to go where there are `most` already.
    pub fn enter(&mut self, key: u64, tick: u64, most: usize) -> Option<&mut T> {
        let at = self.position(key).unwrap_or_else(|| {
            if self.len() >= most {
                self.forget(|_| true);
            }
            self.keys.push(key);
            self.used.push(tick);
            self.items.push(T::default());
            self.keys.len() - 1
        });
        *self.used.get_mut(at)? = tick;
        self.items.get_mut(at)
    }

    /// Lets go of the least recently used item of this kind.
    pub fn forget(&mut self, is_kind: impl Fn(&T) -> bool) {
        let candidates = self.used.iter().zip(&self.items).enumerate().filter(|(_, (_, item))| is_kind(item));
        if let Some((at, _)) = candidates.min_by_key(|(_, (used, _))| **used) {
            self.remove(at);
        }
    }

    /// Lets go of everything that is not to be kept.
    pub fn retain(&mut self, is_kept: impl Fn(&T) -> bool) {
        let mut at = 0;
        while let Some(item) = self.items.get(at) {
            if is_kept(item) {
                at += 1;
            } else {
                self.remove(at);
            }
        }
    }

    /// Makes sound what was read from a file: three rows of one length, and no longer than `most`.
    pub fn repair(&mut self, most: usize) {
        let len = most.min(self.keys.len()).min(self.used.len()).min(self.items.len());
        self.keys.truncate(len);
        self.used.truncate(len);
        self.items.truncate(len);
    }

    fn remove(&mut self, at: usize) {
        self.keys.swap_remove(at);
        self.used.swap_remove(at);
        self.items.swap_remove(at);
    }

    fn position(&self, key: u64) -> Option<usize> {
        self.keys.iter().position(|&known| known == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes() {
        let mut recent: Recent<u8> = Recent::default();
        for (tick, key) in [(1, 1), (2, 2), (3, 1), (4, 3)] {
            *recent.enter(key, tick, 2).unwrap() += 1;
        }
        assert_eq!((recent.get(1), recent.get(2), recent.get(3)), (Some(&2), None, Some(&1)));
        recent.forget(|item| *item == 1);
        assert_eq!((recent.len(), recent.get(3)), (1, None));
        recent.retain(|item| *item > 2);
        assert_eq!(recent.len(), 0);
        recent.enter(3, 5, 2);
        recent.keys.push(9);
        recent.repair(8);
        assert_eq!((recent.keys.len(), recent.len()), (1, 1));
    }
}
