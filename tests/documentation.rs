//! What the README says is so: its pipelines run, its property table is complete.

#[path = "support/oracle.rs"]
mod oracle;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use gst::prelude::*;

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

#[test]
fn every_property_is_in_the_readme() {
    gst::init().expect("GStreamer starts");
    gstvmaftiny::plugin_register_static().expect("the plugin registers");
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
