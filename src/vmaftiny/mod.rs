//! The `vmaftiny` element: two video streams in, one of them out untouched, VMAF per frame.

mod alignment;
mod caps;
mod compare;
mod flow;
mod formats;
mod imp;
mod input;
mod load;
mod news;
mod output;
mod picture;
mod session;
mod settings;
mod state;
mod traits;
mod unpack;
mod watch;
mod worker;

use gst::glib;
use gst::prelude::*;

pub use formats::{caps, info};
pub use picture::Picture;
pub use settings::{
    AlignMode, Output, PoolMethodProperty, ProfileProperty, RangePolicy, SizePolicy,
};

glib::wrapper! {
    /// Aligns a reference and a distorted video stream and posts VMAF for every reference frame.
    pub struct VmafTiny(ObjectSubclass<imp::VmafTiny>)
        @extends gst_base::Aggregator, gst::Element, gst::Object;
}

/// Makes the element and its metadata known to GStreamer.
///
/// # Errors
/// GStreamer refuses the registration.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    crate::report::register_meta();
    Output::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    PoolMethodProperty::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    ProfileProperty::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    AlignMode::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    SizePolicy::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    RangePolicy::static_type().mark_as_plugin_api(gst::PluginAPIFlags::empty());
    gst::Element::register(Some(plugin), "vmaftiny", gst::Rank::NONE, VmafTiny::static_type())
}

/// Makes scoring slower by this much a frame, in the whole process: overload on demand, for tests.
#[doc(hidden)]
pub fn slow_down_scoring(by: std::time::Duration) {
    worker::slow_down(by);
}
