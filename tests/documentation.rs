//! What the README says is so: its pipelines run, its property table is complete.

#[path = "support/oracle.rs"]
mod oracle;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use gst::prelude::*;
use gstvmaftiny::align::pairing::Side;
use gstvmaftiny::features::{NAMES, Profile};
use gstvmaftiny::fusion::Score;
use gstvmaftiny::report::{
    self, Event, EventKind, Frame, Marks, PoolMethod, Status, Summary, Tally, Times,
};
use gstvmaftiny::scoring::Measured;

const README: &str = include_str!("../README.md");
const LIVE: &str = include_str!("../docs/live.md");

/// Shell blocks of a text that launch a pipeline, joined to one line each.
fn pipelines(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|b| b.split("```").next());
    let blocks = blocks.filter(|b| b.starts_with("gst-launch-1.0"));
    blocks.map(|b| b.replace("\\\n", " ").trim().to_string()).collect()
}

/// A directory with nothing but the plugin that belongs to this test.
fn plugins(directory: &Path) -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let built = test.with_file_name("libgstvmaftiny.so");
    assert!(built.is_file(), "no plugin beside {test:?}");
    let plugins = directory.join("plugins");
    std::fs::create_dir_all(&plugins).expect("a writable directory");
    let link = plugins.join("libgstvmaftiny.so");
    if !link.exists() {
        std::os::unix::fs::symlink(built, link).expect("a link");
    }
    plugins
}

/// The files that the README's commands name.
fn make_files(directory: &Path) {
    let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
    let (reference, distorted) = (path("reference.mkv"), path("distorted.mkv"));
    let clip = oracle::clip("bikes").to_string_lossy().into_owned();
    oracle::run(&["-i", &clip, "-an", "-frames:v", "12", "-c:v", "ffv1", &reference]);
    oracle::run(&["-i", &reference, "-c:v", "libx264", "-crf", "35", &distorted]);
}

fn command(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .env("GST_PLUGIN_PATH", plugins(directory))
        .env("GST_REGISTRY", directory.join("registry.bin"));
    command
}

#[test]
fn pipelines_run_as_written() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    make_files(directory.path());
    let all = pipelines(README);
    assert!(all.len() >= 3, "{all:?}");
    for line in all {
        let output = command("timeout", directory.path())
            .args(["60", "sh", "-c", &line])
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{complaints}\n{said}");
        assert!(
            said.contains("type=(string)frame") && said.contains("type=(string)pooled"),
            "{line}"
        );
    }
}

/// They never end by themselves.
#[test]
fn live_pipelines_find_the_alignment_and_score() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let all = pipelines(LIVE);
    assert_eq!(all.len(), 2, "{all:?}");
    for line in all {
        let output = command("timeout", directory.path())
            .args(["--signal=INT", "12", "sh", "-c", &line])
            .output()
            .expect("a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("event=(string)aligned"), "{line}\n{complaints}\n{said}");
        let scored = said.lines().filter(|l| l.contains("type=(string)frame"));
        let scored = scored.filter(|l| l.contains("status=(string)ok")).count();
        assert!(scored > 30, "{scored} frames of {line}\n{complaints}");
    }
}

#[test]
fn the_python_example_hears_what_the_buffers_carry() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    make_files(directory.path());
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/score.py");
    let output = command("/usr/bin/python3", directory.path())
        .arg(example)
        .args(["reference.mkv", "distorted.mkv"])
        .output()
        .expect("Python");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().count(), 13, "{said}");
}

/// Makes the element known; safe to call from every test.
fn init() {
    static ONCE: LazyLock<()> = LazyLock::new(|| {
        gst::init().expect("GStreamer starts");
        gstvmaftiny::plugin_register_static().expect("the plugin registers");
    });
    LazyLock::force(&ONCE);
}

/// Of a structure.
fn fields(s: &gst::StructureRef) -> Vec<String> {
    s.fields().map(ToString::to_string).collect()
}

