//! The later levels' wavelet, for vectors of any width.
//!
//! Numbers of 32 bits are taken apart, v = 65536 high + low with both of 16 bits and a sign:
//! then sums of four products are sums of dot products of words, and fit 32 bits. What is rounded
//! away is a part of the low words' sum alone.

/// `transform` with vectors of `$lanes`. A macro, because instruction sets cannot be parameters.
macro_rules! wavelet {
    ($features:literal, $lanes:ident) => {
        use std::ops::Range;

        use crate::features::adm::later;
        use crate::features::adm::level::Arithmetic;
        use crate::features::adm::pool::Window;
        use crate::features::adm::wavelet::{HIGH, LOW, Sample, rows_under};
        use crate::features::adm::x86::blocks::{Blocks, column, detailed_columns, is_under};
        use crate::features::adm::x86::later::{Buffers, Line};
        use crate::features::adm::x86::$lanes::*;
        use crate::features::lanes::{each, prefetch};
        use crate::features::plane::Plane;

        /// Columns filtered vertically together.
        const BLOCK: usize = 2 * LANES;

        #[target_feature(enable = $features)]
        pub(super) fn transform<P: Sample>(
            level: &later::Later,
            buffers: &mut Buffers,
            pair: [Plane<P>; 2],
            y: usize,
            detail: Option<&Window>,
            mut low: Option<&mut [i32]>,
        ) {
            for p in 0..2 {
                let width = pair[p].width.div_ceil(2);
                let columns = detailed_columns(detail, width);
                let [_, _, next @ ..] = rows_under(pair[p], y + 1);
                vertical(level, rows_under(pair[p], y), next, &mut buffers.lines, &columns);
                let low = low.as_mut().map(|low| &mut low[p * width..][..width]);
                if level.horizontal_shift == 15 {
                    horizontal::<15>(buffers, p, width, &columns, low);
                } else {
                    horizontal::<16>(buffers, p, width, &columns, low);
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn vertical<P: Sample>(
            level: &later::Later,
            rows: [&[P]; 4],
            next: [&[P]; 2],
            lines: &mut [Line; 2],
            detail: &Range<usize>,
        ) {
            let width = rows[0].len();
            let rows = each!([0, 1, 2, 3], k => &rows[k][..width]);
            let next = each!([0, 1], k => &next[k][..width]);
            let blocks = Blocks::new(width, 1, BLOCK, 2);
            for i in 0..blocks.count {
                let x = blocks.start(i);
                for line in (0..BLOCK * size_of::<P>()).step_by(64) {
                    prefetch(next[0], x + line / size_of::<P>());
                    prefetch(next[1], x + line / size_of::<P>());
                }
                let detail = is_under(detail, x..x + BLOCK);
                if size_of::<P>() == 2 {
                    debug_assert_eq!(level.vertical_shift, 0);
                    block_of_words(rows, x, lines, detail);
                } else {
                    debug_assert_eq!(level.vertical_shift, 16);
                    block_of_numbers(rows, x, lines, detail);
                }
            }
            for place in blocks.places_left(2 * width.div_ceil(2) + 2) {
                let samples = each!([0, 1, 2, 3], k => rows[k][column(place, width)].into());
                for (line, taps) in lines.iter_mut().zip([LOW, HIGH]) {
                    let v = level.vertical(samples, taps);
                    line.high[place / 2][place % 2] = ((v + (1 << 15)) >> 16) as i16;
                    line.low[place / 2][place % 2] = v as i16;
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn filtered(upper: Vector, lower: Vector, taps: [i32; 4], start: Vector) -> Vector {
            let sum = dot(start, upper, of_words(taps[0], taps[1]));
            dot(sum, lower, of_words(taps[2], taps[3]))
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn block_of_words<P: Sample>(
            rows: [&[P]; 4],
            x: usize,
            lines: &mut [Line; 2],
            detail: bool,
        ) {
            let [r0, r1, r2, r3] = each!([0, 1, 2, 3], k => load(rows[k], x));
            let [above, below] =
                each!([(r0, r1), (r2, r3)], (a, b) => [lower_words(a, b), upper_words(a, b)]);
            for (line, taps) in lines.iter_mut().zip([LOW, HIGH]).take(1 + usize::from(detail)) {
                let columns = each!([0, 1], k => filtered(above[k], below[k], taps, of_numbers(0)));
                store_pairs(columns, line, x);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn block_of_numbers<P: Sample>(
            rows: [&[P]; 4],
            x: usize,
            lines: &mut [Line; 2],
            detail: bool,
        ) {
            let halves = each!([x, x + LANES], start => {
                let [r0, r1, r2, r3] = each!([0, 1, 2, 3], k => load(rows[k], start));
                [split(r0, r1), split(r2, r3)]
            });
            for (line, taps) in lines.iter_mut().zip([LOW, HIGH]).take(1 + usize::from(detail)) {
                let columns = each!([0, 1], i => rounded::<16>(halves[i], taps));
                store_pairs(apart(columns), line, x);
            }
        }

        /// High and low words of two numbers, side by side.
        #[inline]
        #[target_feature(enable = $features)]
        fn split(a: Vector, b: Vector) -> [Vector; 2] {
            let half = of_numbers(1 << 15);
            [upper_words(add(a, half), add(b, half)), lower_words(a, b)]
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn store_pairs([even, odd]: [Vector; 2], line: &mut Line, x: usize) {
            let [high, low] = split(even, odd);
            store(high, &mut line.high, x.div_ceil(2));
            store(low, &mut line.low, x.div_ceil(2));
        }

        /// The sum of four products, rounded and shifted by 15 or 16.
        #[inline]
        #[target_feature(enable = $features)]
        fn rounded<const SHIFT: u32>([upper, lower]: [[Vector; 2]; 2], taps: [i32; 4]) -> Vector {
            let high = filtered(upper[0], lower[0], taps, of_numbers(0));
            let low = filtered(upper[1], lower[1], taps, of_numbers(1 << (SHIFT - 1)));
            if SHIFT == 15 {
                add(add(high, high), shift_right::<15>(low))
            } else {
                add(high, shift_right::<16>(low))
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn horizontal<const SHIFT: u32>(
            buffers: &mut Buffers,
            p: usize,
            width: usize,
            detail: &Range<usize>,
            mut low: Option<&mut [i32]>,
        ) {
            // equal lengths, told to the compiler
            let whole = width.next_multiple_of(LANES);
            let [h, v, d] = &mut buffers.details[p];
            let (h, v, d) = (&mut h[..whole], &mut v[..whole], &mut d[..whole]);
            let lines = each!([0, 1], i => {
                let Line { high, low } = &buffers.lines[i];
                (&high[..=whole], &low[..=whole])
            });
            for x in (0..whole).step_by(LANES) {
                // first and second halves of windows
                let [low_pass, high_pass] = each!([lines[0], lines[1]], (high, low) => {
                    each!([x, x + 1], start => [load(high, start), load(low, start)])
                });
                if let Some(low) = &mut low {
                    store_within(rounded::<SHIFT>(low_pass, LOW), low, x);
                }
                if detail.start < x + LANES && x < detail.end {
                    store(rounded::<SHIFT>(low_pass, HIGH), v, x);
                    store(rounded::<SHIFT>(high_pass, LOW), h, x);
                    store(rounded::<SHIFT>(high_pass, HIGH), d, x);
                }
            }
        }
    };
}
pub(super) use wavelet;
