//! 8-bit samples: products of two about mid-grey fit 15 bits.

use super::{Columns, Lines, PRODUCTS, Ring, WIDE};
use crate::features::filter::{filter_folds, folded};
use crate::features::vif::sample::Shifts;

const MID_GREY: i16 = 128;
/// What is missing from sums about mid-grey.
const MID_GREY_SUM: u32 = 128 << 16;
/// The same of products, apart from multiples of the samples' sums.
const PRODUCT_SUM: u32 = (127 * MID_GREY_SUM).wrapping_neg();

impl Columns for u8 {
    // u(v+1) stays below 2^14, which the product of two blacks would not
    #[inline(always)]
    fn prepare(pair: [&[u8; WIDE]; 2], [r, d, rr, dd, rd, ..]: [&mut [i16; WIDE]; 8]) {
        for x in 0..WIDE {
            let [u, v] = pair.map(|row| i16::from(row[x]) - MID_GREY);
            (r[x], d[x]) = (u, v);
            (rr[x], dd[x], rd[x]) = (u * (u + 1), v * (v + 1), u * (v + 1));
        }
    }

    #[inline(always)]
    fn filter_samples<const T: usize, const N: usize>(rows: [&[u8; N]; T], out: &mut [u32; N]) {
        // first of all, whole vectors of them
        let mut folds = [[0; N]; T];
        for k in 0..T / 2 {
            for x in 0..N {
                folds[k][x] = i16::from(rows[k][x]) + i16::from(rows[T - 1 - k][x]);
            }
        }
        let centre = |x: usize| i16::from(rows[T / 2][x]);
        filter_folds::<T, N>(|k, x| if k == T / 2 { centre(x) } else { folds[k][x] }, 0, out);
    }

    #[inline(always)]
    fn vertical<const T: usize>(ring: &Ring, first: usize, shifts: Shifts, lines: &mut Lines) {
        let mut sums = [[0; WIDE]; 2];
        for (p, sums) in sums.iter_mut().enumerate() {
            let rows = ring.window::<T>(p, first);
            folded::<T, WIDE>(|k, x| rows[k][x], MID_GREY_SUM, sums);
            lines.set_mean(p, sums, shifts.mean);
        }
        for (q, factors) in PRODUCTS.into_iter().enumerate() {
            let mut products = [0; WIDE];
            let rows = ring.window::<T>(2 + q, first);
            folded::<T, WIDE>(|k, x| rows[k][x], PRODUCT_SUM, &mut products);
            let [a, b] = factors.map(|p| &sums[p]);
            for x in 0..WIDE {
                // of samples a = u + 128 and b = v + 128: ab = u(v+1) + 127a + 128b - 127·128
                let rest = (a[x].wrapping_add(b[x]) << 7).wrapping_sub(a[x]);
                products[x] = products[x].wrapping_add(rest);
            }
            lines.set_product(q, &products);
        }
    }
}
