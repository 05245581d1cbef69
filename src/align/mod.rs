//! Which frames belong together. Pure logic: times and fingerprints in, decisions out.
//!
//! [`Fingerprint`] reduces a picture to 144 numbers, [`Aligner`] finds the offset between two
//! streams of fingerprints and says how sure it is, [`pairing`] pairs frames by running time and
//! that offset. Nothing here waits, reads a clock or keeps pictures.

mod aligner;
mod confidence;
mod correlation;
mod event;
mod evidence;
mod fingerprint;
mod history;
mod pair;
pub mod pairing;
mod pause;
mod rhythm;
mod usual;
mod watch;

pub use aligner::{Aligner, Config, HintSource, State};
pub use event::Event;
pub use fingerprint::Fingerprint;
