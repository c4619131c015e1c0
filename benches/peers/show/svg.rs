//! What do all plots look like?

/// In the light and in the dark.
const STYLE: &str = "<style>\
text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:15px;font-weight:600}.small{font-size:11px;fill:#57606a}\
.grid{stroke:#d0d7de}.axis{stroke:#57606a}.ours{fill:#0969da}.line{fill:none;stroke:#0969da;stroke-width:2}\
.peer0{fill:#1a7f37}.peer1{fill:#bf5700}.peer2{fill:#8250df}.peer3{fill:#cf222e}.peer4{fill:#7d8590}.peer5{fill:#9a6700}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#3d444d}.axis{stroke:#9198a1}\
.ours{fill:#58a6ff}.line{stroke:#58a6ff}.peer0{fill:#3fb950}.peer1{fill:#f0883e}.peer2{fill:#bc8cff}.peer3{fill:#ff7b72}\
.peer4{fill:#9198a1}.peer5{fill:#d29922}}</style>";

/// A whole plot.
pub fn document(width: f64, height: f64, title: &str, inside: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\"><title>{title}</title>{STYLE}\n{}{inside}</svg>\n",
        text((16.0, 24.0), "title", "start", title)
    )
}

/// Words at a place; `anchor` is start, middle or end.
pub fn text((x, y): (f64, f64), class: &str, anchor: &str, words: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{words}</text>\n")
}

/// A straight line.
pub fn line(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    format!("<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n")
}

/// A dot, and what it says when it is pointed at.
pub fn dot(class: &str, (x, y): (f64, f64), says: &str) -> String {
    format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>{says}</title></circle>\n")
}
