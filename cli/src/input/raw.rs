use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use gstvmaftiny::features::Depth;
use gstvmaftiny::scoring::{Plane, Store};

use super::{Frame, Layout, Shown, Source, y4m};
use crate::Error;

/// A `.yuv` or `.y4m` file, read from front to back; luma is kept, colour is passed over.
pub(super) struct Raw {
    path: PathBuf,
    reader: BufReader<File>,
    layout: Layout,
    marks: Marks,
    rate: Option<(u64, u64)>,
    full_range: Option<bool>,
    store: Store,
    // of a regular file from the first frame on; pipes are read without knowing
    length: Option<u64>,
    next: u64,
}

/// What stands before each frame.
#[derive(Clone, Copy, PartialEq)]
enum Marks {
    None,
    Lines,
}

impl Raw {
    pub(super) fn yuv(path: &Path, file: File, layout: Layout) -> Result<Self, Error> {
        Self::new(path, BufReader::new(file), layout, Marks::None)
    }

    pub(super) fn y4m(path: &Path, file: File) -> Result<Self, Error> {
        let invalid = |problem: String| Error::Y4m { path: path.into(), problem };
        let mut reader = BufReader::new(file);
        let line = y4m::line(&mut reader)
            .map_err(|source| Error::Read { path: path.into(), source })?
            .ok_or_else(|| invalid("it is empty".into()))?;
        let header = y4m::parse(&line.map_err(invalid)?).map_err(invalid)?;
        let raw = Self::new(path, reader, header.layout, Marks::Lines)?;
        Ok(Self { rate: header.rate, full_range: header.full_range, ..raw })
    }

    fn new(
        path: &Path,
        mut reader: BufReader<File>,
        layout: Layout,
        marks: Marks,
    ) -> Result<Self, Error> {
        let layout = layout.checked(path)?;
        let metadata = reader.get_ref().metadata();
        let whole = metadata.ok().filter(|m| m.is_file()).map(|m| m.len());
        let length =
            whole.zip(reader.stream_position().ok()).map(|(whole, at)| whole - at.min(whole));
        let path = path.into();
        let (rate, full_range, store) = (None, None, Store::default());
        Ok(Self { path, reader, layout, marks, rate, full_range, store, length, next: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Read { path: self.path.clone(), source }
    }

    fn truncated(&self, found: u64) -> Error {
        Error::Truncated {
            path: self.path.clone(),
            frame: self.next,
            found,
            expected: self.layout.frame_bytes(),
        }
    }

    /// Whether a frame begins here.
    fn begins(&mut self) -> Result<bool, Error> {
        if self.marks == Marks::None {
            let rest = self.reader.fill_buf();
            return rest.map(|rest| !rest.is_empty()).map_err(|e| self.failed(e));
        }
        let line = y4m::line(&mut self.reader).map_err(|e| self.failed(e))?;
        let problem = match line {
            None => return Ok(false),
            Some(Ok(line)) if y4m::is_frame_mark(&line) => return Ok(true),
            Some(Ok(line)) => format!("FRAME was expected, found a line of {} bytes", line.len()),
            Some(Err(problem)) => problem,
        };
        let problem = format!("before frame {}: {problem}", self.next);
        Err(Error::Y4m { path: self.path.clone(), problem })
    }

    fn luma(&mut self) -> Result<Plane, Error> {
        // a size made up by a damaged header must not be allocated
        if let Some(length) = self.length.filter(|l| *l < self.layout.luma_bytes()) {
            return Err(self.truncated(length));
        }
        let geometry = self.layout.geometry;
        let count = self.layout.luma_samples();
        let reader = &mut self.reader;
        let mut found = Ok(0);
        if geometry.depth == Depth::Eight {
            let bytes = self.store.bytes(|bytes| {
                bytes.resize(count, 0);
                found = fill(reader, bytes);
            });
            self.check_length(found, count)?;
            return Ok(Plane::of_bytes(bytes, geometry));
        }
        let words = self.store.words(|words| {
            words.resize(count, 0);
            found = fill(reader, bytemuck::cast_slice_mut(words));
            words.iter_mut().for_each(|s| *s = u16::from_le(*s));
        });
        self.check_length(found, 2 * count)?;
        self.check_range(&words)?;
        Ok(Plane::of_words(words, geometry))
    }

    fn check_length(&self, found: io::Result<usize>, expected: usize) -> Result<(), Error> {
        match found.map_err(|e| self.failed(e))? {
            found if found < expected => Err(self.truncated(found as u64)),
            _ => Ok(()),
        }
    }

    fn check_range(&self, words: &[u16]) -> Result<(), Error> {
        let bits = self.layout.geometry.depth.bits();
        match words.iter().copied().max() {
            Some(sample) if u32::from(sample) >> bits != 0 => {
                Err(Error::Sample { path: self.path.clone(), frame: self.next, sample, bits })
            }
            _ => Ok(()),
        }
    }

    fn pass_over_colour(&mut self) -> Result<(), Error> {
        let bytes = self.layout.chroma_bytes();
        let found =
            skip(&mut self.reader, bytes, self.length.is_some()).map_err(|e| self.failed(e))?;
        match found == bytes {
            true => Ok(()),
            false => Err(self.truncated(self.layout.luma_bytes() + found)),
        }
    }

    fn time(&self) -> Option<i64> {
        let (above, below) = self.rate?;
        let time = u128::from(self.next) * u128::from(below) * 1_000_000_000 / u128::from(above);
        i64::try_from(time).ok()
    }
}

impl Source for Raw {
    fn next(&mut self) -> Result<Option<Frame>, Error> {
        if !self.begins()? {
            return Ok(None);
        }
        let plane = self.luma()?;
        self.pass_over_colour()?;
        let time = self.time();
        self.next += 1;
        Ok(Some(Frame { time, picture: Shown::shared(plane, self.full_range) }))
    }

    fn total(&self) -> Option<u64> {
        let mark = if self.marks == Marks::Lines { b"FRAME\n".len() as u64 } else { 0 };
        Some(self.length? / (mark + self.layout.frame_bytes()))
    }

    fn is_raw(&self) -> bool {
        true
    }

    fn has_times(&self) -> bool {
        self.rate.is_some()
    }
}

/// Reads until `buffer` is full or the file ends; bytes read.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut found = 0;
    while found < buffer.len() {
        match reader.read(&mut buffer[found..]) {
            Ok(0) => break,
            Ok(n) => found += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(found)
}

/// Passes over `bytes`; how many of them there were.
fn skip(reader: &mut BufReader<File>, bytes: u64, seekable: bool) -> io::Result<u64> {
    let far = i64::try_from(bytes).ok().filter(|b| seekable && *b > 0);
    let Some(far) = far else {
        return io::copy(&mut reader.take(bytes), &mut io::sink());
    };
    let start = reader.stream_position()?;
    // seeking beyond the end succeeds, reading there does not
    reader.seek_relative(far - 1)?;
    if fill(reader, &mut [0])? == 1 {
        return Ok(bytes);
    }
    Ok(reader.get_ref().metadata()?.len().saturating_sub(start))
}
