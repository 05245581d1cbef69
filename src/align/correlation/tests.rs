use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

const STEP: i64 = 20_000_000;

fn pair(random: &mut StdRng, difference: i64) -> Compared {
    Compared {
        difference,
        cross: random.random_range(-20.0..20.0),
        reference: random.random_range(0.0..20.0),
        distorted: random.random_range(0.0..20.0),
        distance: random.random_range(0.0..1.0),
    }
}

/// Successive frames of one side with a frame of the other, some lost, some out of the window.
fn stretch(random: &mut StdRng, rising: bool) -> Vec<Compared> {
    let direction = if rising { 1 } else { -1 };
    let first = random.random_range(-70..70);
    let kept = (0..40).filter(|_| random.random_bool(0.95)).collect::<Vec<_>>();
    let jitter = if random.random_bool(0.5) { STEP } else { STEP / 10 };
    let times = kept.iter().map(|k| (first + k) * direction * STEP);
    let times = times.map(|time| time + random.random_range(-jitter..jitter)).collect::<Vec<_>>();
    times.into_iter().map(|difference| pair(random, difference)).collect()
}

#[test]
fn pairs_may_be_added_together_or_one_by_one() {
    let seed = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let [mut together, mut apart] = [0; 2].map(|_| Correlation::new(STEP, 50 * STEP));
    for round in 0..300 {
        let pairs = stretch(&mut random, round % 2 == 0);
        together.add(pairs.iter().copied());
        pairs.iter().for_each(|pair| apart.add(std::iter::once(*pair)));
        let difference = random.random_range(-STEP..STEP);
        for correlation in [&mut together, &mut apart] {
            correlation.follow(difference, 0.2);
            if round == 200 {
                correlation.doubt();
            }
        }
        assert_eq!(format!("{together:?}"), format!("{apart:?}"), "seed {seed}, round {round}");
    }
}

#[test]
fn the_best_is_what_a_look_at_every_point_finds() {
    let seed = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..200 {
        let mut correlation = Correlation::new(STEP, random.random_range(1..30) * STEP);
        for rising in [true, false] {
            correlation.add(stretch(&mut random, rising).into_iter());
        }
        let start = random.random_range(0..correlation.len());
        let end = random.random_range(start..correlation.len() + 9);
        let (neighbours, pairs) = (random.random_range(0..4), random.random_range(0..3));
        let seen = (start..end.min(correlation.len())).filter(|i| correlation.pairs(*i) >= pairs);
        let scored: Vec<_> = seen.map(|i| (i, correlation.score(i, Memory::Fast))).collect();
        let expected = scored.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let expected = expected.map(|(index, score)| {
            let rivals = scored.iter().filter(|(other, _)| other.abs_diff(index) > neighbours);
            Peak { index, score, rival: rivals.map(|(_, score)| *score).fold(0.0, f32::max) }
        });
        let found = correlation.peak(Memory::Fast, start..end, neighbours, pairs);
        assert_eq!(found, expected, "seed {seed}");
        let all = (0..correlation.len()).filter(|index| correlation.pairs(*index) >= pairs.max(1));
        let least = all.filter_map(|index| correlation.distance(index)).fold(1.0, f32::min);
        assert_eq!(correlation.least_distance(pairs.max(1)), least, "seed {seed}");
    }
}
