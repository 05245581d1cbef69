//! The text of a y4m file: its header and the mark before each frame. (The `y4m` crate knows no
//! 16-bit video and takes a truncated frame for the end of the file.)

use std::io::{BufRead, Read};

use gstvmaftiny::features::{Depth, Geometry};

use super::layout::{Chroma, Layout};

pub(super) const MAGIC: &[u8] = b"YUV4MPEG2 ";

const LONGEST_LINE: u64 = 4096;

/// What the header says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) layout: Layout,
    /// Frames per second as a fraction, if it is known.
    pub(super) rate: Option<(u64, u64)>,
    /// Whether luma uses all values, if it says so.
    pub(super) full_range: Option<bool>,
}

/// A line without its end; `None` if there is nothing to read any more.
pub(super) fn line(reader: &mut impl BufRead) -> std::io::Result<Option<Result<Vec<u8>, String>>> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok(match line.pop() {
        None => None,
        Some(b'\n') => Some(Ok(line)),
        Some(last) => {
            line.push(last);
            Some(Err(format!("a line was expected, found {}", shown(&line))))
        }
    })
}

/// Whether this line stands before a frame.
pub(super) fn is_frame_mark(line: &[u8]) -> bool {
    line.strip_prefix(b"FRAME").is_some_and(|rest| matches!(rest.first(), None | Some(b' ')))
}

pub(super) fn parse(line: &[u8]) -> Result<Header, String> {
    let parameters = line
        .strip_prefix(MAGIC)
        .ok_or_else(|| format!("it begins with {} instead of YUV4MPEG2", shown(line)))?;
    let text = std::str::from_utf8(parameters)
        .map_err(|_| format!("the header is not text: {}", shown(parameters)))?;
    let (mut width, mut height, mut rate, mut full_range) = (None, None, None, None);
    let (mut chroma, mut depth) = (Chroma::Yuv420, Depth::Eight);
    for parameter in text.split(' ').filter(|p| !p.is_empty()) {
        let mut characters = parameter.chars();
        let key = characters.next();
        let value = characters.as_str();
        match key {
            Some('W') => width = Some(number(parameter, value)?),
            Some('H') => height = Some(number(parameter, value)?),
            Some('F') => rate = fraction(parameter, value)?,
            Some('C') => (chroma, depth) = colour(value)?,
            Some('X') => full_range = range(value).or(full_range),
            _ => {}
        }
    }
    let width = width.ok_or("the header gives no width")?;
    let height = height.ok_or("the header gives no height")?;
    let layout = Layout { geometry: Geometry { width, height, depth }, chroma };
    Ok(Header { layout, rate, full_range })
}

// FFmpeg's extension; others mean something else
fn range(extension: &str) -> Option<bool> {
    match extension {
        "COLORRANGE=FULL" => Some(true),
        "COLORRANGE=LIMITED" => Some(false),
        _ => None,
    }
}

fn number(parameter: &str, value: &str) -> Result<usize, String> {
    value
        .parse()
        .map_err(|_| format!("'{}' in the header is not a number", parameter.escape_debug()))
}

// 0:0 says that the rate is not known
fn fraction(parameter: &str, value: &str) -> Result<Option<(u64, u64)>, String> {
    let invalid = || format!("'{}' in the header is not a frame rate", parameter.escape_debug());
    let (above, below) = value.split_once(':').ok_or_else(invalid)?;
    let parse = |s: &str| s.parse::<u32>().map(u64::from).map_err(|_| invalid());
    match (parse(above)?, parse(below)?) {
        (0, _) | (_, 0) => Ok(None),
        rate => Ok(Some(rate)),
    }
}

