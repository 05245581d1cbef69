use std::fmt::Write;

use quick_xml::escape::escape;

use super::finished::Finished;

/// A page of its own: the picture, and the worst frames in numbers.
pub(super) fn html(finished: &Finished, svg: &str) -> String {
    let title = escape(finished.title());
    let mut rows = String::new();
    for (frame, score) in finished.worst() {
        // a string takes everything
        let _ = writeln!(rows, "<tr><td>{frame}</td><td>{score:.6}</td></tr>");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>svg {{ max-width: 100%; height: auto }} td {{ padding-right: 2em }}</style>\n\
         {svg}\n<table>\n<caption>Worst frames</caption>\n\
         <tr><th>frame</th><th>vmaf</th></tr>\n{rows}</table>\n</html>\n"
    )
}
