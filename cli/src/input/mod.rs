//! Where frames come from: raw files read directly, everything else decoded by GStreamer.

mod ahead;
mod container;
mod layout;
mod raw;
mod y4m;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use gstvmaftiny::features::{FeatureError, Luma};
use gstvmaftiny::scoring::Picture;

use crate::Error;
use ahead::Ahead;
use container::Container;
pub use layout::{Chroma, Layout};
use raw::Raw;

/// A picture that outlives the source it came from.
pub type Shared = Arc<Shown>;

/// A picture, and how its luma is meant.
pub struct Shown {
    picture: Box<dyn Picture + Send + Sync>,
    /// Whether luma uses all values; `None` if the source does not say.
    pub full_range: Option<bool>,
}

impl Shown {
    /// To be shared.
    pub fn shared(picture: impl Picture + Send + Sync + 'static, range: Option<bool>) -> Shared {
        Arc::new(Self { picture: Box::new(picture), full_range: range })
    }
}

impl Picture for Shown {
    fn luma(&self) -> Result<Luma<'_>, FeatureError> {
        self.picture.luma()
    }
}

/// A frame of a stream.
pub struct Frame {
    /// When it is shown, ns from the start of the stream; unknown for raw files without a rate.
    pub time: Option<i64>,
    /// Its luma.
    pub picture: Shared,
}

/// A stream of frames, read one after the other.
pub trait Source: Send {
    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// The stream breaks off or is not what it claims to be.
    fn next(&mut self) -> Result<Option<Frame>, Error>;

    /// Number of frames, where it is known beforehand.
    fn total(&self) -> Option<u64> {
        None
    }

    /// Whether frames are files' bytes: such streams are paired by number unless told otherwise.
    fn is_raw(&self) -> bool {
        false
    }

    /// Whether frames say when they are shown.
    fn has_times(&self) -> bool {
        true
    }
}

/// Opens a path or URI: `.y4m` and `.yuv` are read as they are (`.yuv` as `layout` says), anything
/// else is decoded by GStreamer. As with libvmaf's tool, a name that tells nothing is raw video
/// when a layout is given.
///
/// # Errors
/// There is no such file, or it is not video.
pub fn open(name: &str, layout: Option<Layout>) -> Result<Box<dyn Source>, Error> {
    if name.contains("://") {
        return Ok(Box::new(Container::open_uri(name, name)?));
    }
    let path = Path::new(name);
    let opened = || File::open(path).map_err(|source| Error::Open { path: path.into(), source });
    let file = opened()?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(Error::Open {
            path: path.into(),
            source: std::io::ErrorKind::IsADirectory.into(),
        });
    }
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let source = match extension.as_deref() {
        Some("y4m") => Raw::y4m(path, file)?,
        Some("yuv") => {
            let layout = layout.ok_or_else(|| Error::Undescribed { path: path.into() })?;
            Raw::yuv(path, file, layout)?
        }
        extension => match layout {
            _ if starts_like_y4m(&file) => Raw::y4m(path, opened()?)?,
            Some(layout) if extension.is_none() => Raw::yuv(path, file, layout)?,
            _ => return Ok(Box::new(Container::open_path(path)?)),
        },
    };
    Ok(Box::new(Ahead::new(source)?))
}

// only of regular files: what is read from a pipe is gone
fn starts_like_y4m(file: &File) -> bool {
    let mut start = Vec::new();
    file.metadata().is_ok_and(|m| m.is_file())
        && file.take(y4m::MAGIC.len() as u64).read_to_end(&mut start).is_ok()
        && start == y4m::MAGIC
}
