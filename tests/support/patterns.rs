//! Test pictures made by formula: the patterns whose features libvmaf's scalar code has told us.

/// Luma of a reference and a distorted picture, `width * height` samples each.
pub struct Pair {
    pub reference: Vec<u16>,
    pub distorted: Vec<u16>,
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Coarse steps of grey.
    Quant,
    /// Three taps along the row.
    Blur,
    /// Uniform noise.
    Noise,
}

fn hash(x: u32, y: u32, t: u32, k: u32) -> u32 {
    let mut n = x
        .wrapping_mul(0x9E3779B1)
        .wrapping_add(y.wrapping_mul(0x85EBCA77))
        .wrapping_add(t.wrapping_mul(0xC2B2AE3D))
        .wrapping_add(k.wrapping_mul(0x27D4EB2F));
    n ^= n >> 15;
    n = n.wrapping_mul(0x2C1B3C6D);
    n ^= n >> 12;
    n = n.wrapping_mul(0x297A2D39);
    n ^ (n >> 15)
}

fn triangle(u: u32, p: u32) -> u32 {
    (u % (2 * p)).abs_diff(p)
}

/// Frame `t` of a pattern at `bits` per sample.
pub fn pair(kind: Kind, width: usize, height: usize, t: u32, bits: u32) -> Pair {
    let s = bits - 8;
    let top = (1u32 << bits) - 1;
    let mut reference = Vec::with_capacity(width * height);
    for y in 0..height as u32 {
        for x in 0..width as u32 {
            let n = hash(x, y, 0, 0);
            let texture = if ((x >> 4) + (y >> 4)) % 2 == 1 { n % 24 } else { 0 };
            let slope = 2 * triangle(x + y + (5 * t * t) % 7, 29);
            let base = 16 + 3 * triangle(x, 23) + 4 * triangle(y, 11) + slope + texture;
            reference.push((base << s) + ((n >> 20) & ((1 << s) - 1)));
        }
    }
    let distorted = match kind {
        Kind::Quant => {
            let q = 12 << s;
            reference.iter().map(|r| (r / q * q + q / 2).min(top)).collect()
        }
        Kind::Blur => reference.chunks(width).flat_map(blur_row).collect(),
        Kind::Noise => (0..reference.len())
            .map(|i| {
                let (x, y) = ((i % width) as u32, (i / width) as u32);
                let noise = (hash(x, y, t, 1) % 25) as i32 - 12;
                (reference[i] as i32 + (noise << s)).clamp(0, top as i32) as u32
            })
            .collect::<Vec<u32>>(),
    };
    let narrow = |v: Vec<u32>| v.into_iter().map(|s| s as u16).collect();
    Pair { reference: narrow(reference), distorted: narrow(distorted) }
}

fn blur_row(row: &[u32]) -> Vec<u32> {
    let at = |x: isize| row[x.clamp(0, row.len() as isize - 1) as usize];
    (0..row.len() as isize).map(|x| (at(x - 1) + 2 * at(x) + at(x + 1) + 2) >> 2).collect()
}
