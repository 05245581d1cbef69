//! The features against libvmaf, as ratios measured in one run: `cargo bench --bench headline`;
//! a number after `--` sets the rounds.
//!
//! `VMAFTINY_CLIP` names a video to measure on, scaled to each size and encoded by x264 at crf 32;
//! without it frames are drawn by formula.
//!
//! libvmaf is the filter of the ffmpeg that the environment variable `VMAFTINY_FFMPEG` names;
//! without it, or as a test, only our own times are printed. Both read the same frames; what ffmpeg
//! needs to read them is measured too and taken off.

#[path = "../tests/support/patterns.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod patterns;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use cpu_time::ProcessTime;
use gstvmaftiny::features::{
    Depth, Geometry, Level, Luma, MotionExtractor, Profile, Samples, SpatialExtractor, Workers,
};
use patterns::{Kind, pair};

/// Names the ffmpeg whose libvmaf is compared with.
const FFMPEG: &str = "VMAFTINY_FFMPEG";
/// Names a real video.
const CLIP: &str = "VMAFTINY_CLIP";

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    geometry: Geometry,
    profile: Profile,
    level: Level,
    threads: usize,
}

/// Seconds per frame.
#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: f64,
}

impl Cost {
    const NONE: Self = Self { cpu: f64::INFINITY, wall: f64::INFINITY };

    fn min(self, other: Self) -> Self {
        Self { cpu: self.cpu.min(other.cpu), wall: self.wall.min(other.wall) }
    }
}

/// Frames of both sides, luma in native endian, and the files that ffmpeg reads.
struct Clip {
    geometry: Geometry,
    reference: Vec<Vec<u16>>,
    bytes: [Vec<Vec<u8>>; 2],
    words: Vec<Vec<u16>>,
    files: [PathBuf; 2],
}

impl Clip {
    fn new(geometry: Geometry, frames: u32, folder: &Path) -> io::Result<Self> {
        let Geometry { width, height, depth } = geometry;
        let pairs: Vec<_> =
            (0..frames).map(|t| pair(Kind::Noise, width, height, t, depth.bits())).collect();
        let (reference, words): (Vec<_>, Vec<_>) =
            pairs.into_iter().map(|p| (p.reference, p.distorted)).unzip();
        let bytes = [&reference, &words].map(|side| {
            let narrow = |f: &Vec<u16>| f.iter().map(|&s| s as u8).collect();
            side.iter().map(narrow).collect::<Vec<Vec<u8>>>()
        });
        let files = ["reference", "distorted"]
            .map(|side| folder.join(format!("{side}-{width}-{}.raw", depth.bits())));
        for (file, side) in files.iter().zip([&reference, &words]) {
            let mut out = io::BufWriter::new(File::create(file)?);
            for frame in side {
                // ffmpeg wants chroma too
                let chroma = width.div_ceil(2) * height.div_ceil(2) * 2;
                let grey = std::iter::repeat_n(1 << (depth.bits() - 1), chroma);
                for sample in frame.iter().copied().chain(grey) {
                    match depth {
                        Depth::Eight => out.write_all(&[sample as u8])?,
                        _ => out.write_all(&sample.to_le_bytes())?,
                    }
                }
            }
            out.flush()?;
        }
        Ok(Self { geometry, reference, bytes, words, files })
    }

