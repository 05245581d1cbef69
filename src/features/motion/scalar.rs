use super::{Plane, RADIUS, Sample, TAPS};
use crate::features::fixed::{reflect, round_shift};

/// Sum of absolute blurred differences of row `y`, Q8. `line` holds the width and both borders.
#[inline(always)]
pub(super) fn row<P: Sample>(pair: [Plane<P>; 2], y: usize, depth: u32, line: &mut [i32]) -> u64 {
    let [previous, current] = pair;
    let rows: [(&[P], &[P]); 5] = std::array::from_fn(|k| {
        let y = reflect((y + k) as isize - RADIUS as isize, previous.height);
        (previous.row(y), current.row(y))
    });
    let width = previous.width;
    vertical(rows, depth, &mut line[RADIUS..][..width]);
    for i in 1..=RADIUS {
        line[RADIUS - i] = line[RADIUS + i];
        line[RADIUS + width - 1 + i] = line[RADIUS + width - 1 - i];
    }
    horizontal(line, width)
}

#[inline(always)]
fn vertical<P: Sample>(rows: [(&[P], &[P]); 5], depth: u32, line: &mut [i32]) {
    let width = line.len();
    let rows = rows.map(|(p, c)| (&p[..width], &c[..width]));
    let difference = |k: usize, x: usize| -> i64 {
        let (p, c) = rows[k];
        (p[x].into() - c[x].into()).into()
    };
    for (x, out) in line.iter_mut().enumerate() {
        let sum = TAPS[0] * (difference(0, x) + difference(4, x))
            + TAPS[1] * (difference(1, x) + difference(3, x))
            + TAPS[2] * difference(2, x);
        *out = round_shift(sum, depth) as i32;
    }
}

#[inline(always)]
fn horizontal(line: &[i32], width: usize) -> u64 {
    let line = &line[..width + 2 * RADIUS];
    let at = |k: usize, x: usize| -> i64 { line[x + k].into() };
    (0..width)
        .map(|x| {
            let sum = TAPS[0] * (at(0, x) + at(4, x))
                + TAPS[1] * (at(1, x) + at(3, x))
                + TAPS[2] * at(2, x);
            round_shift(sum, 16).unsigned_abs()
        })
        .sum()
}
