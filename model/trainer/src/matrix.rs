//! Which video is measured, and what is done to it.

/// A distorted version of a source.
#[derive(Clone, Debug)]
pub struct Variant {
    /// As the corpus names it.
    pub name: String,
    /// ffmpeg filters that change the reference itself, if any (its motion).
    pub reference: &'static str,
    /// ffmpeg filters before the encoder.
    pub filter: String,
    /// Encoder and its arguments; none: the filters are the distortion.
    pub encoder: Vec<String>,
}

impl Variant {
    fn filtered(name: &str, filter: impl Into<String>) -> Self {
        Self { name: name.into(), reference: "", filter: filter.into(), encoder: Vec::new() }
    }

    fn encoded(name: &str, level: &str, arguments: &str) -> Self {
        Self {
            name: format!("{name}-{level}"),
            reference: "",
            filter: String::new(),
            encoder: arguments.replace('#', level).split(' ').map(str::to_string).collect(),
        }
    }
}

const X264: &str = "-c:v libx264 -preset veryfast -crf #";

/// Codecs and filters students learn from.
pub fn training() -> Vec<Variant> {
    let mut all = vec![Variant::filtered("identical", "null")];
    let ladders: [(&str, &str, &[&str]); 5] = [
        ("x264", X264, &["18", "23", "28", "33", "38", "43", "48", "51"]),
        (
            "x265",
            "-c:v libx265 -preset ultrafast -x265-params log-level=none -crf #",
            &["24", "32", "40", "48"],
        ),
        (
            "vp9",
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 0 -crf #",
            &["28", "42", "56", "63"],
        ),
        (
            "av1",
            "-c:v libsvtav1 -preset 12 -svtav1-params log-level=-1 -crf #",
            &["35", "50", "63"],
        ),
        ("mpeg2", "-c:v mpeg2video -q:v #", &["3", "8", "16", "31"]),
    ];
    for (name, arguments, levels) in ladders {
        all.extend(levels.iter().map(|level| Variant::encoded(name, level, arguments)));
    }
    for factor in ["1.5", "2", "3", "4", "6"] {
        all.push(Variant::filtered(&format!("scaled-{factor}"), scaled(factor, "bicubic")));
    }
    for (name, crf) in [("scaled-2-x264", "28"), ("scaled-2-x264", "38"), ("scaled-3-x264", "32")] {
        let factor = if name.contains('3') { "3" } else { "2" };
        all.push(Variant {
            filter: format!("scale=trunc(iw/{factor}/2)*2:trunc(ih/{factor}/2)*2"),
            ..Variant::encoded(name, crf, X264)
        });
    }
    let filters: [(&str, &str); 16] = [
        ("blur-0.7", "gblur=0.7"),
        ("blur-1.5", "gblur=1.5"),
        ("blur-3", "gblur=3"),
        ("noise-5", "noise=alls=5:allf=t"),
        ("noise-15", "noise=alls=15:allf=t"),
        ("noise-40", "noise=alls=40:allf=t"),
        ("noise-90", "noise=alls=90:allf=t"),
        ("sharp-0.6", "unsharp=5:5:0.6"),
        ("sharp-1.5", "unsharp=5:5:1.5"),
        ("contrast-0.6", "eq=contrast=0.6"),
        ("contrast-1.3", "eq=contrast=1.3"),
        ("brightness", "eq=brightness=0.08"),
        ("frozen", "trim=end_frame=1,loop=loop=-1:size=1"),
        ("halved-rate", "fps=12.5,fps=25"),
        ("shifted-1", "trim=start_frame=1,setpts=PTS-STARTPTS"),
        ("blocky", "scale=iw/4:ih/4:flags=area,scale=WIDTH:HEIGHT:flags=bilinear"),
    ];
    all.extend(filters.iter().map(|(name, filter)| Variant::filtered(name, *filter)));
    for (motion, reference) in [
        ("still", "trim=end_frame=1,loop=loop=12:size=1,setpts=N/(25*TB)"),
        ("fast", "select=not(mod(n\\,6)),setpts=N/(25*TB)"),
    ] {
        for crf in ["26", "36", "46"] {
            let name = format!("{motion}-x264");
            all.push(Variant { reference, ..Variant::encoded(&name, crf, X264) });
        }
    }
    all.push(Variant::filtered("blur-8", "gblur=8"));
    all
}

