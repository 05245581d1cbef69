//! Memory for pictures in between: ADM and VIF use the same by turns.

/// Words that so many samples take.
pub(super) const fn words<T>(samples: usize) -> usize {
    (samples * size_of::<T>()).div_ceil(size_of::<u32>())
}

/// Cuts room for samples off the front. What is in it is old.
pub(super) fn cut<'a, T: bytemuck::Pod>(canvas: &mut &'a mut [u32], samples: usize) -> &'a mut [T] {
    let (own, rest) = std::mem::take(canvas).split_at_mut(words::<T>(samples));
    *canvas = rest;
    &mut bytemuck::cast_slice_mut(own)[..samples]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_do_not_overlap() {
        let mut canvas = vec![0; words::<u16>(5) + words::<i32>(2)];
        let mut rest = &mut canvas[..];
        let first: &mut [u16] = cut(&mut rest, 5);
        let second: &mut [i32] = cut(&mut rest, 2);
        first.fill(7);
        second.fill(-1);
        assert_eq!((first, second, rest), (&mut [7; 5][..], &mut [-1; 2][..], &mut [][..]));
    }
}
