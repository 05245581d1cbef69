/// Turns the differences of successive reference frames into `motion2`, one frame late:
/// a frame's value is the smaller of its own difference and its successor's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Motion2 {
    // None before the first frame
    newest: Option<Newest>,
}

#[derive(Clone, Copy, Debug)]
enum Newest {
    First,
    Difference(f64),
}

impl Motion2 {
    /// Takes the next frame's difference (`None`: no predecessor, so the stream's first frame) and
    /// gives `motion2` of the frame before it, if there is one.
    pub fn push(&mut self, difference: Option<f64>) -> Option<f64> {
        let finished = self.newest.map(|n| match (n, difference) {
            (Newest::First, _) => 0.0,
            (Newest::Difference(own), Some(next)) => own.min(next),
            (Newest::Difference(own), None) => own,
        });
        self.newest = Some(difference.map_or(Newest::First, Newest::Difference));
        finished
    }

    /// Ends the stream: gives `motion2` of its last frame, if there was any.
    pub fn flush(&mut self) -> Option<f64> {
        self.newest.take().map(|n| match n {
            Newest::First => 0.0,
            Newest::Difference(own) => own,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Motion2;

    #[test]
    fn each_frame_takes_the_smaller_neighbouring_difference() {
        let mut motion = Motion2::default();
        assert_eq!(motion.push(None), None);
        assert_eq!(motion.push(Some(3.0)), Some(0.0));
        assert_eq!(motion.push(Some(2.0)), Some(2.0));
        assert_eq!(motion.push(Some(5.0)), Some(2.0));
        assert_eq!(motion.flush(), Some(5.0));
        assert_eq!(motion.flush(), None);
    }

    #[test]
    fn a_single_frame_has_no_motion() {
        let mut motion = Motion2::default();
        motion.push(None);
        assert_eq!(motion.flush(), Some(0.0));
    }
}