/// Codecs and filters kept out of training.
pub fn testing() -> Vec<Variant> {
    let mut all = Vec::new();
    let ladders: [(&str, &str, &[&str]); 7] = [
        ("mjpeg", "-c:v mjpeg -q:v #", &["3", "10", "30"]),
        ("theora", "-c:v libtheora -q:v #", &["1", "4", "8"]),
        ("vp8", "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 1M -crf #", &["15", "50"]),
        ("vvc", "-c:v libvvenc -preset faster -qp #", &["32", "44"]),
        ("mpeg4", "-c:v mpeg4 -q:v #", &["3", "10", "28"]),
        ("x264-medium", "-c:v libx264 -preset medium -tune ssim -crf #", &["21", "30", "40", "47"]),
        (
            "x265-fast",
            "-c:v libx265 -preset fast -x265-params log-level=none -crf #",
            &["27", "37", "45"],
        ),
    ];
    for (name, arguments, levels) in ladders {
        all.extend(levels.iter().map(|level| Variant::encoded(name, level, arguments)));
    }
    all.push(Variant::filtered("scaled-2.5-lanczos", scaled("2.5", "lanczos")));
    all.push(Variant::filtered("scaled-3-nearest", scaled("3", "neighbor")));
    all.push(Variant::filtered("scaled-8", scaled("8", "bilinear")));
    let filters = [
        ("median", "median=2"),
        ("pixelate", "pixelize=w=4:h=4"),
        ("banding", "lutyuv=y=floor(val/16)*16"),
        ("gamma", "eq=gamma=1.4"),
        ("box", "avgblur=2"),
        ("late-2", "trim=start_frame=2,setpts=PTS-STARTPTS"),
    ];
    all.extend(filters.iter().map(|(name, filter)| Variant::filtered(name, *filter)));
    for crf in ["30", "44"] {
        let reference = "select=not(mod(n\\,4)),setpts=N/(25*TB)";
        all.push(Variant { reference, ..Variant::encoded("fast4-x264", crf, X264) });
    }
    all
}

fn scaled(factor: &str, flags: &str) -> String {
    let small = format!("scale=trunc(iw/{factor}/2)*2:trunc(ih/{factor}/2)*2:flags={flags}");
    format!("{small},scale=WIDTH:HEIGHT:flags={flags}")
}

/// Generated video, for ffmpeg's lavfi input.
pub const GENERATED: [(&str, &str); 9] = [
    ("gen-testsrc2", "testsrc2=size=352x288:rate=25"),
    ("gen-smptebars", "smptebars=size=320x240:rate=25"),
    ("gen-mandelbrot", "mandelbrot=size=320x240:rate=25"),
    (
        "gen-life",
        "life=size=320x240:mold=10:rate=25:ratio=0.3:death_color=#303030:life_color=#ffffff",
    ),
    ("gen-gradients", "gradients=size=320x240:rate=25:speed=0.05:seed=3"),
    ("gen-black", "color=black:size=320x240:rate=25"),
    ("gen-snow", "color=gray:size=320x240:rate=25,noise=alls=60:allf=t:all_seed=7"),
    ("gen-cellauto", "cellauto=size=320x240:rate=25:seed=5"),
    ("gen-sierpinski", "sierpinski=size=320x240:rate=25:seed=9"),
];

/// Sources never trained on, by the start of their names.
pub const HELD_OUT: [&str; 8] = [
    "bikes",
    "Adobe_PDF",
    "car-detection",
    "walk",
    "CI1_FT_B",
    "gen-mandelbrot",
    "gen-gradients",
    "gen-snow",
];

/// Whether a source is kept out of training.
pub fn is_held_out(source: &str) -> bool {
    HELD_OUT.iter().any(|name| source.starts_with(name))
}

/// Whether a source is generated, not filmed or drawn.
pub fn is_generated(source: &str) -> bool {
    source.starts_with("gen-")
}

/// What a source shows: two files of one scene are left out together.
pub fn scene(source: &str) -> &str {
    match source {
        "big-buck-bunny-480p-30s" => "bigbuckbunny",
        "carphone_distorted" => "carphone_pristine",
        other => other,
    }
}

/// Whether a variant is only coded.
pub fn is_codec(variant: &str) -> bool {
    ["x26", "vp", "av1", "mpeg", "mjpeg", "theora", "vvc"].iter().any(|c| variant.starts_with(c))
}

/// Whether a variant is kept out of training.
pub fn is_unseen(variant: &str) -> bool {
    testing().iter().any(|v| v.name == variant)
}
