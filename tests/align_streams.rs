//! Alignment of synthetic streams whose truth is known.

#[path = "support/scene.rs"]
mod scene;
#[path = "support/timeline.rs"]
mod timeline;

use gstvmaftiny::align::pairing::Side;
use gstvmaftiny::align::{Aligner, Config, Event, Fingerprint, HintSource, State};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use scene::{Look, Scene, shade};
use timeline::{Incident, Outcome, Timeline, follow};

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;
const FRAME: i64 = 40 * MS;

/// Pushes frames of both sides in the order of their times; calls back after each.
fn push_all(
    aligner: &mut Aligner,
    mut frames: Vec<(i64, Side, Fingerprint)>,
    mut after: impl FnMut(&mut Aligner, i64),
) -> Vec<Event> {
    frames.sort_by_key(|(time, ..)| *time);
    let mut events = Vec::new();
    for (time, side, print) in frames {
        aligner.push(side, time, &print);
        while let Some(event) = aligner.next_event() {
            events.push(event);
        }
        after(aligner, time);
    }
    events
}

/// Frames at the given times, showing a scene as it was `delay` earlier.
fn stream(
    scene: &Scene,
    side: Side,
    times: impl IntoIterator<Item = i64>,
    delay: i64,
) -> Vec<(i64, Side, Fingerprint)> {
    let mut look = Look::untouched();
    let print = |time: i64, look: &mut Look| scene.print((time - delay) as f64 / 1e9, look);
    times.into_iter().map(|time| (time, side, print(time, &mut look))).collect()
}

fn every(interval: i64, count: i64, first: i64) -> impl Iterator<Item = i64> {
    (0..count).map(move |i| first + i * interval)
}

fn run(seed: u64, timeline: &Timeline, look: &Look) -> (Outcome, Vec<Event>) {
    run_at(seed, timeline, look, |index| timeline.reference[index] as f64 / 1e9)
}

/// `seconds`: the moment of the scene that a reference frame shows.
fn run_at(
    seed: u64,
    timeline: &Timeline,
    look: &Look,
    seconds: impl Fn(usize) -> f64,
) -> (Outcome, Vec<Event>) {
    let scene = Scene::new(seed);
    let reference: Vec<_> = (0..timeline.reference.len())
        .map(|index| scene.print(seconds(index), &mut Look::untouched()))
        .collect();
    let mut look = look.clone();
    let distorted: Vec<_> =
        (0..reference.len()).map(|index| scene.print(seconds(index), &mut look)).collect();
    let mut events = Vec::new();
    let note = |_, event| events.push(event);
    let outcome = follow(Config::default(), timeline, &reference, |i| distorted[i], note);
    (outcome, events)
}

#[test]
fn any_change_of_brightness_is_ignored() {
    let untouched = Look::untouched;
    let looks = [
        Look { gain: 0.7, lift: 20.0, ..untouched() },
        Look { gain: 0.2, lift: 100.0, ..untouched() },
        Look { flicker: 25.0, ..untouched() },
        Look { gain: 1.2, lift: -15.0, ..untouched() },
        Look { gamma: 0.8, ..untouched() },
        Look { gamma: 1.3, blur: true, ..untouched() },
        Look { blur: true, noise: 3.0, gain: 0.85, ..untouched() },
    ];
    for (seed, look) in looks.iter().enumerate() {
        let timeline = Timeline::new(150, FRAME, 700 * MS, &[]);
        let (outcome, _) = run(seed as u64, &timeline, look);
        assert!(outcome.lock.is_some_and(|frames| frames <= 10), "{look:?} {outcome:?}");
        assert_eq!(outcome.wrong, 0, "{look:?} {outcome:?}");
        assert!(outcome.percent(outcome.exact_confident) > 80.0, "{look:?} {outcome:?}");
    }
}

