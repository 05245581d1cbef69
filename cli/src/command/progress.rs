use std::io::IsTerminal;
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::Progress;

const KNOWN: &str = "{bar:30} {pos}/{len} frames, {per_sec}, {eta} left, {msg}";
const UNKNOWN: &str = "{spinner} {pos} frames, {per_sec}, {msg}";

/// Shows a run's progress on a terminal, and nothing anywhere else.
pub(super) struct Meter {
    bar: ProgressBar,
}

impl Meter {
    pub(super) fn new(quiet: bool) -> Self {
        let target = match !quiet && std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Self { bar: ProgressBar::with_draw_target(None, target) }
    }

    pub(super) fn show(&self, progress: &Progress) -> ControlFlow<()> {
        if self.bar.is_hidden() {
            return ControlFlow::Continue(());
        }
        if self.bar.position() == 0 {
            let template = if progress.total.is_some() { KNOWN } else { UNKNOWN };
            // both templates are valid; were they not, the default style would do
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style);
            }
            if let Some(total) = progress.total {
                self.bar.set_length(total);
            }
        }
        self.bar.set_position(progress.frames);
        self.bar.set_message(format!("vmaf {:.2}", progress.mean));
        ControlFlow::Continue(())
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
