//! Exact sums under a window, from nothing but products of 16-bit numbers.
//!
//! Those are what every processor multiplies fastest, and compilers find them: two products and
//! their sum are one instruction (`pmaddwd` on x86-64). Larger numbers are filtered in two halves.

use super::vif::{TAPS_0, TAPS_1, TAPS_2, TAPS_3};

/// Unsigned numbers are kept less this, so that they fit signed words.
const MIDDLE: u16 = 1 << 15;
/// What that takes off a sum: taps add up to 2^16.
pub(super) const MIDDLE_SUM: u32 = (MIDDLE as u32) << 16;

/// A word as filters want it.
#[inline(always)]
pub(super) fn centred(v: u16) -> i16 {
    (v ^ MIDDLE) as i16
}

/// Both halves of a number as filters want them: the high one first.
#[inline(always)]
pub(super) fn halves(v: u32) -> [i16; 2] {
    let both = (v ^ (MIDDLE_SUM | u32::from(MIDDLE))) as i32;
    [(both >> 16) as i16, both as i16]
}

/// The sum of halves that were filtered apart, shifted by up to 16 bits and rounded.
#[inline(always)]
pub(super) fn joined(high: u32, low: u32, shift: u32) -> u32 {
    (high << (16 - shift)).wrapping_add((low + ((1 << shift) >> 1)) >> shift)
}

/// Sums of words weighted by the window of `T` taps, and `added`; `word` gives that under tap k of
/// sum x.
#[inline(always)]
pub(super) fn filter<const T: usize, const N: usize>(
    word: impl Fn(usize, usize) -> i16,
    added: u32,
    out: &mut [u32; N],
) {
    let taps = const { words::<T>() };
    for x in 0..N {
        let mut sum = 0u32;
        for k in (0..T - 1).step_by(2) {
            let both = [word(k, x), word(k + 1, x)];
            sum = sum.wrapping_add(pair(both, [taps[k], taps[k + 1]]));
        }
        sum = sum.wrapping_add(pair([word(T - 1, x), 0], [taps[T - 1], 0]));
        out[x] = finished::<T>(sum, T.div_ceil(2)).wrapping_add(added);
    }
}

/// [`filter`] of words from -2^14 to below 2^14: two of them still fit 16 bits, so that those of
/// equal weight are added up first. Not for the smallest window.
#[inline(always)]
pub(super) fn folded<const T: usize, const N: usize>(
    word: impl Fn(usize, usize) -> i16,
    added: u32,
    out: &mut [u32; N],
) {
    let fold = |k: usize, x: usize| {
        let mirrored = if k < T / 2 { word(T - 1 - k, x) } else { 0 };
        word(k, x).wrapping_add(mirrored)
    };
    filter_folds::<T, N>(fold, added, out);
}

/// [`folded`], where words have been added up: `fold` gives those under tap k and its mirror, or
/// the one in the centre.
#[inline(always)]
pub(super) fn filter_folds<const T: usize, const N: usize>(
    fold: impl Fn(usize, usize) -> i16,
    added: u32,
    out: &mut [u32; N],
) {
    const { assert!(T % 4 == 1, "half a window is made of pairs") };
    let taps = const { words::<T>() };
    for x in 0..N {
        let mut sum = 0u32;
        for k in (0..T / 2).step_by(2) {
            sum = sum.wrapping_add(pair([fold(k, x), fold(k + 1, x)], [taps[k], taps[k + 1]]));
        }
        sum = sum.wrapping_add(pair([fold(T / 2, x), 0], [taps[T / 2], 0]));
        out[x] = finished::<T>(sum, T / 4 + 1).wrapping_add(added);
    }
}

/// [`filter`] of rows of [`centred`] words, as if they were not.
#[inline(always)]
pub(super) fn filter_rows<const T: usize, const N: usize>(
    rows: [&[i16; N]; T],
    out: &mut [u32; N],
) {
    filter::<T, N>(|k, x| rows[k][x], MIDDLE_SUM, out);
}

/// Copies of a line that [`filter_columns`] reads in turns: of a single one compilers carry words
/// over from one sum to the next, one at a time.
pub(super) const COPIES: usize = 3;

/// [`filter_rows`] of neighbours in a line, for every second column from `first`: pairs of words
/// then follow each other in memory.
#[inline(always)]
pub(super) fn filter_columns<const T: usize, const N: usize>(
    copies: [&[i16]; COPIES],
    first: usize,
    out: &mut [u32; N],
) {
    let taps = const { pairs_of_words::<T>() };
    let line = |i: usize| {
        let from = first + first_of_pair::<T>(i);
        block(copies[i % COPIES][from..].as_chunks().0, 0)
    };
    let mut lines: [&[[i16; 2]; N]; T] = [line(0); T];
    for i in 1..T / 2 + 1 {
        lines[i] = line(i);
    }
    for x in 0..N {
        let mut sum = 0u32;
        for i in 0..T / 2 + 1 {
            // the order in which compilers find them paired
            let [word, after] = &lines[i][x];
            let [tap, tap_after] = taps[i];
            sum = sum.wrapping_add(pair([*after, *word], [tap_after, tap]));
        }
        out[x] = finished::<T>(sum, T.div_ceil(2)).wrapping_add(MIDDLE_SUM);
    }
}

