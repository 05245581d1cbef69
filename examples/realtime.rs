//! Real time, shown: feeds the element live from memory at a frame rate, and tells what was scored,
//! how late the video left, how long scores took and what it cost.
//!
//! `cargo run --release --example realtime -- WIDTH HEIGHT FPS exact|fast THREADS SECONDS`; processors
//! are limited with `taskset`. The pictures are textures that move, the distorted ones noisy.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use gst::prelude::*;

/// Pictures in memory.
const MADE: usize = 8;

/// When something happened to a frame, by its time stamp.
type Moments = Arc<Mutex<HashMap<u64, Instant>>>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [width, height, fps, profile, threads, seconds] = &arguments[..] else {
        return Err("usage: realtime WIDTH HEIGHT FPS exact|fast THREADS SECONDS".into());
    };
    let [width, height]: [usize; 2] = [width.parse()?, height.parse()?];
    let [fps, seconds]: [u64; 2] = [fps.parse()?, seconds.parse()?];
    gst::init()?;
    gstvmaftiny::plugin_register_static()?;
    let caps = format!("video/x-raw,format=GRAY8,width={width},height={height},framerate={fps}/1");
    let source =
        |name| format!("appsrc name={name} is-live=true format=time max-bytes=0 caps={caps}");
    let pipeline = gst::parse::launch(&format!(
        "{} ! v.ref_sink {} ! v.dist_sink \
         vmaftiny name=v align-mode=auto profile={profile} threads={threads} \
         ! fakesink name=out sync=false",
        source("r"),
        source("d"),
    ))?;
    let pipeline = pipeline.downcast::<gst::Pipeline>().map_err(|_| "not a pipeline")?;
    let named = |name: &str| pipeline.by_name(name).ok_or("not in the pipeline");
    let sources = [named("r")?, named("d")?].map(|s| s.downcast::<gst_app::AppSrc>());
    let [Ok(reference), Ok(distorted)] = sources else { return Err("not an appsrc".into()) };

    let left = Moments::default();
    let told = Moments::default();
    let list = left.clone();
    let pad = named("out")?.static_pad("sink").ok_or("no pad")?;
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        note(&list, info.buffer().and_then(|b| b.pts()));
        gst::PadProbeReturn::Ok
    });
    let bus = pipeline.bus().ok_or("no bus")?;
    let list = told.clone();
    let verdict = Arc::new(Mutex::new(None));
    let last = verdict.clone();
    bus.set_sync_handler(move |_, message| {
        match message.structure().filter(|s| s.name() == "VMAF") {
            Some(s) if s.get::<&str>("type") == Ok("frame") => {
                note(&list, s.get::<u64>("timestamp").ok().map(gst::ClockTime::from_nseconds));
            }
            Some(s) => *last.lock().unwrap() = Some(s.to_owned()),
            None => {}
        }
        gst::BusSyncReply::Pass
    });

    let pictures: Vec<[gst::Buffer; 2]> = (0..MADE).map(|n| pair(width, height, n)).collect();
    let time = |n: u64| n * 1_000_000_000 / fps;
    let count = seconds * fps;
    let mut present = HashMap::new();
    pipeline.set_state(gst::State::Playing)?;
    let (start, used) = (Instant::now(), ProcessTime::now());
    for n in 0..count {
        let now = pipeline.current_running_time().map_or(0, |t| t.nseconds());
        std::thread::sleep(Duration::from_nanos(time(n).saturating_sub(now)));
        for (source, picture) in
            [&reference, &distorted].into_iter().zip(&pictures[n as usize % MADE])
        {
            let mut buffer = picture.copy();
            let b = buffer.make_mut();
            b.set_pts(gst::ClockTime::from_nseconds(time(n)));
            b.set_duration(gst::ClockTime::from_nseconds(time(1)));
            source.push_buffer(buffer)?;
        }
        present.insert(time(n), Instant::now());
    }
    let (elapsed, used) = (start.elapsed(), used.elapsed());
    reference.end_of_stream()?;
    distorted.end_of_stream()?;
    bus.timed_pop_filtered(
        gst::ClockTime::from_seconds(20),
        &[gst::MessageType::Eos, gst::MessageType::Error],
    );
    pipeline.set_state(gst::State::Null)?;

    if let Some(verdict) = &*verdict.lock().unwrap() {
        println!("{verdict}");
    }
    println!(
        "{count} frames in {:.2} s, {:.2} processors busy",
        elapsed.as_secs_f64(),
        used.as_secs_f64() / elapsed.as_secs_f64()
    );
    // a frame's score lacks nothing once the next frame has come
    delays("score after the next frame had come", &told, |t| present.get(&(t + time(1))).copied());
    delays("video after both frames had come", &left, |t| present.get(&t).copied());
    Ok(())
}

fn note(moments: &Moments, time: Option<gst::ClockTime>) {
    if let Some(time) = time {
        moments.lock().unwrap().insert(time.nseconds(), Instant::now());
    }
}

fn delays(what: &str, moments: &Moments, since: impl Fn(u64) -> Option<Instant>) {
    let moments = moments.lock().unwrap();
    let delay = |(time, at): (&u64, &Instant)| Some(at.saturating_duration_since(since(*time)?));
    let mut delays: Vec<Duration> = moments.iter().filter_map(delay).collect();
    delays.sort();
    let Some(worst) = delays.last() else { return };
    let [median, most] = [50, 99].map(|percent| delays[(delays.len() - 1) * percent / 100]);
    println!("{what}: median {median:.1?}, 99 % {most:.1?}, worst {worst:.1?}");
}

/// A texture that moves, and the same with noise.
fn pair(width: usize, height: usize, n: usize) -> [gst::Buffer; 2] {
    let hash = |x: usize, y: usize| {
        let mixed = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
        (mixed ^ mixed >> 15).wrapping_mul(0x2C1B_3C6D) >> 24
    };
    let grey = |x: usize, y: usize| {
        let x = x + 4 * n;
        64 + (x * y / 64 % 64) as u32 + hash(x / 8, y / 8) / 4 + hash(x, y) / 32
    };
    let picture = |noise: u32| {
        let samples = (0..width * height).map(|i| {
            let (x, y) = (i % width, i / width);
            (grey(x, y) + noise * hash(x * 3 + n, y * 7 + 1) / 256) as u8
        });
        gst::Buffer::from_mut_slice(samples.collect::<Vec<u8>>())
    };
    [picture(0), picture(12)]
}
