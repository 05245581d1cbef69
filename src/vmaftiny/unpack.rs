//! Luma of one row, out of formats that store it between chroma.

/// The bytes `first`, `first + 2`… of a row.
pub(super) fn every_second(row: &[u8], first: usize, width: usize, out: &mut Vec<u8>) {
    out.extend(row.iter().skip(first).step_by(2).take(width));
}

/// Luma of a v210 row: 10-bit samples.
pub(super) fn v210(row: &[u8], width: usize, out: &mut Vec<u16>) {
    let end = out.len() + width;
    for group in row.chunks_exact(16).take(width.div_ceil(6)) {
        let word =
            |i: usize| u32::from_le_bytes([group[i], group[i + 1], group[i + 2], group[i + 3]]);
        let [a, b, c, d] = [word(0), word(4), word(8), word(12)];
        out.extend([a >> 10, b, b >> 20, c >> 10, d, d >> 20].map(|v| (v & 0x3ff) as u16));
    }
    out.truncate(end);
}