/// Part of a line, of a length that compilers know.
#[inline(always)]
pub(super) fn block<S, const N: usize>(line: &[S], x: usize) -> &[S; N] {
    line[x..].first_chunk().expect("within the line")
}

/// Even and odd columns of a line. Whole lines: of short ones compilers move word by word.
#[inline(always)]
pub(super) fn part_columns<S: Copy>(line: &[S], even: &mut [S], odd: &mut [S]) {
    for ((pair, even), odd) in line.chunks_exact(2).zip(even.iter_mut()).zip(odd) {
        (*even, *odd) = (pair[0], pair[1]);
    }
    if let [last] = line.chunks_exact(2).remainder() {
        even[line.len() / 2] = *last;
    }
}

/// The highest bit.
const MARK: u32 = 1 << 31;

/// Two products, added up and marked: compilers would sort the products of an unmarked sum as
/// they like and no longer see the pairs.
#[inline(always)]
pub(super) fn pair(numbers: [i16; 2], taps: [i16; 2]) -> u32 {
    let [a, b] = numbers.map(i32::from);
    let [s, t] = taps.map(i32::from);
    (a * s).wrapping_add(b * t) as u32 ^ MARK
}

/// Takes `pairs` marks off a sum.
#[inline(always)]
fn finished<const T: usize>(sum: u32, pairs: usize) -> u32 {
    sum.wrapping_sub(MARK.wrapping_mul(pairs as u32)) << halved::<T>()
}

/// One centre tap is too large for signed words: all taps of its window are halved.
const fn halved<const T: usize>() -> u32 {
    (T == TAPS_3.len()) as u32
}

/// The taps of a window by its size.
const fn words<const T: usize>() -> [i16; T] {
    let taps: &[u32] = match T {
        17 => &TAPS_0,
        9 => &TAPS_1,
        5 => &TAPS_2,
        3 => &TAPS_3,
        _ => panic!("no such window"),
    };
    let mut words = [0; T];
    let mut k = 0;
    while k < T {
        words[k] = (taps[k] >> halved::<T>()) as i16;
        k += 1;
    }
    words
}

/// Where a pair of words starts under a window.
const fn first_of_pair<const T: usize>(pair: usize) -> usize {
    if pair < T / 2 { 2 * pair } else { T - 2 }
}

/// The taps of pairs that cover a window, the last overlapping the one before: every word is used,
/// with its tap or a part of it, and compilers load pairs whole.
const fn pairs_of_words<const T: usize>() -> [[i16; 2]; T] {
    let taps = words::<T>();
    let mut pairs = [[0; 2]; T];
    let mut i = 0;
    while i <= T / 2 {
        let first = first_of_pair::<T>(i);
        pairs[i] = [taps[first], taps[first + 1]];
        i += 1;
    }
    let shared = taps[T - 2] / 2;
    pairs[T / 2 - 1][1] = shared;
    pairs[T / 2][0] -= shared;
    pairs
}

#[cfg(test)]
mod tests {
    use std::array::from_fn;

    use super::*;

    const N: usize = 40;

    /// Noise, darkest and brightest.
    fn words(count: usize) -> Vec<u16> {
        let noise = (0..count as u32).map(|i| (i * i).wrapping_mul(40503) >> 3);
        noise.map(|v| [v as u16, 0, u16::MAX][v as usize / 65536 % 3]).collect()
    }

    fn compare<const T: usize>(taps: &[u32; T]) {
        let line = words(N + T);
        let expected: [u32; N] =
            from_fn(|x| (0..T).map(|k| taps[k] * u32::from(line[x + k])).sum());
        let mut found = [0; N];

        let kept: Vec<i16> = line.iter().map(|&v| centred(v)).collect();
        filter_rows::<T, N>(from_fn(|k| block(&kept, k)), &mut found);
        assert_eq!(found, expected, "{T} taps");

        for first in [0, 1] {
            let mut found = [0; N / 2];
            filter_columns::<T, { N / 2 }>([&kept; COPIES], first, &mut found);
            let expected: Vec<u32> = expected[first..].iter().copied().step_by(2).collect();
            assert_eq!(found[..], expected, "{T} taps along a line");
        }
    }

    fn compare_folded<const T: usize>() {
        let line: Vec<i16> = words(N + T).iter().map(|&v| centred(v) >> 1).collect();
        let (mut plain, mut found) = ([0; N], [0; N]);
        filter::<T, N>(|k, x| line[x + k], 7, &mut plain);
        folded::<T, N>(|k, x| line[x + k], 7, &mut found);
        assert_eq!(found, plain, "{T} taps folded");
    }

    #[test]
    fn sums_are_exact() {
        compare(&TAPS_0);
        compare(&TAPS_1);
        compare(&TAPS_2);
        compare(&TAPS_3);
        compare_folded::<17>();
        compare_folded::<9>();
        compare_folded::<5>();
    }

    #[test]
    fn halves_filter_like_the_whole() {
        let numbers = [0, 1, 65535, 65536, 0x8000_8000, u32::MAX, 0x1234_5678];
        for v in numbers {
            let [high, low] = halves(v).map(|half| u32::from(half as u16 ^ MIDDLE));
            assert_eq!(high << 16 | low, v);
            let whole = u64::from(v) * 65535;
            let rounded = ((whole + (1 << 15)) >> 16) as u32;
            assert_eq!(joined(high * 65535, low * 65535, 16), rounded);
        }
    }
}
