//! Memory for luma copies, used again when a picture is done with.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

type Shelf<T> = Arc<Mutex<Vec<Vec<T>>>>;

/// Spare buffers kept for each sample size.
const SPARE: usize = 8;

/// Where copies come from and go back to.
#[derive(Clone, Default)]
pub struct Store {
    bytes: Shelf<u8>,
    words: Shelf<u16>,
}

impl Store {
    /// Bytes that `fill` has put into an empty buffer.
    pub fn bytes(&self, fill: impl FnOnce(&mut Vec<u8>)) -> Stored<u8> {
        Stored::filled(&self.bytes, fill)
    }

    /// As [`Self::bytes`], for deeper samples.
    pub fn words(&self, fill: impl FnOnce(&mut Vec<u16>)) -> Stored<u16> {
        Stored::filled(&self.words, fill)
    }
}

/// Samples that return to their store when dropped.
pub struct Stored<T> {
    samples: Vec<T>,
    shelf: Shelf<T>,
}

impl<T> Stored<T> {
    fn filled(shelf: &Shelf<T>, fill: impl FnOnce(&mut Vec<T>)) -> Self {
        let spare = shelf.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut samples = spare.unwrap_or_default();
        samples.clear();
        fill(&mut samples);
        Self { samples, shelf: shelf.clone() }
    }
}

impl<T> Deref for Stored<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.samples
    }
}

impl<T> Drop for Stored<T> {
    fn drop(&mut self) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.len() < SPARE {
            shelf.push(std::mem::take(&mut self.samples));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        let store = Store::default();
        let first = store.bytes(|b| b.extend([1, 2, 3]));
        let address = first.as_ptr();
        drop(first);
        let second = store.bytes(|b| b.extend([4, 5]));
        assert_eq!((second.as_ptr(), &second[..]), (address, &[4, 5][..]));
    }
}
