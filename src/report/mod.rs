//! What is told about frames and streams: verdicts, pooled scores, events, and their form as
//! GStreamer messages, metadata and log lines.

mod alarm;
mod event;
mod frame;
mod log;
mod pool;
mod structure;
mod tally;

pub use alarm::{Alarm, AlarmChange, AlarmLimits};
pub use event::{EVENT_STRUCTURE, Event, EventError, EventKind, Severity, input_name};
pub use frame::{Frame, Marks, Status, Times};
pub use log::Log;
pub use pool::{Counters, Pool, PoolMethod, Pooled};
pub use structure::{
    FRAME_STRUCTURE, INTERVAL_STRUCTURE, META, Summary, attach, fill_counters, frame_structure,
    interval_structure, pooled_structure, register_meta,
};
pub use tally::Tally;