/// A lost packet spoils a second of pictures, a new scene codes worse: neither moves the offset.
#[test]
fn pictures_that_become_worse_are_told_from_a_wrong_offset() {
    const AT: usize = 200;
    for (seed, delay) in (0..6).flat_map(|seed| [(seed, 600 * MS), (seed, 0), (seed, -120 * MS)]) {
        let scene = Scene::new(seed);
        let mut looks = [Look::untouched(), Look { noise: 8.0, ..Look::untouched() }];
        let times: Vec<i64> = every(FRAME, 300, 2 * SECOND).collect();
        let reference = stream(&scene, Side::Reference, times.iter().copied(), 0);
        let distorted = times.iter().enumerate().map(|(i, &time)| {
            let print = scene.print(time as f64 / 1e9, &mut looks[usize::from(i >= AT)]);
            (time + delay, Side::Distorted, print)
        });
        let mut aligner = Aligner::new(Config::default());
        let mut sure = Vec::new();
        push_all(
            &mut aligner,
            reference.into_iter().chain(distorted).collect(),
            |aligner, time| {
                if time > times[AT] + delay.abs() && time < times[299] - delay.abs() {
                    sure.push(aligner.confidence() >= 0.6);
                }
            },
        );
        // till the frames that follow a partner have come
        let worst = sure.iter().skip(24).filter(|sure| !**sure).count();
        assert!(worst * 20 <= sure.len(), "scene {seed}, {delay}: {worst} of {}", sure.len());
    }
}

#[test]
fn a_freeze_that_skips_keeps_the_offset_and_is_told() {
    let timeline = Timeline::new(300, FRAME, 240 * MS, &[(150, Incident::Freeze, 12)]);
    let (outcome, events) = run(3, &timeline, &Look::untouched());
    assert_eq!((outcome.wrong, outcome.changes), (0, 0), "{events:?}");
    let since = 151 * FRAME + 240 * MS;
    assert!(events.contains(&Event::FreezeStart { since }), "{events:?}");
    assert!(events.contains(&Event::FreezeEnd { length: 12 * FRAME }), "{events:?}");
}

#[test]
fn a_pause_moves_the_offset_by_its_length() {
    let timeline = Timeline::new(300, FRAME, -400 * MS, &[(150, Incident::Pause, 15)]);
    let (outcome, events) = run(4, &timeline, &Look::untouched());
    let change = Event::OffsetChanged { old: -400 * MS, new: 200 * MS };
    assert!(events.contains(&change), "{events:?}");
    assert_eq!((outcome.wrong, outcome.changes), (0, 1), "{outcome:?} {events:?}");
}

#[test]
fn a_stall_moves_the_offset_by_its_length() {
    let timeline = Timeline::new(300, FRAME, -400 * MS, &[(150, Incident::Stall, 15)]);
    let (outcome, events) = run(4, &timeline, &Look::untouched());
    let change = Event::OffsetChanged { old: -400 * MS, new: 200 * MS };
    assert!(events.contains(&change), "{events:?}");
    assert!(outcome.wrong <= 2 && outcome.wrong_confident == 0, "{outcome:?} {events:?}");
    assert_eq!(outcome.changes, 1, "{events:?}");
}

#[test]
fn lost_frames_do_not_move_the_offset() {
    let timeline = Timeline::new(300, FRAME, -400 * MS, &[(150, Incident::Outage, 15)]);
    let (outcome, events) = run(4, &timeline, &Look::untouched());
    assert_eq!((outcome.wrong, outcome.changes), (0, 0), "{outcome:?} {events:?}");
}

/// What moves a little all the time, as noise and light do, tells a pause from a skip in time.
#[test]
fn interruptions_while_next_to_nothing_moves_are_told_apart() {
    let creeping = |index: usize| {
        let moving = (index as f64).min(100.0) + (index as f64 - 300.0).max(0.0);
        (moving + 0.02 * (index as f64 - 100.0).clamp(0.0, 200.0)) * FRAME as f64 / 1e9
    };
    let offset = 240 * MS;
    for (incident, later) in
        [(Incident::Pause, 20), (Incident::Stall, 20), (Incident::Freeze, 0), (Incident::Outage, 0)]
    {
        let timeline = Timeline::new(400, FRAME, offset, &[(180, incident, 20)]);
        let (outcome, events) = run_at(6, &timeline, &Look::untouched(), creeping);
        let changes: Vec<_> =
            events.iter().filter(|event| matches!(event, Event::OffsetChanged { .. })).collect();
        let expected = Event::OffsetChanged { old: offset, new: offset + later * FRAME };
        match later {
            0 => assert!(changes.is_empty(), "{incident:?} {changes:?}"),
            _ => assert_eq!(changes, [&expected], "{incident:?}"),
        }
        assert!(outcome.wrong <= 12, "{incident:?} {outcome:?}");
        assert_eq!(outcome.wrong_confident, 0, "{incident:?} {outcome:?}");
    }
}

