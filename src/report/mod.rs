//! What is told about frames and streams: verdicts, pooled scores, and their form as GStreamer
//! messages and metadata.

mod frame;
mod pool;
mod structure;

pub use frame::{Frame, Status, Times};
pub use pool::{Counters, Pool, PoolMethod, Pooled};
pub use structure::{
    FRAME_STRUCTURE, META, attach, frame_structure, pooled_structure, register_meta,
};
