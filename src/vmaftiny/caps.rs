//! What the frames whose turn it is have come under, and when other caps are told.

use super::news::News;
use crate::align::pairing::Side;
use crate::report::{Event, EventKind, input_name};

/// Inputs whose changes are further apart, ns, have not changed together, though no pair lies
/// between.
const TOGETHER: u64 = 1_000_000_000;

/// The caps of frames in the order of their verdicts. A change is told with the first pair that it
/// is about: what comes of it is told after it, what is left of before has been told, and where
/// both inputs change at one moment that is one event.
#[derive(Default)]
pub(super) struct CapsInUse {
    of: [Option<gst::Caps>; 2],
    // running times of the changes that have not been told, ns, if known
    changed: [Option<Option<u64>>; 2],
    // a pair has been compared under these caps
    compared: bool,
    changes: u64,
}

impl CapsInUse {
    /// Takes a frame whose turn it is: its caps and its time, ns on the reference's time line.
    pub(super) fn see(
        &mut self,
        side: Side,
        caps: Option<gst::Caps>,
        time: Option<u64>,
        news: &mut News,
    ) {
        let own = side as usize;
        if self.of[own] == caps {
            return;
        }
        if self.changed[own].is_some() {
            self.tell(news);
        }
        if self.of[own].is_some() {
            self.changed[own] = Some(time);
        }
        self.of[own] = caps;
        self.compared = false;
        self.changes += 1;
    }

    /// How often an input's caps were others.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// A pair of the frames seen last is going to be compared.
    pub(super) fn compare(&mut self, news: &mut News) {
        if std::mem::replace(&mut self.compared, true) {
            return;
        }
        self.tell(news);
        if let [Some(reference), Some(distorted)] = self.of.each_ref().map(rate)
            && reference != distorted
        {
            news.tell_once(Event::new(EventKind::RateMismatch).saying(format!(
                "the reference has {reference}, the distorted stream {distorted} frames per \
                 second: scores include judder"
            )));
        }
    }

    /// The frame seen last has no partner: changes do not wait for one for ever.
    pub(super) fn alone(&mut self, time: Option<u64>, news: &mut News) {
        let waits = |since: &Option<u64>| match (since, time) {
            (Some(since), Some(time)) => time.abs_diff(*since) < TOGETHER,
            _ => false,
        };
        if self.changed.iter().flatten().any(|since| !waits(since)) {
            self.tell(news);
        }
    }

    /// Tells what has changed, whoever it may be compared with.
    pub(super) fn tell(&mut self, news: &mut News) {
        let changed = std::mem::take(&mut self.changed);
        let sides = [Side::Reference, Side::Distorted];
        let new = || sides.into_iter().filter(|side| changed[*side as usize].is_some());
        let caps = |side: Side| self.of[side as usize].as_ref().map(ToString::to_string);
        let caps = |side: Side| caps(side).unwrap_or_default();
        let event = Event::new(EventKind::CapsChanged);
        let event = match new().collect::<Vec<_>>()[..] {
            [] => return,
            [side] => event.on(side).saying(caps(side)),
            _ => {
                let both = sides.map(|side| format!("{}: {}", input_name(side), caps(side)));
                event.saying(both.join("; "))
            }
        };
        let time = changed.into_iter().flatten().flatten().min();
        news.forget_formats();
        news.tell(event.at(time));
    }
}

/// Frames per second, if they are constant.
fn rate(caps: &Option<gst::Caps>) -> Option<gst::Fraction> {
    let rate = caps.as_ref()?.structure(0)?.get::<gst::Fraction>("framerate").ok()?;
    Some(rate).filter(|rate| rate.numer() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn caps(width: i32) -> Option<gst::Caps> {
        gst::init().expect("GStreamer starts");
        Some(gst::Caps::builder("video/x-raw").field("width", width).build())
    }

    /// Which input's change was told, and when.
    fn told(news: &mut News) -> Vec<(Option<Side>, Option<u64>)> {
        news.take().into_iter().map(|e| (e.input, e.running_time)).collect()
    }

    /// Both inputs have been compared under the first caps.
    fn compared() -> (CapsInUse, News) {
        let (mut used, mut news) = (CapsInUse::default(), News::default());
        used.see(Side::Reference, caps(64), Some(0), &mut news);
        used.see(Side::Distorted, caps(64), Some(0), &mut news);
        used.compare(&mut news);
        assert_eq!(told(&mut news), []);
        (used, news)
    }

    #[test]
    fn a_change_without_partners_is_told_after_a_second() {
        for side in [Side::Reference, Side::Distorted] {
            let (mut used, mut news) = compared();
            for time in [5 * SECOND, 5 * SECOND + 1, 6 * SECOND - 1] {
                used.see(side, caps(80), Some(time), &mut news);
                used.alone(Some(time), &mut news);
                assert_eq!(told(&mut news), []);
            }
            for (time, expected) in [(6, &[(Some(side), Some(5 * SECOND))][..]), (7, &[])] {
                used.see(side, caps(80), Some(time * SECOND), &mut news);
                used.alone(Some(time * SECOND), &mut news);
                assert_eq!(told(&mut news), expected);
            }
        }
    }

    #[test]
    fn each_change_of_an_input_is_told() {
        let (mut used, mut news) = compared();
        used.see(Side::Reference, caps(80), Some(1), &mut news);
        used.see(Side::Reference, caps(96), Some(2), &mut news);
        assert_eq!(told(&mut news), [(Some(Side::Reference), Some(1))]);
        used.see(Side::Distorted, caps(96), Some(3), &mut news);
        used.compare(&mut news);
        assert_eq!(told(&mut news), [(None, Some(2))]);
    }

    #[test]
    fn times_that_are_not_known_or_go_back_hold_nothing_up() {
        for (since, time) in [(None, Some(5)), (Some(5), None), (Some(9 * SECOND), Some(0))] {
            let (mut used, mut news) = compared();
            used.see(Side::Reference, caps(80), since, &mut news);
            used.alone(time, &mut news);
            assert_eq!(told(&mut news), [(Some(Side::Reference), since)]);
        }
    }
}
