//! Bars on a logarithmic scale, as SVG that can be read on light and dark pages.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 290.0;
const ROW: f64 = 26.0;
const TOP: f64 = 44.0;

/// Bars with a label and a value each; values are positive.
pub(crate) fn bars(title: &str, unit: &str, rows: &[(String, f64)]) -> String {
    let most = rows.iter().map(|(_, value)| *value).fold(10.0, f64::max).log10().ceil();
    let least = rows.iter().map(|(_, value)| *value).fold(1.0, f64::min).log10().floor();
    let place = |value: f64| LABELS + (value.log10() - least) / (most - least).max(1.0) * (WIDTH - LABELS - 90.0);
    let height = TOP + ROW * rows.len() as f64 + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>text{{font:13px system-ui,sans-serif;fill:#222}}.t{{font-weight:600}}.b{{fill:#3b6fb6}}.g{{stroke:#8886}}\
         @media(prefers-color-scheme:dark){{text{{fill:#ddd}}.b{{fill:#7aa7e8}}}}</style>\n\
         <text class=\"t\" x=\"8\" y=\"18\">{title}</text>\n"
    );
    for power in (least as i32)..=(most as i32) {
        let x = place(10_f64.powi(power));
        let _ = writeln!(svg, "<line class=\"g\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{height}\"/>");
        let shown = short(10_f64.powi(power));
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"38\" text-anchor=\"middle\">{shown}</text>");
    }
    for (place_of_row, (label, value)) in rows.iter().enumerate() {
        let y = TOP + ROW * place_of_row as f64;
        let (end, middle) = (place(*value), y + 17.0);
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">{label}</text>", LABELS - 8.0);
        let width = (end - LABELS).max(1.0);
        let _ =
            writeln!(svg, "<rect class=\"b\" x=\"{LABELS}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"18\"/>", y + 4.0);
        let _ =
            writeln!(svg, "<text x=\"{:.1}\" y=\"{middle:.1}\">{}{unit}</text>", end.max(LABELS) + 6.0, short(*value));
    }
    svg.push_str("</svg>\n");
    svg
}

/// Three digits are as many as mean anything.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{:.1} M", value / 1e6),
        size if size >= 1e4 => format!("{:.0} k", value / 1e3),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