#[test]
fn every_field_of_every_message_is_explained() {
    init();
    // everything that may be noticed about a frame
    let score = Score { value: 90.0, half_width: Some(1.0), extrapolated: true };
    let names = NAMES.map(String::from).to_vec().into();
    let measured = Measured { score, names, values: vec![1.0; 6], profile: Profile::Exact };
    let (frozen, black, corrupted, scaled, interlaced, late) = (true, true, true, true, true, true);
    let frame = Frame {
        number: 1,
        epoch: 0,
        times: Times::default(),
        distorted_running_time: Some(1),
        offset: 0,
        confidence: Some(1.0),
        status: Status::Ok,
        marks: Marks { frozen, black, corrupted, scaled, interlaced, late },
        measured: Some(measured),
    };
    let mut tally = Tally::new(0.0, 100.0);
    tally.count(&frame);
    let summary = tally.summary(PoolMethod::Mean, true, "", Profile::Exact);
    let summary = Summary { widened: Some(Side::Reference), ..summary };
    let event = Event {
        running_time: Some(1),
        input: Some(Side::Reference),
        offset: Some(0),
        old_offset: Some(0),
        confidence: Some(1.0),
        length: Some(1),
        score: Some(1.0),
        text: Some(String::new()),
        ..Event::new(EventKind::Aligned)
    };
    let line = "videotestsrc num-buffers=3 ! tee name=t t. ! queue ! v.ref_sink \
                t. ! queue ! v.dist_sink vmaftiny name=v ! fakesink";
    let pipeline = gst::parse::launch(line).expect("a valid launch line");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let end = [gst::MessageType::Eos, gst::MessageType::Error];
    bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &end).expect("an end");
    let element = pipeline.by_name("v").expect("named in the launch line");
    let stats: gst::Structure = element.property("stats");
    pipeline.set_state(gst::State::Null).expect("every element stops");

    let all = [
        fields(&report::frame_structure(&frame, true)),
        fields(&report::pooled_structure(&summary)),
        fields(&report::interval_structure(&summary)),
        fields(&gst::Structure::from(&event)),
        fields(&stats),
    ];
    assert!(all.iter().map(Vec::len).sum::<usize>() > 80, "{all:?}");
    for name in all.concat() {
        // told as a range
        let name = if name == "vif-scale1" || name == "vif-scale2" { "vif-scale0" } else { &name };
        let quoted = [format!("`{name}`"), format!("`{name}=")];
        assert!(quoted.iter().any(|q| README.contains(q) || LIVE.contains(q)), "{name}");
    }
}

#[test]
fn every_event_is_explained() {
    for kind in EventKind::ALL {
        let mut rows = LIVE.lines().filter(|l| {
            l.starts_with(&format!("| `{}`", kind.name()))
                || l.contains(&format!(", `{}` |", kind.name()))
        });
        let row = rows.next().unwrap_or_else(|| panic!("{}", kind.name()));
        let severity = row.split('|').nth(2).expect("a column");
        assert!(severity.contains(kind.severity().name()), "{row}");
    }
}

#[test]
fn the_readme_says_what_holds_till_the_element_stops() {
    init();
    let element = gst::ElementFactory::make("vmaftiny").build().expect("registered");
    let fixed = |p: &&gst::glib::ParamSpec| p.flags().contains(gst::PARAM_FLAG_MUTABLE_READY);
    let own = element.list_properties();
    let own = own.iter().filter(|p| p.owner_type() == element.type_());
    let names: BTreeSet<String> = own.filter(fixed).map(|p| format!("`{}`", p.name())).collect();
    let told = README.split(" hold from the start of the element").next().expect("it is said");
    let told = told.rsplit("\n\n").next().expect("a paragraph").replace(" and ", ", ");
    assert_eq!(told.split(", ").map(String::from).collect::<BTreeSet<_>>(), names);
}

#[test]
fn every_property_is_in_the_readme() {
    init();
    let element = gst::ElementFactory::make("vmaftiny").build().expect("registered");
    let own: BTreeSet<String> = element
        .list_properties()
        .iter()
        .filter(|p| p.owner_type() == element.type_())
        .map(|p| p.name().to_string())
        .collect();
    let table = README.split("## Properties").nth(1).and_then(|t| t.split("\n## ").next());
    let listed: BTreeSet<String> = table
        .expect("a section")
        .lines()
        .filter_map(|l| l.strip_prefix("| `")?.split('`').next())
        .map(String::from)
        .collect();
    assert_eq!(own, listed);
}
