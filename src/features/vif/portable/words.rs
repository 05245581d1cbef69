//! Deeper samples: products have 32 bits and are filtered in two halves.

use super::{Columns, Lines, PRODUCTS, Ring, WIDE};
use crate::features::filter::{MIDDLE_SUM, centred, filter, filter_rows, joined};
use crate::features::vif::sample::Shifts;

impl Columns for u16 {
    #[inline(always)]
    fn prepare(pair: [&[u16; WIDE]; 2], [r, d, products @ ..]: [&mut [i16; WIDE]; 8]) {
        for (row, out) in pair.into_iter().zip([r, d]) {
            for x in 0..WIDE {
                out[x] = centred(row[x]);
            }
        }
        let [rr, rr_low, dd, dd_low, rd, rd_low] = products;
        let outs = [[rr, rr_low], [dd, dd_low], [rd, rd_low]];
        for (factors, [high, low]) in PRODUCTS.into_iter().zip(outs) {
            let [a, b] = factors.map(|p| pair[p]);
            for x in 0..WIDE {
                let product = u32::from(a[x]) * u32::from(b[x]);
                high[x] = centred((product >> 16) as u16);
                low[x] = centred(product as u16);
            }
        }
    }

    #[inline(always)]
    fn filter_samples<const T: usize, const N: usize>(rows: [&[u16; N]; T], out: &mut [u32; N]) {
        filter::<T, N>(|k, x| centred(rows[k][x]), MIDDLE_SUM, out);
    }

    #[inline(always)]
    fn vertical<const T: usize>(ring: &Ring, first: usize, shifts: Shifts, lines: &mut Lines) {
        let mut sums = [[0; WIDE]; 2];
        for p in 0..2 {
            filter_rows::<T, WIDE>(ring.window(p, first), &mut sums[0]);
            lines.set_mean(p, &sums[0], shifts.mean);
        }
        for q in 0..PRODUCTS.len() {
            for (half, sums) in sums.iter_mut().enumerate() {
                filter_rows::<T, WIDE>(ring.window(2 + 2 * q + half, first), sums);
            }
            let [high, low] = &mut sums;
            for x in 0..WIDE {
                high[x] = joined(high[x], low[x], shifts.product);
            }
            lines.set_product(q, high);
        }
    }
}
