#!/usr/bin/env python3
"""Scores one file against another with the installed plugin, through GObject introspection.

    GST_PLUGIN_PATH=target/release python3 examples/score.py reference.mkv distorted.mp4
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402


def on_buffer(_pad, info, scores):
    """Downstream elements find the same values on the buffers."""
    meta = info.get_buffer().get_custom_meta("VmafTinyMeta")
    scores.append(meta.get_structure().get_double("score")[1] if meta else None)
    return Gst.PadProbeReturn.OK


def main(reference, distorted):
    Gst.init(None)
    pipeline = Gst.parse_launch(
        "filesrc name=reference ! decodebin ! queue ! v.ref_sink "
        "filesrc name=distorted ! decodebin ! queue ! v.dist_sink "
        "vmaftiny name=v ! fakesink name=out sync=false"
    )
    pipeline.get_by_name("reference").set_property("location", reference)
    pipeline.get_by_name("distorted").set_property("location", distorted)
    on_buffers = []
    pad = pipeline.get_by_name("out").get_static_pad("sink")
    pad.add_probe(Gst.PadProbeType.BUFFER, on_buffer, on_buffers)

    bus = pipeline.get_bus()
    pipeline.set_state(Gst.State.PLAYING)
    on_bus = []
    kinds = Gst.MessageType.ELEMENT | Gst.MessageType.EOS | Gst.MessageType.ERROR
    while message := bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, kinds):
        if message.type == Gst.MessageType.EOS:
            break
        if message.type == Gst.MessageType.ERROR:
            pipeline.set_state(Gst.State.NULL)
            sys.exit(message.parse_error()[0].message)
        structure = message.get_structure()
        if structure.get_name() != "VMAF":
            continue
        score = structure.get_double("score")[1]
        if structure.get_string("type") == "frame":
            on_bus.append(score)
            print(f"{structure.get_value('running-time') / 1e9:8.3f} {score:7.3f}")
        else:
            print(f"  pooled {score:7.3f}")
    pipeline.set_state(Gst.State.NULL)
    if on_bus != on_buffers:
        sys.exit("messages and metadata differ")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