/// A skip at rest cannot be seen in motion; pictures that are a little less alike than ever can.
#[test]
fn a_skip_while_next_to_nothing_moves_costs_confidence() {
    let look = Look { noise: 0.25, ..Look::untouched() };
    let creeping = |index: usize| {
        let creep = 0.003 * (index as f64 - 100.0).clamp(0.0, 200.0);
        ((index as f64).min(100.0) + creep) * FRAME as f64 / 1e9
    };
    for skipped in [16, 20, 24] {
        let timeline = Timeline::new(300, FRAME, 1_200 * MS, &[(180, Incident::Skip, skipped)]);
        let (outcome, _) = run_at(6, &timeline, &look, creeping);
        assert!(outcome.wrong > 40 && outcome.wrong_confident == 0, "{skipped} {outcome:?}");
        assert!(outcome.exact_confident > 120, "{skipped} {outcome:?}");
    }
}

#[test]
fn noise_alone_is_no_motion_in_which_to_be_lost() {
    let mut looks = [1, 2].map(|seed| Look {
        noise: 0.25,
        random: StdRng::seed_from_u64(seed),
        ..Look::untouched()
    });
    let scene = Scene::new(7);
    let frames = [Side::Reference, Side::Distorted].into_iter().zip(&mut looks);
    let frames = frames.flat_map(|(side, look)| {
        let prints = every(FRAME, 500, 0).map(|time| (time, side, scene.print(1.0, look)));
        prints.collect::<Vec<_>>()
    });
    let events = push_all(&mut Aligner::new(Config::default()), frames.collect(), |_, _| {});
    assert_eq!(events, []);
}

#[test]
fn a_skip_ahead_is_followed() {
    let timeline = Timeline::new(300, FRAME, 800 * MS, &[(150, Incident::Skip, 10)]);
    let (outcome, events) = run(5, &timeline, &Look::untouched());
    let last = events.iter().rfind(|event| matches!(event, Event::OffsetChanged { .. }));
    let found = matches!(last, Some(Event::OffsetChanged { new, .. }) if *new == 400 * MS);
    assert!(found, "{events:?}");
    assert!(outcome.wrong <= 12 && outcome.wrong_confident <= 1, "{outcome:?}");
}

#[test]
fn different_frame_rates_are_aligned_to_half_a_frame_and_told() {
    let rates =
        |r: (f64, f64), integer_ratio| ((1e9 / r.0) as i64, (1e9 / r.1) as i64, integer_ratio);
    let pairs = [
        rates((25.0, 50.0), true),
        rates((50.0, 25.0), true),
        rates((30.0, 60.0), true),
        rates((60.0, 30.0), true),
        rates((24.0, 25.0), false),
        rates((25.0, 24.0), false),
        rates((30_000.0 / 1001.0, 30.0), false),
    ];
    for (seed, (r, d, integer_ratio)) in pairs.into_iter().enumerate() {
        for offset in [-1_300 * MS, 0, 2_500 * MS] {
            let scene = Scene::new(seed as u64 + 20);
            let mut frames = stream(&scene, Side::Reference, every(r, 9 * SECOND / r, 0), 0);
            let times = every(d, 9 * SECOND / d, offset);
            frames.extend(stream(&scene, Side::Distorted, times, offset));
            let mut aligner = Aligner::new(Config::default());
            let (mut locked, mut wrong) = (0, 0);
            let events = push_all(&mut aligner, frames, |aligner, _| {
                locked += u32::from(aligner.is_locked());
                let away = (aligner.offset() - offset).abs();
                wrong += u32::from(aligner.is_locked() && away > r.max(d) / 2);
            });
            assert!(locked > 100, "{r} {d} {offset} {events:?}");
            assert_eq!(wrong, 0, "{r} {d} {offset} {events:?}");
            let told = events.iter().filter(|e| {
                matches!(e, Event::RateMismatch { integer_ratio: i, .. } if *i == integer_ratio)
            });
            assert_eq!(told.count(), 1, "{r} {d} {offset} {events:?}");
        }
    }
}

#[test]
fn equal_rates_are_no_mismatch_even_with_jitter() {
    let mut random = StdRng::seed_from_u64(7);
    let scene = Scene::new(7);
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 300, 0), 0);
    let jittered: Vec<i64> =
        every(FRAME, 300, 0).map(|t| t + random.random_range(-6 * MS..6 * MS)).collect();
    frames.extend(stream(&scene, Side::Distorted, jittered, 0));
    let events = push_all(&mut Aligner::new(Config::default()), frames, |_, _| {});
    assert!(!events.iter().any(|e| matches!(e, Event::RateMismatch { .. })), "{events:?}");
}

