use std::arch::x86_64::__m512i;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Values that start with a cache line: stores of whole vectors then never touch two.
pub(super) struct Row<T> {
    vectors: Vec<__m512i>,
    values: PhantomData<T>,
}

impl<T: bytemuck::Pod> Row<T> {
    /// `count` zeros or a few more, not there until they are touched.
    pub(super) fn new(count: usize) -> Self {
        let vectors = (count * size_of::<T>()).div_ceil(size_of::<__m512i>());
        Self { vectors: bytemuck::zeroed_vec(vectors), values: PhantomData }
    }
}

impl<T: bytemuck::Pod> Deref for Row<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&self.vectors)
    }
}

impl<T: bytemuck::Pod> DerefMut for Row<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.vectors)
    }
}
