//! The first level's wavelet, for vectors of any width.

/// `transform` with vectors of `$lanes`. A macro, because instruction sets cannot be parameters.
macro_rules! wavelet {
    ($features:literal, $lanes:ident) => {
        use std::ops::Range;

        use crate::features::adm::first;
        use crate::features::adm::level::Arithmetic;
        use crate::features::adm::pool::Window;
        use crate::features::adm::wavelet::{HIGH, LOW, Sample, rows_under};
        use crate::features::adm::x86::blocks::{Blocks, column, detailed_columns, is_under};
        use crate::features::adm::x86::first::{Buffers, Line};
        use crate::features::adm::x86::$lanes::*;
        use crate::features::lanes::{each, prefetch};
        use crate::features::plane::Plane;

        /// Columns filtered vertically together.
        const BLOCK: usize = 4 * LANES;

        #[target_feature(enable = $features)]
        pub(super) fn transform<P: Sample>(
            level: &first::First,
            buffers: &mut Buffers,
            pair: [Plane<P>; 2],
            y: usize,
            detail: Option<&Window>,
            mut low: Option<&mut [i16]>,
        ) {
            let Buffers { lines, details, .. } = buffers;
            for p in 0..2 {
                let width = pair[p].width.div_ceil(2);
                let [_, _, next @ ..] = rows_under(pair[p], y + 1);
                let columns = detailed_columns(detail, width);
                vertical(level, rows_under(pair[p], y), next, lines, &columns);
                // equal lengths, told to the compiler
                let whole = width.next_multiple_of(2 * LANES);
                let [h, v, d] = &mut details[p];
                let (h, v, d) = (&mut h[..whole], &mut v[..whole], &mut d[..whole]);
                let lines = each!([0, 1], i => each!([0, 1], k => &lines[i][k][..=whole / 2]));
                let mut low = low.as_mut().map(|low| &mut low[p * width..][..width]);
                for x in (0..whole).step_by(2 * LANES) {
                    let line = around(lines[0], x);
                    if let Some(low) = &mut low {
                        store_within(horizontal(line, LOW), low, x);
                    }
                    if columns.start < x + 2 * LANES && x < columns.end {
                        store(horizontal(line, HIGH), v, x);
                        let line = around(lines[1], x);
                        store(horizontal(line, LOW), h, x);
                        store(horizontal(line, HIGH), d, x);
                    }
                }
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn vertical<P: Sample>(
            level: &first::First,
            rows: [&[P]; 4],
            next: [&[P]; 2],
            lines: &mut [Line; 2],
            detail: &Range<usize>,
        ) {
            let width = rows[0].len();
            let rows = each!([0, 1, 2, 3], k => &rows[k][..width]);
            let next = each!([0, 1], k => &next[k][..width]);
            let blocks = Blocks::new(width, 3, BLOCK, 4);
            for i in 0..blocks.count {
                let x = blocks.start(i);
                for line in (0..BLOCK * size_of::<P>()).step_by(64) {
                    prefetch(next[0], x + line / size_of::<P>());
                    prefetch(next[1], x + line / size_of::<P>());
                }
                let at = (x + 1) / 4;
                let detail = is_under(detail, x..x + BLOCK);
                if size_of::<P>() == 1 {
                    block_of_bytes(rows, x, lines, at, detail);
                } else {
                    block_of_words(rows, x, level.depth, lines, at, detail);
                }
            }
            for place in blocks.places_left(2 * width.div_ceil(2) + 2) {
                let samples = each!([0, 1, 2, 3], k => rows[k][column(place, width)].into());
                for (line, taps) in lines.iter_mut().zip([LOW, HIGH]) {
                    let (pair, half) = (place / 2, place % 2);
                    line[pair % 2][pair / 2][half] = level.vertical(samples, taps) as i16;
                }
            }
        }

        /// Rows in pairs, words side by side, under the taps.
        #[inline]
        #[target_feature(enable = $features)]
        fn filtered(upper: Vector, lower: Vector, taps: [i32; 4], half: Vector) -> Vector {
            let sum = dot(half, upper, of_words(taps[0], taps[1]));
            dot(sum, lower, of_words(taps[2], taps[3]))
        }

        /// Bytes become the upper halves of words: shifts are by 16 then, which leaves the upper
        /// words of sums.
        #[inline]
        #[target_feature(enable = $features)]
        fn block_of_bytes<P: Sample>(
            rows: [&[P]; 4],
            x: usize,
            lines: &mut [Line; 2],
            at: usize,
            detail: bool,
        ) {
            let (middle, upper) = (of_numbers(0x8080_8080u32 as i32), of_words(0xff00, 0xff00));
            let half = of_numbers(1 << 15);
            let [r0, r1, r2, r3] = each!([0, 1, 2, 3], k => xor(load(rows[k], x), middle));
            // every fourth column
            let [above, below] = each!([(r0, r1), (r2, r3)], (a, b) => {
                let (even, odd) = (lower_words(a, b), upper_words(a, b));
                [
                    shift_words_left::<8>(even),
                    and(even, upper),
                    shift_words_left::<8>(odd),
                    and(odd, upper),
                ]
            });
            for (line, taps) in lines.iter_mut().zip([LOW, HIGH]).take(1 + usize::from(detail)) {
                let [a, b, c, d] =
                    each!([0, 1, 2, 3], k => filtered(above[k], below[k], taps, half));
                store(upper_words(a, b), &mut line[0], at);
                store(upper_words(c, d), &mut line[1], at);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn block_of_words<P: Sample>(
            rows: [&[P]; 4],
            x: usize,
            depth: u32,
            lines: &mut [Line; 2],
            at: usize,
            detail: bool,
        ) {
            let grey = 1 << (depth - 1);
            let (middle, half) = (of_words(grey, grey), of_numbers(grey));
            // of either half of the block, every second column
            let halves = each!([x, x + 2 * LANES], start => {
                let [r0, r1, r2, r3] =
                    each!([0, 1, 2, 3], k => sub_words(load(rows[k], start), middle));
                each!([(r0, r1), (r2, r3)], (a, b) => [lower_words(a, b), upper_words(a, b)])
            });
            for (line, taps) in lines.iter_mut().zip([LOW, HIGH]).take(1 + usize::from(detail)) {
                let pairs = each!([0, 1], i => {
                    let [above, below] = halves[i];
                    let [a, b] = each!([0, 1], k => filtered(above[k], below[k], taps, half));
                    lower_and_upper(shift_right_by(a, depth), shift_left_by(b, 16 - depth))
                });
                let [even, odd] = apart(pairs);
                store(even, &mut line[0], at);
                store(odd, &mut line[1], at);
            }
        }

        /// Pairs of columns under the outputs from `x` on: the first and second half of windows of
        /// even outputs, and the second of odd ones.
        #[inline]
        #[target_feature(enable = $features)]
        fn around([even, odd]: [&[[i16; 2]]; 2], x: usize) -> [Vector; 3] {
            [load(even, x / 2), load(odd, x / 2), load(even, x / 2 + 1)]
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn horizontal([a, b, c]: [Vector; 3], taps: [i32; 4]) -> Vector {
            let half = of_numbers(1 << 15);
            upper_words(filtered(a, b, taps, half), filtered(b, c, taps, half))
        }
    };
}
pub(super) use wavelet;