    /// The first frames of a video, and the same through x264.
    fn real(
        program: &str,
        video: &str,
        geometry: Geometry,
        frames: u32,
        folder: &Path,
    ) -> io::Result<Self> {
        let Geometry { width, height, depth } = geometry;
        let format = pixel_format(depth);
        let raw = |side: &str| folder.join(format!("{side}-{width}-{}.raw", depth.bits()));
        let (files, coded) = ([raw("reference"), raw("distorted")], folder.join("coded.mkv"));
        let size = format!("scale={width}x{height}:flags=bicubic,format={format}");
        let count = frames.to_string();
        let run = |input: &Path, options: &[&str], output: &Path| -> io::Result<()> {
            let mut command = Command::new(program);
            command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(input);
            let status = command.args(options).arg(output).status()?;
            status.success().then_some(()).ok_or_else(|| io::Error::other("ffmpeg failed"))
        };
        let video = Path::new(video);
        let scaled = ["-vf", &size, "-frames:v", &count];
        run(video, &[&scaled[..], &["-f", "rawvideo"]].concat(), &files[0])?;
        run(video, &[&scaled[..], &["-c:v", "libx264", "-crf", "32"]].concat(), &coded)?;
        run(&coded, &["-f", "rawvideo", "-pix_fmt", format], &files[1])?;
        let sample = if depth == Depth::Eight { 1 } else { 2 };
        let whole = (width * height + width.div_ceil(2) * height.div_ceil(2) * 2) * sample;
        let mut sides = Vec::new();
        for file in &files {
            let content = fs::read(file)?;
            let lumas = content.chunks_exact(whole).map(|f| &f[..width * height * sample]);
            sides.push(lumas.map(<[u8]>::to_vec).collect::<Vec<_>>());
        }
        let wide = |frame: &Vec<u8>| match depth {
            Depth::Eight => frame.iter().copied().map(u16::from).collect(),
            _ => frame.chunks_exact(2).map(|s| u16::from_le_bytes([s[0], s[1]])).collect(),
        };
        let [reference, words] = [0, 1].map(|side| sides[side].iter().map(wide).collect());
        let distorted = sides.pop().unwrap_or_default();
        let bytes = [sides.pop().unwrap_or_default(), distorted];
        Ok(Self { geometry, reference, bytes, words, files })
    }

    fn luma(&self, t: usize) -> [Luma<'_>; 2] {
        let samples = match self.geometry.depth {
            Depth::Eight => [Samples::U8(&self.bytes[0][t]), Samples::U8(&self.bytes[1][t])],
            _ => [Samples::U16(&self.reference[t]), Samples::U16(&self.words[t])],
        };
        samples.map(|s| Luma::new(s, self.geometry.width, self.geometry).expect("whole frames"))
    }

    fn frames(&self) -> usize {
        self.reference.len()
    }
}

fn pixel_format(depth: Depth) -> &'static str {
    if depth == Depth::Eight { "yuv420p" } else { "yuv420p10le" }
}

/// One pass of our own over the clip.
fn ours(case: Case, clip: &Clip) -> Cost {
    let Case { geometry, profile, level, threads, .. } = case;
    let workers = Workers::at_level(threads, level).expect("threads");
    let mut spatial = SpatialExtractor::on(&workers, geometry, profile).expect("a legal size");
    let mut motion = MotionExtractor::on(&workers, geometry).expect("a legal size");
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let mut last = clip.luma(0)[0];
    for t in 0..clip.frames() {
        let [r, d] = clip.luma(t);
        spatial.extract(r, d).expect("matching pictures");
        motion.difference(last, r).expect("matching pictures");
        last = r;
    }
    let seconds = [cpu.elapsed(), wall.elapsed()].map(|t| t.as_secs_f64() / clip.frames() as f64);
    Cost { cpu: seconds[0], wall: seconds[1] }
}

/// One run of ffmpeg over the clip: its own account of CPU and wall time.
fn ffmpeg(program: &str, clip: &Clip, filter: &str) -> Option<Cost> {
    let Geometry { width, height, depth } = clip.geometry;
    let format = pixel_format(depth);
    let mut command = Command::new(program);
    command.args(["-nostdin", "-hide_banner", "-benchmark", "-filter_complex_threads", "1"]);
    // the filter takes the distorted side first
    for file in clip.files.iter().rev() {
        command.args(["-f", "rawvideo", "-pix_fmt", format, "-s", &format!("{width}x{height}")]);
        command.arg("-i").arg(file);
    }
    command.args(["-lavfi", filter, "-f", "null", "-"]);
    let output = command.output().ok().filter(|o| o.status.success())?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().rev().find(|l| l.contains("utime="))?;
    let field = |name: &str| -> Option<f64> {
        let value = line.split(name).nth(1)?.split('s').next()?;
        value.parse().ok()
    };
    let frames = clip.frames() as f64;
    let cpu = field("utime=")? + field("stime=")?;
    Some(Cost { cpu: cpu / frames, wall: field("rtime=")? / frames })
}

fn libvmaf(program: &str, clip: &Clip, threads: usize) -> Option<(Cost, Cost)> {
    let scored = ffmpeg(program, clip, &format!("[0][1]libvmaf=n_threads={threads}"))?;
    let read = ffmpeg(program, clip, "[0][1]hstack")?;
    Some((scored, read))
}

