//! VMAF per frame, in a live GStreamer pipeline.
//!
//! The crate reads as the sentence it implements: the element ([`vmaftiny`]) pairs reference and
//! distorted frames ([`align`]), measures each pair ([`features`]), turns the measurements into a
//! score with a tiny network ([`fusion`], driven by [`scoring`]) and tells the world ([`report`]).

pub mod align;
pub mod features;
pub mod fusion;
pub mod report;
pub mod scoring;
pub mod vmaftiny;

mod plugin;

/// Makes the plugin known to GStreamer in a program that links this crate.
///
/// # Errors
/// GStreamer refuses the registration.
pub fn plugin_register_static() -> Result<(), gst::glib::BoolError> {
    plugin::plugin_register_static()
}