fn colour(value: &str) -> Result<(Chroma, Depth), String> {
    let unknown = || {
        format!("colour space '{}' is not one of 420, 411, 422, 444, mono", value.escape_debug())
    };
    let (chroma, rest) = match value {
        "420jpeg" | "420mpeg2" | "420paldv" => (Chroma::Yuv420, ""),
        "444alpha" => (Chroma::Yuva444, ""),
        _ => [
            ("420", Chroma::Yuv420),
            ("411", Chroma::Yuv411),
            ("422", Chroma::Yuv422),
            ("444", Chroma::Yuv444),
            ("mono", Chroma::Mono),
        ]
        .into_iter()
        .find_map(|(name, chroma)| Some((chroma, value.strip_prefix(name)?)))
        .ok_or_else(unknown)?,
    };
    if rest.is_empty() {
        return Ok((chroma, Depth::Eight));
    }
    // colour spaces write the depth as p10, mono as 10
    let bits = if chroma == Chroma::Mono { Some(rest) } else { rest.strip_prefix('p') };
    let bits: u32 = bits.and_then(|b| b.parse().ok()).ok_or_else(unknown)?;
    let depth = Depth::try_from(bits).map_err(|e| e.to_string())?;
    Ok((chroma, depth))
}

fn shown(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(16)];
    format!("\"{}\"", start.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(width: usize, height: usize, depth: Depth, chroma: Chroma) -> Layout {
        Layout { geometry: Geometry { width, height, depth }, chroma }
    }

    #[test]
    fn headers_as_they_are_written_in_the_wild() {
        let ffmpeg = b"YUV4MPEG2 W320 H240 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG";
        assert_eq!(
            parse(ffmpeg),
            Ok(Header {
                layout: header(320, 240, Depth::Eight, Chroma::Yuv420),
                rate: Some((30000, 1001)),
                full_range: None,
            })
        );
        for (range, full) in [("FULL", Some(true)), ("LIMITED", Some(false)), ("", None)] {
            let line = format!("YUV4MPEG2 W7 H5 XYSCSS=420JPEG XCOLORRANGE={range}");
            assert_eq!(parse(line.as_bytes()).map(|h| h.full_range), Ok(full), "{line}");
        }
        for (colour, chroma, depth) in [
            ("", Chroma::Yuv420, Depth::Eight),
            (" C420p10 XYSCSS=420P10", Chroma::Yuv420, Depth::Ten),
            (" C422p12", Chroma::Yuv422, Depth::Twelve),
            (" C444p16", Chroma::Yuv444, Depth::Sixteen),
            (" Cmono", Chroma::Mono, Depth::Eight),
            (" Cmono10", Chroma::Mono, Depth::Ten),
            (" C411", Chroma::Yuv411, Depth::Eight),
        ] {
            let line = format!("YUV4MPEG2 W7 H5{colour}");
            let parsed = parse(line.as_bytes()).map(|h| h.layout);
            assert_eq!(parsed, Ok(header(7, 5, depth, chroma)), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, problem) in [
            ("RIFF", "instead of YUV4MPEG2"),
            ("YUV4MPEG2 H5", "no width"),
            ("YUV4MPEG2 W7", "no height"),
            ("YUV4MPEG2 W-7 H5", "'W-7'"),
            ("YUV4MPEG2 W99999999999999999999 H5", "not a number"),
            ("YUV4MPEG2 W7 H5 F25", "'F25'"),
            ("YUV4MPEG2 W7 H5 C420p9", "bit depth 9"),
            ("YUV4MPEG2 W7 H5 Crgb", "'rgb'"),
        ] {
            let error = parse(line.as_bytes()).expect_err(line);
            assert!(error.contains(problem), "{line}: {error}");
        }
    }

    #[test]
    fn only_a_whole_line_is_a_line() {
        assert_eq!(line(&mut &b"FRAME Ip\nx"[..]).ok(), Some(Some(Ok(b"FRAME Ip".to_vec()))));
        assert_eq!(line(&mut &b""[..]).ok(), Some(None));
        assert!(matches!(line(&mut &b"FRA"[..]), Ok(Some(Err(_)))));
        assert!(is_frame_mark(b"FRAME Ip") && is_frame_mark(b"FRAME"));
        assert!(!is_frame_mark(b"FRAMES") && !is_frame_mark(b"frame"));
    }
}