#[test]
fn a_static_picture_holds_the_offset_while_confidence_halves_in_ten_seconds() {
    let scene = Scene::new(8);
    let offset = 120 * MS;
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 100, 0), 0);
    frames.extend(stream(&scene, Side::Distorted, every(FRAME, 100, offset), offset));
    let last = frames[99].2;
    for time in every(FRAME, 1000, 100 * FRAME) {
        frames.push((time, Side::Reference, last));
        frames.push((time + offset, Side::Distorted, last));
    }
    let mut confidences = [0.0; 2];
    let events = push_all(&mut Aligner::new(Config::default()), frames, |aligner, time| {
        for (confidence, second) in confidences.iter_mut().zip([5, 15]) {
            if time <= second * SECOND {
                *confidence = aligner.confidence();
            }
        }
    });
    assert!(matches!(events[..], [Event::Aligned { offset: o, .. }] if o == offset), "{events:?}");
    let [early, late] = confidences;
    assert!(early > 0.8 && (late / early - 0.5).abs() < 0.02, "{early} {late}");
}

#[test]
fn a_loop_stays_at_the_hypothesis_without_confidence() {
    let scene = Scene::new(9);
    let looped: Vec<_> =
        (0..20).map(|i| scene.print(f64::from(i) * 0.04, &mut Look::untouched())).collect();
    let mut frames = Vec::new();
    for i in 0..500 {
        let time = i as i64 * FRAME;
        frames.push((time, Side::Reference, looped[i % 20]));
        frames.push((time, Side::Distorted, looped[i % 20]));
    }
    let mut most = 0.0f64;
    let mut aligner = Aligner::new(Config::default());
    let events = push_all(&mut aligner, frames, |aligner, time| {
        assert_eq!(aligner.offset(), 0, "at {time}");
        // before the loop has been seen twice nobody can know
        if time > 3 * SECOND {
            most = most.max(aligner.confidence());
        }
    });
    assert!(most < 0.6, "{most} {events:?}");
}

#[test]
fn a_loop_that_was_there_before_leaves_the_hypothesis_alone() {
    let scene = Scene::new(9);
    let looped: Vec<_> =
        (0..20).map(|i| scene.print(f64::from(i) * 0.04, &mut Look::untouched())).collect();
    let mut frames = Vec::new();
    for i in 0..600 {
        let time = i as i64 * FRAME;
        frames.push((time, Side::Reference, looped[i % 20]));
        if i >= 200 {
            frames.push((time, Side::Distorted, looped[i % 20]));
        }
    }
    let mut most = 0.0f64;
    let mut aligner = Aligner::new(Config::default());
    let events = push_all(&mut aligner, frames, |aligner, time| {
        assert_eq!(aligner.offset(), 0, "at {time}");
        most = most.max(aligner.confidence());
    });
    assert!(most < 0.6, "{most} {events:?}");
}

#[test]
fn beyond_the_window_the_loss_is_told_once_and_every_ten_seconds() {
    let scene = Scene::new(10);
    let offset = 3 * SECOND;
    let config = Config { max_offset: SECOND, hypothesis: 0 };
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 900, 0), 0);
    frames.extend(stream(&scene, Side::Distorted, every(FRAME, 900, offset), offset));
    let mut aligner = Aligner::new(config);
    let mut times = Vec::new();
    let mut lost = false;
    push_all(&mut aligner, frames, |aligner, time| {
        assert_eq!((aligner.offset(), aligner.confidence()), (0, 0.0));
        if aligner.state() == State::Lost && !lost {
            lost = true;
            times.push(time);
        }
    });
    assert!(lost && aligner.state() == State::Lost);

    let mut aligner = Aligner::new(config);
    let scene = Scene::new(11);
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 900, 0), 0);
    frames.extend(stream(&scene, Side::Distorted, every(FRAME, 900, 0), 3 * SECOND));
    let events = push_all(&mut aligner, frames, |_, _| {});
    // 36 s: after the window and 3 s, then twice or thrice ten seconds
    let told = events.iter().filter(|event| **event == Event::Lost).count();
    assert!((3..=4).contains(&told), "{events:?}");
    assert_eq!(events.len(), told, "{events:?}");
}

