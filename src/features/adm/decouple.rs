use super::level::Arithmetic;

/// cos² of 1 degree, single precision as libvmaf has it.
const SAME_DIRECTION: f64 = 0.9996954202651978;
/// Most a restored coefficient may exceed the reference's.
const GAIN_LIMIT: i64 = 100;

/// The part of distorted detail `t` that is detail of the reference `o`, for h, v and d.
#[inline(always)]
pub(super) fn restored_part<A: Arithmetic>(arithmetic: &A, o: [i32; 3], t: [i32; 3]) -> [i32; 3] {
    let aligned = is_aligned(arithmetic, [o[0], o[1]], [t[0], t[1]]);
    let mut parts = [0; 3];
    for band in 0..3 {
        let kept = arithmetic.restored(o[band], t[band]);
        parts[band] = if aligned { enhanced(kept, t[band]) } else { kept };
    }
    parts
}

/// Whether the detail has kept its direction; the diagonal band has no say.
#[inline(always)]
fn is_aligned<A: Arithmetic>(arithmetic: &A, o: [i32; 2], t: [i32; 2]) -> bool {
    let product = arithmetic.dot(o, t);
    let energies = SAME_DIRECTION * arithmetic.dot(o, o) * arithmetic.dot(t, t);
    product >= 0.0 && product * product >= energies
}

/// Stronger contrast in the same direction counts as restored too, up to a limit.
#[inline(always)]
fn enhanced(kept: i32, t: i32) -> i32 {
    let (limit, t) = (i64::from(kept) * GAIN_LIMIT, i64::from(t));
    let enhanced = match kept {
        0 => 0,
        1.. => limit.min(t),
        _ => limit.max(t),
    };
    enhanced as i32
}