/// Largest resident memory this process has had, MB.
fn peak_memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

/// What the extractors add to the resident memory of a process that has the frames, MB.
fn memory(geometry: Geometry, threads: usize, clip: &Clip) -> f64 {
    let before = peak_memory();
    let case =
        Case { name: "", geometry, profile: Profile::Exact, level: Level::detected(), threads };
    ours(case, clip);
    peak_memory() - before
}

fn main() -> io::Result<()> {
    // as a test, cargo gives no `--bench`
    let is_test = !std::env::args().any(|a| a == "--bench");
    let program = std::env::var(FFMPEG).ok().filter(|_| !is_test);
    let video = std::env::var(CLIP).ok();
    let rounds = std::env::args().skip(1).find_map(|a| a.parse().ok());
    let (runs, frames) = if is_test { (1, 2) } else { (rounds.unwrap_or(5), 12) };
    let sizes = if is_test { [(160, 90), (160, 90)] } else { [(1920, 1080), (3840, 2160)] };
    let geometry = |(width, height), depth| Geometry { width, height, depth };
    let hd = geometry(sizes[0], Depth::Eight);
    let case =
        |name, geometry, profile, level, threads| Case { name, geometry, profile, level, threads };
    let (best, exact, fast) = (Level::detected(), Profile::Exact, Profile::Fast);
    let deep = geometry(sizes[0], Depth::Ten);
    let uhd = geometry(sizes[1], Depth::Eight);
    let cases = [
        case("1080p 8-bit, exact", hd, exact, best, 1),
        case("1080p 8-bit, fast", hd, fast, best, 1),
        case("1080p 8-bit, exact, 2 threads", hd, exact, best, 2),
        case("1080p 8-bit, fast, 2 threads", hd, fast, best, 2),
        case("1080p 8-bit, exact, scalar code", hd, exact, Level::Scalar, 1),
        case("1080p 10-bit, exact", deep, exact, best, 1),
        case("1080p 10-bit, fast", deep, fast, best, 1),
        case("2160p 8-bit, exact", uhd, exact, best, 1),
        case("2160p 8-bit, fast, 2 threads", uhd, fast, best, 2),
    ];
    let folder = tempfile::tempdir()?;
    let on =
        if program.is_some() && video.is_some() { "frames of a video" } else { "drawn frames" };
    println!("level {}, {runs} runs of {frames} {on}, ms per frame, minima\n", best.name());
    println!("| | CPU | wall | libvmaf CPU | libvmaf wall | CPU ratio | wall ratio |");
    println!("|---|---|---|---|---|---|---|");
    let mut clip: Option<Clip> = None;
    let mut memories = Vec::new();
    for case in cases {
        let clip = match clip.take().filter(|c| c.geometry == case.geometry) {
            Some(fitting) => clip.insert(fitting),
            None => {
                let folder = folder.path();
                let made = match program.as_deref().zip(video.as_deref()) {
                    Some((p, video)) => Clip::real(p, video, case.geometry, frames, folder)?,
                    None => Clip::new(case.geometry, frames, folder)?,
                };
                let made = clip.insert(made);
                memories.push((case.geometry, memory(case.geometry, 2, made)));
                made
            }
        };
        let (mut own, mut scored, mut read) = (Cost::NONE, Cost::NONE, Cost::NONE);
        for _ in 0..runs {
            own = own.min(ours(case, clip));
            if let Some((s, r)) = program.as_deref().and_then(|p| libvmaf(p, clip, case.threads)) {
                (scored, read) = (scored.min(s), read.min(r));
            }
        }
        let ms = |seconds: f64| format!("{:.1}", seconds * 1e3);
        print!("| {} | {} | {} ", case.name, ms(own.cpu), ms(own.wall));
        if scored.cpu.is_finite() {
            let (cpu, wall) = (scored.cpu - read.cpu, scored.wall - read.wall);
            print!("| {} | {} ", ms(cpu), ms(wall));
            println!("| {:.2} | {:.2} |", cpu / own.cpu, wall / own.wall);
        } else {
            println!("| | | | |");
        }
    }
    println!();
    for (geometry, added) in memories {
        println!("{geometry}: extractors on 2 threads add {added:.1} MB to the peak");
    }
    Ok(())
}