#[test]
fn a_lost_stream_is_found_again() {
    let (scene, other) = (Scene::new(12), Scene::new(13));
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 600, 0), 0);
    frames.extend(stream(&scene, Side::Distorted, every(FRAME, 200, 0), 0));
    frames.extend(stream(&other, Side::Distorted, every(FRAME, 200, 200 * FRAME), 0));
    let late = every(FRAME, 200, 400 * FRAME);
    frames.extend(stream(&scene, Side::Distorted, late, 640 * MS));
    let mut wrong_confident = 0;
    let mut aligner = Aligner::new(Config::default());
    let events = push_all(&mut aligner, frames, |aligner, time| {
        let elsewhere = (8_080 * MS..16 * SECOND).contains(&time);
        wrong_confident += u32::from(elsewhere && aligner.confidence() >= 0.6);
    });
    assert!(events.contains(&Event::Lost), "{events:?}");
    assert!(aligner.is_locked() && aligner.offset() == 640 * MS, "{events:?}");
    assert_eq!(wrong_confident, 0);
}

#[test]
fn black_is_told_per_side() {
    let mut aligner = Aligner::new(Config::default());
    let scene = Scene::new(14);
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 50, 0), 0);
    let picture = frames[0].2;
    for i in 0..50 {
        let print = if (10..30).contains(&i) { shade(16) } else { picture };
        frames.push((i * FRAME, Side::Distorted, print));
    }
    let events = push_all(&mut aligner, frames, |aligner, time| {
        assert!(!aligner.is_black(Side::Reference));
        if time == 12 * FRAME {
            assert!(aligner.is_black(Side::Distorted));
        }
    });
    let side = Side::Distorted;
    let black: Vec<_> = events
        .into_iter()
        .filter(|e| matches!(e, Event::BlackStart { .. } | Event::BlackEnd { .. }))
        .collect();
    let since = 10 * FRAME;
    let expected =
        [Event::BlackStart { side, since }, Event::BlackEnd { side, length: 20 * FRAME }];
    assert_eq!(black, expected);
}

#[test]
fn metadata_is_believed_until_the_pictures_refute_it() {
    let scene = Scene::new(15);
    let mut aligner = Aligner::new(Config::default());
    aligner.hint(2 * SECOND, HintSource::Timecode);
    assert!(aligner.is_locked() && aligner.confidence() >= 0.6);
    assert_eq!(aligner.offset(), 2 * SECOND);
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 250, 0), 0);
    frames.extend(stream(&scene, Side::Distorted, every(FRAME, 250, 0), 0));
    push_all(&mut aligner, frames, |aligner, _| aligner.hint(2 * SECOND, HintSource::Timecode));
    assert_eq!(aligner.offset(), 0);
    // weaker sources do not count any more, another value of the same does
    aligner.hint(SECOND, HintSource::Timestamps);
    assert_eq!(aligner.offset(), 0);
    aligner.hint(SECOND, HintSource::Timecode);
    assert_eq!(aligner.offset(), SECOND);
}

#[test]
fn timestamps_are_where_the_search_starts() {
    let mut aligner = Aligner::new(Config { hypothesis: SECOND, ..Config::default() });
    assert_eq!((aligner.offset(), aligner.state()), (SECOND, State::Searching));
    aligner.hint(3 * SECOND, HintSource::Timestamps);
    assert_eq!((aligner.offset(), aligner.confidence()), (3 * SECOND, 0.0));
}

#[test]
fn after_a_discontinuity_the_offset_is_verified_again() {
    let scene = Scene::new(16);
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 250, 0), 0);
    frames.extend(stream(&scene, Side::Distorted, every(FRAME, 250, 0), 0));
    let mut aligner = Aligner::new(Config::default());
    let mut doubted = 0;
    let cut = 150 * FRAME;
    let events = push_all(&mut aligner, frames, |aligner, time| {
        if time == cut && doubted == 0 {
            assert!(aligner.confidence() >= 0.6);
            aligner.discontinuity(Side::Distorted);
            assert_eq!(aligner.offset(), 0);
        }
        doubted += u32::from(time >= cut && aligner.confidence() < 0.6);
    });
    assert!((1..20).contains(&doubted), "{doubted}");
    assert!(aligner.confidence() >= 0.6);
    assert_eq!(events.len(), 1, "{events:?}");
}

