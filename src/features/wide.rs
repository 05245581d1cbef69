//! Small things several AVX-512 kernels need.

use std::arch::x86_64::*;

use super::lanes::whole;

/// Thirty-two samples of a row as words; fewer at its end.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn words<P: bytemuck::Pod>(row: &[P], x: usize) -> __m512i {
    match row.get(x..x + 32) {
        Some(samples) => widened(whole(samples)),
        None => last_samples(&row[x.min(row.len())..]),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn widened<P: bytemuck::Pod>(samples: &[P; 32]) -> __m512i {
    let bytes: &[u8] = bytemuck::cast_slice(samples);
    if size_of::<P>() == 1 {
        let bytes: [u8; 32] = *whole(bytes);
        _mm512_cvtepu8_epi16(bytemuck::cast(bytes))
    } else {
        let bytes: [u8; 64] = *whole(bytes);
        bytemuck::cast(bytes)
    }
}

#[cold]
#[target_feature(enable = "avx512f,avx512bw")]
fn last_samples<P: bytemuck::Pod>(samples: &[P]) -> __m512i {
    let mut padded = [P::zeroed(); 32];
    padded[..samples.len()].copy_from_slice(samples);
    widened(&padded)
}

/// Dot products of two words that add up in one instruction. LLVM takes that apart into two, to
/// shorten chains of sums, unless it cannot know that no lane is masked.
#[derive(Clone, Copy)]
pub(super) struct Dots(__mmask16);

impl Dots {
    pub(super) fn new() -> Self {
        Self(std::hint::black_box(__mmask16::MAX))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn add(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        _mm512_maskz_dpwssd_epi32(self.0, sum, a, b)
    }
}
