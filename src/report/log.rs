//! Every message as a line of JSON in a file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use gst::glib;
use serde_json::{Map, Value};

use super::EVENT_STRUCTURE;

/// How much may be lost when the machine stops.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// An open log file. What is buffered is written when it is dropped.
#[derive(Debug)]
pub struct Log {
    file: BufWriter<File>,
    flushed: Instant,
}

impl Log {
    /// Appends to the file, which is made if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened for writing.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Self { file: BufWriter::new(file), flushed: Instant::now() })
    }

    /// Writes a message: its name as `message`, then its fields. An event is in the file at once:
    /// after it there may be nothing for long.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, structure: &gst::StructureRef) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.file, &json(structure))?;
        self.file.write_all(b"\n")?;
        if structure.name() == EVENT_STRUCTURE || self.flushed.elapsed() >= FLUSH_EVERY {
            self.file.flush()?;
            self.flushed = Instant::now();
        }
        Ok(())
    }
}

fn json(structure: &gst::StructureRef) -> Value {
    let mut object = Map::new();
    object.insert("message".into(), structure.name().as_str().into());
    for (name, value) in structure.iter() {
        object.insert(name.as_str().into(), value_json(value));
    }
    Value::Object(object)
}

fn value_json(value: &glib::SendValue) -> Value {
    if let Ok(v) = value.get::<f64>() {
        v.into()
    } else if let Ok(v) = value.get::<u64>() {
        // an unknown time
        if v == u64::MAX { Value::Null } else { v.into() }
    } else if let Ok(v) = value.get::<i64>() {
        v.into()
    } else if let Ok(v) = value.get::<i32>() {
        v.into()
    } else if let Ok(v) = value.get::<u32>() {
        v.into()
    } else if let Ok(v) = value.get::<bool>() {
        v.into()
    } else if let Ok(v) = value.get::<&str>() {
        v.into()
    } else {
        format!("{value:?}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_every_field_as_its_own_type() {
        gst::init().expect("GStreamer starts");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("log.jsonl");
        let structure = gst::Structure::builder("VMAF")
            .field("score", 97.25)
            .field("index", 3i32)
            .field("offset", -5i64)
            .field("epoch", 1u32)
            .field("running-time", 120u64)
            .field("stream-time", u64::MAX)
            .field("black", true)
            .field("status", "ok")
            .build();
        for _ in 0..2 {
            Log::open(&path).expect("a writable file").write(&structure).expect("written");
        }
        let text = std::fs::read_to_string(&path).expect("there");
        let lines: Vec<Value> =
            text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        let expected = serde_json::json!({
            "message": "VMAF", "score": 97.25, "index": 3, "offset": -5, "epoch": 1,
            "running-time": 120, "stream-time": null, "black": true, "status": "ok",
        });
        assert_eq!(lines, [expected.clone(), expected]);
    }

    #[test]
    fn an_event_is_in_the_file_at_once() {
        gst::init().expect("GStreamer starts");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("log.jsonl");
        let mut log = Log::open(&path).expect("a writable file");
        log.write(&gst::Structure::new_empty("VMAF")).expect("written");
        log.write(&gst::Structure::new_empty(EVENT_STRUCTURE)).expect("written");
        let text = std::fs::read_to_string(&path).expect("there");
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error() {
        assert!(Log::open(Path::new("/nonexistent/directory/log")).is_err());
    }
}