#[test]
fn reset_forgets_everything() {
    let scene = Scene::new(17);
    let mut frames = stream(&scene, Side::Reference, every(FRAME, 100, 0), 0);
    frames.extend(stream(&scene, Side::Distorted, every(FRAME, 100, SECOND), SECOND));
    let mut aligner = Aligner::new(Config::default());
    push_all(&mut aligner, frames, |_, _| {});
    assert_eq!((aligner.offset(), aligner.state()), (SECOND, State::Locked));
    aligner.reset();
    assert_eq!((aligner.offset(), aligner.state()), (0, State::Searching));
    assert_eq!((aligner.confidence(), aligner.next_event()), (0.0, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn constant_offsets_are_exact_after_the_lock(
        seed in any::<u64>(),
        offset in -5_000i64..=5_000,
        rate in prop::sample::select(vec![10.0, 12.5, 24.0, 25.0, 29.97, 50.0]),
    ) {
        let interval = (1e9 / rate) as i64;
        let frames = (9.0 * rate) as usize;
        let timeline = Timeline::new(frames, interval, offset * MS, &[]);
        let (outcome, events) = run(seed, &timeline, &Look::untouched());
        prop_assert!(outcome.lock.is_some_and(|frames| frames <= 10), "{:?}", outcome);
        prop_assert_eq!((outcome.wrong, outcome.losses), (0, 0), "{:?}", events);
    }

    #[test]
    fn drops_repeats_and_jitter_do_not_move_the_offset(
        seed in any::<u64>(),
        offset in -2_000i64..=2_000,
    ) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut timeline = Timeline::new(250, FRAME, offset * MS, &[]);
        for i in 1..250 {
            if random.random_bool(0.03) {
                timeline.distorted[i].content = timeline.distorted[i - 1].content;
                timeline.distorted[i].repeated = true;
            }
            timeline.distorted[i].time += random.random_range(-4 * MS..4 * MS);
        }
        timeline.distorted.retain(|_| random.random_bool(0.95));
        let (outcome, events) = run(seed, &timeline, &Look::untouched());
        prop_assert!(outcome.frames > 100, "{:?}", outcome);
        prop_assert_eq!((outcome.wrong, outcome.changes), (0, 0), "{:?}", events);
    }

    #[test]
    fn incidents_are_followed_and_never_wrong_with_confidence(
        seed in any::<u64>(),
        offset in -1_500i64..=1_500,
        kinds in prop::collection::vec(prop::sample::select(Incident::ALL.to_vec()), 3),
        lengths in prop::collection::vec(6..25usize, 3),
    ) {
        let incidents: Vec<_> = (0..3).map(|i| (100 * (i + 1), kinds[i], lengths[i])).collect();
        let timeline = Timeline::new(450, FRAME, offset * MS, &incidents);
        let (outcome, events) = run(seed, &timeline, &Look::untouched());
        // a skip ahead shows pictures that the reference has not sent yet: nobody can pair those
        let knowable = outcome.frames - outcome.unknowable;
        let wrong = outcome.wrong - outcome.unknowable;
        prop_assert!(wrong * 10 <= knowable, "{:?} {:?}", outcome, events);
        prop_assert!(outcome.percent(outcome.wrong_confident) <= 0.5, "{:?} {:?}", outcome, events);
    }

    #[test]
    fn nothing_upsets_it(
        steps in prop::collection::vec((0..12u8, -300i64..300, 0..6usize), 1..400),
    ) {
        let scene = Scene::new(1);
        let prints: Vec<_> =
            (0..6).map(|i| scene.print(f64::from(i), &mut Look::untouched())).collect();
        let mut aligner = Aligner::new(Config::default());
        let mut times = [0i64; 2];
        for (what, value, picture) in steps {
            match what {
                0 => aligner.discontinuity(Side::Reference),
                1 => aligner.discontinuity(Side::Distorted),
                2 => aligner.hint(value * 20 * MS, HintSource::Timestamps),
                3 => aligner.hint(value * 20 * MS, HintSource::ReferenceTimestamp),
                4 if value > 290 => aligner.reset(),
                5 => times[value.rem_euclid(2) as usize] += value * SECOND,
                _ => {
                    let side = if what % 2 == 0 { Side::Reference } else { Side::Distorted };
                    times[side as usize] += value.rem_euclid(90) * MS;
                    aligner.push(side, times[side as usize], &prints[picture]);
                }
            }
            prop_assert!((0.0..=1.0).contains(&aligner.confidence()));
            prop_assert!(aligner.is_locked() || aligner.confidence() == 0.0);
        }
    }
}
