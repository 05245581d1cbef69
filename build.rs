//! Bakes commit and date into the plugin description that `gst-inspect-1.0` shows.

fn main() {
    gst_plugin_version_helper::info();
}
